import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inject } from 'vitest';
import { http } from './http-client.ts';
import { releaseAfterwards } from './leftovers.ts';
import { until, within } from './waiting.ts';

/** In one file, which starts sooner; test/scenarios/process.test.ts and `npm run test:slow` start it as it was built. */
const program = inject('program') ?? fileURLToPath(new URL('../../dist/main.js', import.meta.url));
/** A slow test machine is no overload; what an overload is, other tests show. */
const noEventLoopDelay = new URL('no-event-loop-delay.mjs', import.meta.url).href;

export interface Launch {
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** Written into the working directory, which is otherwise empty. */
  readonly files?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** How many file descriptors it may open. */
  readonly descriptors?: number;
  /** Nobody reads what it prints; its status is written to standard error. */
  readonly isUnread?: boolean;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface LogLine {
  readonly level?: string;
  readonly msg?: string;
  readonly id?: string;
  readonly ms?: number;
  readonly port?: number;
  readonly [key: string]: unknown;
}

/** A row of `/stats`. */
export interface StatsRow {
  readonly pool?: string;
  readonly name: string;
  readonly url: string;
  readonly tier: string;
  readonly alive: boolean;
  readonly state: string;
  readonly reason: string | null;
  readonly until: string | null;
  readonly uptime: string;
  readonly connections: number;
  readonly connections_opened: number;
  readonly requests: number;
  readonly failures: number;
  readonly budget: {
    readonly rps: number;
    readonly source: string;
    readonly used: number;
    readonly waiting: number;
  } | null;
  readonly weight: number;
  readonly probe_calls: number;
  readonly chain_id: string | null;
  readonly block_height: number | null;
  readonly lagging: boolean;
  readonly limits: { readonly logs_range: number | null; readonly batch: number | null };
  readonly slow: boolean;
  readonly memory_usage: string | null;
  readonly latency_ms: Readonly<Record<'p50' | 'p95' | 'p99', number | null>>;
}

/** The program that runs, in whatever process. */
export abstract class Balancer {
  port = 0;

  abstract get adminUrl(): string;

  /** The lines of the log so far that are JSON. */
  abstract logs(): readonly LogLine[];

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The first log line that fits, as soon as it is there. */
  logged(fits: (line: LogLine) => boolean, what: string): Promise<LogLine> {
    return until(() => this.logs().find(fits), `a log line: ${what}`);
  }

  async stats(): Promise<StatsRow[]> {
    // The fields that a test looks at it compares, whatever they hold.
    return (await http(`${this.url}/stats`)).json() as StatsRow[];
  }

  /** Resolves when no upstream rests any more: what an earlier test did is forgiven. */
  async allUsable(): Promise<void> {
    await until(
      async () => (await this.stats()).every(({ state }) => state === 'usable'),
      'usable upstreams',
    );
  }
}

/** A process of the program, with all that it has written so far. */
export class Daemon extends Balancer {
  readonly exited: Promise<Ended>;
  stdout = '';
  stderr = '';
  /** 0 when it is off. */
  adminPort = 0;
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    super();
    this.#child = child;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.exited = new Promise((resolve) => {
      child.once('close', (code, signal) => resolve({ code, signal }));
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  override get adminUrl(): string {
    return `http://127.0.0.1:${this.adminPort}`;
  }

  get hasExited(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  override logs(): LogLine[] {
    return this.stdout.split('\n').flatMap((line) => {
      try {
        // A log line is an object; what is in it the tests check themselves.
        return line.startsWith('{') ? [JSON.parse(line) as LogLine] : [];
      } catch {
        return [];
      }
    });
  }

  /** Resolves when connections are refused. */
  async closed(): Promise<void> {
    const refuses = () =>
      new Promise<boolean>((resolve) => {
        const socket = connect(this.port, '127.0.0.1', () => resolve(false));
        socket.on('error', () => resolve(true)).on('connect', () => socket.destroy());
      });
    await until(refuses, 'the end of listening');
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Sends a signal and waits for the end. */
  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
    this.signal(signal);
    return within(this.exited, 10_000, `the end after ${signal}`);
  }
}

async function launch({
  env = {},
  args = [],
  files = {},
  cwd,
  descriptors,
  isUnread = false,
}: Launch): Promise<Daemon> {
  const folder = cwd ?? (await mkdtemp(join(tmpdir(), 'rpc-load-balancer-')));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const words = [process.execPath, '--import', noEventLoopDelay, program, ...args];
  const [command = '', ...rest] = isUnread
    ? ['sh', '-c', '{ "$0" "$@"; echo "status $?" >&2; } | :', ...words]
    : descriptors === undefined
      ? words
      : ['sh', '-c', 'ulimit -n "$0" && exec "$@"', `${descriptors}`, ...words];
  const child = spawn(command, rest, {
    cwd: folder,
    // Nothing of this process's environment, or a developer's settings would decide the test.
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const daemon = new Daemon(child);
  releaseAfterwards(async () => {
    if (!daemon.hasExited) await daemon.stop('SIGKILL');
    if (cwd === undefined) await rm(folder, { recursive: true, force: true });
  });
  return daemon;
}

/** Starts the daemon on a free port, without an admin port unless it is asked for; resolves when it listens. */
export async function startDaemon(how: Launch = {}): Promise<Daemon> {
  const env = { PORT: '0', HOST: '127.0.0.1', ADMIN_PORT: 'off', ...how.env };
  const daemon = await launch({ ...how, env });
  const listening = until(() => portIn(daemon.stdout, /[ "]Listening/), 'Listening');
  const early = daemon.exited.then(({ code }) => {
    throw new Error(`ended with ${code} before it listened:\n${daemon.stdout}${daemon.stderr}`);
  });
  daemon.port = await Promise.race([listening, early]);
  daemon.adminPort = portIn(daemon.stdout, /Admin listening/) ?? 0;
  return daemon;
}

/** The port in the line of the log, of whatever format, that says this. */
function portIn(log: string, what: RegExp): number | undefined {
  const line = log.split('\n').find((each) => what.test(each));
  const [, port] = /"port":(\d+)/.exec(line ?? '') ?? [];
  return port === undefined ? undefined : Number(port);
}

type Listed = string | { readonly url: string };

export interface Balancing {
  readonly primaries: readonly Listed[];
  readonly fallbacks?: readonly Listed[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A daemon in front of these upstreams (URLs with options, or fake upstreams), without health checks. */
export function startBalancer({ primaries, fallbacks = [], env = {} }: Balancing): Promise<Daemon> {
  const list = (listed: readonly Listed[]) =>
    listed.map((item) => (typeof item === 'string' ? item : item.url)).join(', ');
  return startDaemon({
    env: {
      RPC_URLS: list(primaries),
      FALLBACK_RPC_URLS: fallbacks.length > 0 ? list(fallbacks) : 'none',
      HEALTH_CHECK: 'off',
      ...env,
    },
  });
}

/** Runs a command that ends on its own. */
export async function runDaemon(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  files: Readonly<Record<string, string>> = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const daemon = await launch({ args, env, files });
  const { code } = await within(daemon.exited, 10_000, `the end of ${args.join(' ')}`);
  return { code, stdout: daemon.stdout, stderr: daemon.stderr };
}

/** Likewise, where the reader is gone before anything is printed: what it writes to standard error. */
export async function runUnread(args: readonly string[]): Promise<string> {
  const daemon = await launch({ args, isUnread: true });
  await within(daemon.exited, 10_000, `the end of ${args.join(' ')}`);
  return daemon.stderr;
}
