import { tmpdir } from 'node:os';
import type { SharedFacts } from '../../src/app/shared-facts.ts';
import { type App, createApp } from '../../src/app.ts';
import { type Clock, systemClock } from '../../src/clock.ts';
import { loadConfig } from '../../src/config/load.ts';
import { secretsOfConfig } from '../../src/config/masked-settings.ts';
import { createLog } from '../../src/log.ts';
import type { LookUp } from '../../src/network/look-up.ts';
import type { EventLoopDelay } from '../../src/server/event-loop-delay.ts';
import { Balancer, type Balancing, type LogLine } from './daemon.ts';
import { releaseAfterwards } from './leftovers.ts';
import { seededRandom } from './seeded-random.ts';

/** A slow test machine is no overload. */
const NO_DELAY: EventLoopDelay = { p99Ms: () => 0, stop: () => {} };

type Listed = string | { readonly url: string };

export interface AppSetUp {
  readonly primaries: readonly Listed[];
  readonly fallbacks?: readonly Listed[];
  /** Settings as on the command line: `--max-body=1kb`. Health checks are off unless asked for. */
  readonly flags?: readonly string[];
  readonly clock?: Clock;
  readonly eventLoopDelay?: EventLoopDelay;
  /** How host names are looked up. */
  readonly lookUp?: LookUp;
  /** What it and others tell each other. */
  readonly facts?: SharedFacts;
}

/** The program in this process, listening on a free port. */
export interface RunningApp {
  readonly app: App;
  readonly port: number;
  readonly url: string;
  /** Of the admin port; empty when it is off. */
  readonly adminUrl: string;
  /** The lines logged so far; each comes a moment after what it tells of. */
  readonly logs: readonly LogLine[];
  /** Reads these settings in place of the present ones. */
  reload(next: AppSetUp): ReturnType<App['reload']>;
}

/** Where a log can write: each line ends up as an object, shortly after it was written. */
export function linesInto(lines: unknown[]): { write(text: string): void } {
  return {
    write(text) {
      for (const line of text.trimEnd().split('\n')) lines.push(JSON.parse(line));
    },
  };
}

function argvOf({ primaries, fallbacks = [], flags = [] }: AppSetUp): string[] {
  const list = (listed: readonly Listed[]) =>
    listed.map((item) => (typeof item === 'string' ? item : item.url)).join(',');
  return [
    ...(primaries.length > 0 ? [`--backends=${list(primaries)}`] : []),
    ...(fallbacks.length > 0 ? [`--fallback-rpc-urls=${list(fallbacks)}`] : []),
    '--port=0',
    '--host=127.0.0.1',
    // Tests run side by side; those of the admin port ask for a free one.
    ...(flags.some((flag) => flag.startsWith('--admin-port=')) ? [] : ['--admin-port=off']),
    ...(flags.some((flag) => flag.startsWith('--health-check=')) ? [] : ['--health-check=off']),
    ...flags,
  ];
}

/** Starts the program in front of these upstreams; it is stopped after the test. */
export async function startApp(setUp: AppSetUp): Promise<RunningApp> {
  const { clock = systemClock, eventLoopDelay = NO_DELAY, lookUp, facts } = setUp;
  let argv = argvOf(setUp);
  // Nothing of this process's environment, or a developer's settings would decide the test.
  const load = () => loadConfig({ argv, env: {}, cwd: tmpdir(), isTerminal: false });
  const loaded = load();
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
  const logs: LogLine[] = [];
  const log = await createLog({
    level: 'debug',
    format: 'json',
    secrets: secretsOfConfig(loaded.config),
    to: linesInto(logs),
  });
  const runtime = { clock, random: seededRandom(1), logger: log.logger };
  const app = createApp(loaded.config, runtime, {
    eventLoopDelay,
    ...(lookUp && { lookUp }),
    ...(facts && { facts }),
    sources: loaded.sources,
    load,
    hide: (secrets) => log.hide(secrets),
    version: '0.0.0',
  });
  const { port } = await app.start();
  let stopped: Promise<number> | undefined;
  const { adminAddress } = app;
  const once: App = {
    start: () => app.start(),
    stop: () => (stopped ??= app.stop()),
    reload: () => app.reload(),
    abort: () => app.abort(),
    adminAddress,
  };
  releaseAfterwards(() => once.stop());
  const adminUrl = adminAddress === undefined ? '' : `http://127.0.0.1:${adminAddress.port}`;
  const reload = (next: AppSetUp) => {
    argv = argvOf(next);
    return app.reload();
  };
  return { app: once, port, url: `http://127.0.0.1:${port}`, adminUrl, logs, reload };
}

/** The program in this process, to be used as a daemon: what does not end or write is the same, and starts at once. */
class Here extends Balancer {
  readonly #running: RunningApp;

  constructor(running: RunningApp) {
    super();
    this.#running = running;
    this.port = running.port;
  }

  override get adminUrl(): string {
    return this.#running.adminUrl;
  }

  override logs(): readonly LogLine[] {
    return this.#running.logs;
  }
}

/** As `startBalancer`, in this process; the settings as they are called in the environment. */
export async function balanceHere({
  env = {},
  ...setUp
}: Balancing & { readonly clock?: Clock }): Promise<Balancer> {
  const flags = Object.entries(env).map(
    ([name, value]) => `--${name.toLowerCase().replaceAll('_', '-')}=${value}`,
  );
  return new Here(await startApp({ ...setUp, flags }));
}
