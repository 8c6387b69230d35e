import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { releaseAfterwards } from '../support/leftovers.ts';
import { until } from '../support/waiting.ts';

export const sampleFile = fileURLToPath(new URL('../../examples/backend/server.mjs', import.meta.url));
export const demoFile = fileURLToPath(new URL('../../examples/demo.mjs', import.meta.url));

/** A process under test: what it printed, and how it ended. */
export interface Running {
  readonly pid: number;
  readonly child: ChildProcess;
  /** Standard output and error so far. */
  output(): string;
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
}

/** Starts Node with these words. After the test the process is killed, if it still runs. */
export function startNode(
  words: readonly string[],
  env: Readonly<Record<string, string>>,
  options: SpawnOptions = {},
): Running {
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, words, {
    ...options,
    env: { PATH, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (child.pid === undefined) throw new Error(`did not start: ${words.join(' ')}`);
  let output = '';
  const take = (chunk: Buffer): void => {
    output += chunk.toString('utf8');
  };
  child.stdout?.on('data', take);
  child.stderr?.on('data', take);
  const ended = once(child, 'close').then(([code, signal]) => signal ?? code);
  releaseAfterwards(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { pid: child.pid, child, output: () => output, ended };
}

/** A sample upstream on a free loopback port. Resolves to its URL once it listens. */
export async function startSample(settings: Readonly<Record<string, string>> = {}): Promise<string> {
  const { url } = await startSampleProcess(settings);
  return url;
}

/** As `startSample`, with the process. */
export async function startSampleProcess(
  settings: Readonly<Record<string, string>> = {},
): Promise<{ url: string; running: Running }> {
  const running = startNode([sampleFile], { HOST: '127.0.0.1', PORT: '0', ...settings });
  const port = await until(() => /listens on \S+:(\d+)/.exec(running.output())?.[1], 'the sample listens');
  return { url: `http://127.0.0.1:${port}`, running };
}

/** Whether a process of this number runs. */
export function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** One JSON-RPC request: status, header lines, and the parsed body (undefined when there is none). */
export async function callRpc(
  url: string,
  message: unknown,
): Promise<{ status: number; headers: Headers; body: unknown }> {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(message) });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : undefined };
}
