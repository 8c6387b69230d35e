import type { Event } from '../../src/events.ts';
import { createIdentity } from '../../src/http/header-lines.ts';
import { createLog } from '../../src/log.ts';
import { Budgets } from '../../src/pacing/budget.ts';
import { createPool, type Pool } from '../../src/pools/pool.ts';
import { PoolTable } from '../../src/pools/pool-table.ts';
import { createRuntime, type Runtime } from '../../src/runtime.ts';
import { FactTable } from '../../src/sharing/fact-table.ts';
import { KnownUpstreams } from '../../src/sharing/known-upstreams.ts';
import type { Upstream } from '../../src/upstreams/upstream.ts';
import { configOf } from '../config/loading.ts';
import { realDialer } from '../support/dialer.ts';
import { ManualClock } from '../support/manual-clock.ts';

export { link } from '../support/fact-links.ts';

/** A pool of upstreams, as one of several processes has it. */
export interface Process {
  readonly clock: ManualClock;
  readonly runtime: Runtime;
  readonly pool: Pool;
  readonly table: FactTable;
  readonly upstreams: KnownUpstreams;
  readonly events: Event[];
  of(name: string): Upstream;
}

export async function createProcess(
  origin: string,
  names: readonly string[],
  clock = new ManualClock(),
): Promise<Process> {
  const servers = names.map((name) => `http://${name}.test/KEY name=${name}`);
  const config = configOf({ argv: [`--rpc-urls=${servers.join(',')}`, '--fallback-rpc-urls=none'] });
  const { logger } = await createLog({ level: 'silent', format: 'json', secrets: [], to: { write() {} } });
  const runtime = createRuntime({ clock, random: () => 0.5, logger });
  const identity = createIdentity(origin);
  const budgets = new Budgets();
  const pool = createPool('default', config, { runtime, dialer: realDialer, identity, budgets });
  const pools = new PoolTable([pool], pool);
  const table = new FactTable({ clock, origin });
  const upstreams = new KnownUpstreams(() => pools, runtime.announcer);
  const events: Event[] = [];
  runtime.announcer.listen((event) => events.push(event));
  return {
    ...{ clock, runtime, pool, table, upstreams, events },
    of(name) {
      const found = pool.registry.find(name);
      if (!found) throw new Error(`no upstream ${name}`);
      return found;
    },
  };
}
