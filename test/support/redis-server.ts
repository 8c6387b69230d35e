import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { releaseAfterwards } from './leftovers.ts';
import { until } from './waiting.ts';

/** Whether this machine has it. */
export const isRedisInstalled = spawnSync('redis-server', ['--version'], { stdio: 'ignore' }).status === 0;

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A TCP server that listens has an address with a port.
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

type Lines = (server: Pick<RedisServer, 'port' | 'folder'>) => readonly string[];

/** A real Redis that keeps nothing on disk. It ends after the test. */
export class RedisServer {
  readonly port: number;
  readonly folder: string;
  readonly #lines: readonly string[];
  readonly #mode: readonly string[];
  #child: ChildProcess | undefined;

  private constructor(port: number, lines: Lines, mode: readonly string[]) {
    this.port = port;
    this.folder = mkdtempSync(join(tmpdir(), 'redis-'));
    this.#lines = lines(this);
    this.#mode = mode;
  }

  /** `lines`: of its file of settings; `mode`: `--sentinel`. */
  static async start(lines: Lines = () => [], mode: readonly string[] = []): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), lines, mode);
    releaseAfterwards(async () => {
      await server.stop();
      rmSync(server.folder, { recursive: true, force: true });
    });
    await server.begin();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async begin(): Promise<void> {
    const file = join(this.folder, 'redis.conf');
    const save = this.#mode.length === 0 ? ['save ""'] : [];
    const lines = [`port ${this.port}`, 'bind 127.0.0.1', `dir ${this.folder}`, ...save, ...this.#lines];
    writeFileSync(file, `${lines.join('\n')}\n`);
    this.#child = spawn('redis-server', [file, ...this.#mode], { stdio: 'ignore' });
    await until(() => isListening(this.port), 'Redis');
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  /** Stands still: it accepts, and never answers. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(signal);
  }

  /** What a command prints. */
  cli(...words: readonly string[]): string {
    const { stdout } = spawnSync('redis-cli', ['-p', String(this.port), ...words], { encoding: 'utf8' });
    return stdout.trim();
  }
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
