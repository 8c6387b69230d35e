import { createHandler, type HandlerSettings, type RequestHandler } from '../../src/balancer/handle.ts';
import { systemClock } from '../../src/clock.ts';
import type { Config } from '../../src/config/config.ts';
import type { Event } from '../../src/events.ts';
import { createIdentity } from '../../src/http/header-lines.ts';
import { createLog } from '../../src/log.ts';
import { Budgets } from '../../src/pacing/budget.ts';
import { createPool, type Pool } from '../../src/pools/pool.ts';
import { PoolTable } from '../../src/pools/pool-table.ts';
import { createRuntime } from '../../src/runtime.ts';
import { Listener } from '../../src/server/listener.ts';
import { OpenTunnels } from '../../src/tunnels/open-tunnels.ts';
import { configOf } from '../config/loading.ts';
import { clientsBy } from '../support/clients.ts';
import { realDialer } from '../support/dialer.ts';
import { releaseAfterwards } from '../support/leftovers.ts';
import { seededRandom } from '../support/seeded-random.ts';

export interface Lists {
  /** Entries of the lists, with their options. */
  readonly primaries: readonly string[];
  readonly fallbacks?: readonly string[];
  readonly flags?: readonly string[];
}

export function configOfLists({ primaries, fallbacks = [], flags = [] }: Lists): Config {
  const lists = [`--rpc-urls=${primaries.join(',')}`, `--fallback-rpc-urls=${fallbacks.join(',') || 'none'}`];
  const isGiven = flags.some((flag) => flag.startsWith('--health-check='));
  return configOf({ argv: [...lists, ...(isGiven ? [] : ['--health-check=off']), ...flags] });
}

/** A pool behind a real listener that takes new settings while it serves. */
export class Serving {
  readonly events: Event[] = [];
  readonly budgets = new Budgets();
  readonly url: string;
  readonly #handler: RequestHandler;
  #pool: Pool;

  private constructor(pool: Pool, handler: RequestHandler, url: string) {
    this.#pool = pool;
    this.#handler = handler;
    this.url = url;
  }

  static async start(lists: Lists, clock = systemClock): Promise<Serving> {
    const config = configOfLists(lists);
    const { logger } = await createLog({ level: 'silent', format: 'json', secrets: [], to: { write() {} } });
    const runtime = createRuntime({ clock, random: seededRandom(1), logger });
    const identity = createIdentity('reloading');
    const budgets = new Budgets();
    const pool = createPool('default', config, { runtime, dialer: realDialer, identity, budgets });
    const handler = createHandler(config, {
      runtime,
      identity,
      ...servingOf(config, pool, new OpenTunnels(clock)),
    });
    const listener = new Listener(config, clock, handler.handle);
    const { port } = await listener.listen(0, '127.0.0.1');
    const serving = new Serving(pool, handler, `http://127.0.0.1:${port}`);
    runtime.announcer.listen((event) => serving.events.push(event));
    pool.start();
    releaseAfterwards(async () => {
      await listener.drain(1);
      serving.pool.stop();
    });
    return serving;
  }

  /** As the next request sees it. */
  get pool(): Pool {
    return this.#pool;
  }

  reload(lists: Lists): void {
    this.reloadTo(configOfLists(lists));
  }

  reloadTo(config: Config): void {
    this.#pool = this.#pool.withSettings(config);
    this.#handler.reconfigure(
      config,
      servingOf(config, this.#pool, new OpenTunnels(this.#pool.runtime.clock)),
    );
  }

  /** What was told of upstreams, but for attempts: `upstream-added b`. */
  get told(): string[] {
    return this.events.flatMap((event) => {
      const isAbout = 'upstream' in event && event.upstream && !event.type.endsWith('-finished');
      return isAbout ? [`${event.type} ${event.upstream?.name}`] : [];
    });
  }
}

function servingOf(config: Config & HandlerSettings, pool: Pool, tunnels: OpenTunnels) {
  const intake = { body: config, maxBatch: config.maxBatch, tunnels, whyNotNow: () => undefined };
  // Nothing is asked of it.
  const nowhere = { ...pool };
  return { pools: new PoolTable([pool], nowhere), intake, clients: clientsBy(), answersStatus: () => false };
}
