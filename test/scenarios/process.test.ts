// Signals at any moment, and standard output as a pipe that nobody reads.
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { Daemon, startDaemon } from '../support/daemon.ts';
import { FakeUpstream, releasedPort } from '../support/fake-upstream.ts';
import { http } from '../support/http-client.ts';
import { releaseAfterwards } from '../support/leftovers.ts';
import { until, within } from '../support/waiting.ts';

const program = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

let upstream: FakeUpstream;
beforeAll(async () => {
  upstream = await FakeUpstream.start();
});

/** Starts the program without waiting for anything. */
function start(
  env: Readonly<Record<string, string>>,
  options: readonly string[] = [],
  stdout: 'pipe' | number = 'pipe',
) {
  const child = spawn(process.execPath, [...options, program, `--backends=${upstream.url}`], {
    cwd: tmpdir(),
    env: { PORT: '0', HOST: '127.0.0.1', ADMIN_PORT: 'off', HEALTH_CHECK: 'off', ...env },
    stdio: ['ignore', stdout, 'pipe'],
  });
  const daemon = new Daemon(child);
  releaseAfterwards(async () => {
    if (!daemon.hasExited) await daemon.stop('SIGKILL');
  });
  return daemon;
}

/** Whether a process has a handler for SIGUSR2, signal 12. */
function hasTakenSignals(pid: number): boolean {
  const [, mask = '0'] = /^SigCgt:\s*([0-9a-f]+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return (BigInt(`0x${mask}`) & (1n << 11n)) !== 0n;
}

describe('a signal', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'ends a start that has only begun with status 0: %s',
    async (signal) => {
      const daemon = start({});
      await until(() => hasTakenSignals(daemon.pid), 'the handlers');
      expect(await daemon.stop(signal)).toEqual({ code: 0, signal: null });
    },
  );

  it('that is not about stopping changes nothing', async () => {
    const daemon = await startDaemon({ args: [`--backends=${upstream.url}`], env: { HEALTH_CHECK: 'off' } });
    for (const signal of ['SIGUSR1', 'SIGUSR2', 'SIGPIPE', 'SIGHUP'] as const) daemon.signal(signal);
    const reloaded = await daemon.logged(({ msg }) => msg === 'Settings reloaded', 'the effect of SIGHUP');
    expect(reloaded).toMatchObject({ changed: [], restart: [] });
    expect((await http(daemon.url)).text).toBe('A');
    expect(daemon.stderr).toBe('');
    expect(await daemon.stop()).toEqual({ code: 0, signal: null });
  });
});

/** A pipe that is full, and held open by a reader that never reads. */
function fullPipe(): number {
  const folder = mkdtempSync(join(tmpdir(), 'pipe-'));
  const name = join(folder, 'pipe');
  execFileSync('mkfifo', [name]);
  const reader = openSync(name, constants.O_RDONLY | constants.O_NONBLOCK);
  const filler = openSync(name, constants.O_WRONLY | constants.O_NONBLOCK);
  for (const size of [65_536, 4_096, 1]) {
    try {
      for (;;) writeSync(filler, Buffer.alloc(size));
    } catch {
      // Full, for pieces of this size.
    }
  }
  const writer = openSync(name, constants.O_WRONLY);
  releaseAfterwards(() => {
    for (const fd of [reader, filler, writer]) closeSync(fd);
    rmSync(folder, { recursive: true });
  });
  return writer;
}

/** In both formats of the log at once. */
const inBoth = (run: (format: string) => Promise<void>) => () => Promise.all(['json', 'pretty'].map(run));

describe('the log', () => {
  it(
    'that nobody reads holds up neither the requests nor the end',
    inBoth(async (format) => {
      const port = await releasedPort();
      const env = { PORT: `${port}`, LOG_FORMAT: format, LOG_LEVEL: 'trace' };
      const daemon = start(env, [], fullPipe());
      const url = `http://127.0.0.1:${port}/`;
      const answers = () =>
        http(url).then(
          ({ text }) => text === 'A',
          () => false,
        );
      await until(answers, 'an answer');
      for (let count = 0; count < 50; count += 1) expect((await http(url)).status).toBe(200);
      expect(await daemon.stop()).toEqual({ code: 0, signal: null });
    }),
  );

  it(
    'has an uncaught error before the end',
    inBoth(async (format) => {
      const fault = `setInterval(() => {
        if (process.listenerCount('uncaughtException') > 0) throw new Error('out of the blue');
      }, 10)`;
      const preload = `data:text/javascript,${encodeURIComponent(fault)}`;
      const daemon = start({ LOG_FORMAT: format }, ['--import', preload]);
      expect(await within(daemon.exited, 10_000, 'the end')).toEqual({ code: 1, signal: null });
      expect(daemon.stdout).toContain('Uncaught error');
      expect(daemon.stdout).toContain('out of the blue');
    }),
  );
});
