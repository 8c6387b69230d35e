import { randomBytes } from 'node:crypto';
import type { BalancerParts } from '../balancer/parts.ts';
import { Trials } from '../balancer/trials.ts';
import { createPlacement } from '../calls/placement.ts';
import type { Config } from '../config/config.ts';
import type { Event } from '../events.ts';
import { createIdentity } from '../http/header-lines.ts';
import type { Overload } from '../server/overload.ts';
import type { StrategyChoice } from '../strategies/choice.ts';
import { Deadlines } from '../transport/deadlines.ts';
import { shortestSilenceMs } from '../transport/silence.ts';
import { OpenTunnels } from '../tunnels/open-tunnels.ts';
import type { Means } from './means.ts';
import type { Upstreams } from './upstreams.ts';

/** How far the end of the process has come. */
export interface Drain {
  /** `/readyz` says so; connections are still accepted. */
  begun: boolean;
  /** New requests are refused. */
  refusing: boolean;
}

/** What changes the balancer's ways while it runs. */
export interface Steering {
  readonly drain: Drain;
  readonly overload: Overload;
  readonly strategies: StrategyChoice;
}

/** After these an upstream may be usable that was not. */
const BRINGS_BACK: ReadonlySet<Event['type']> = new Set<Event['type']>([
  'upstream-released',
  'upstream-up',
  'upstream-added',
  'upstream-changed',
]);

export function createBalancer(
  config: Config,
  upstreams: Upstreams,
  { drain, overload, strategies }: Steering,
  { clock, announcer }: Means,
): BalancerParts {
  const { registry, quarantine, suspects, availability, pools, filters } = upstreams;
  const trials = new Trials(clock, () => availability.firstReturnMs());
  announcer.listen(({ type }) => {
    if (BRINGS_BACK.has(type)) trials.wakeAll();
  });
  return {
    clock,
    announcer,
    quarantine,
    suspects,
    registry,
    filters,
    candidates: { availability, strategies, trials },
    wire: {
      clock,
      // A name for each process: a loop is found, and a chain of two balancers is none.
      identity: createIdentity(`rpc-load-balancer-${randomBytes(3).toString('hex')}`),
      attemptTimeoutMs: config.attemptTimeoutMs,
      streamIdleTimeoutMs: config.streamIdleTimeoutMs,
      tunnelIdleTimeoutMs: config.tunnelIdleTimeoutMs,
      watch: new Deadlines(clock, Math.min(shortestSilenceMs(config), config.requestTimeoutMs)),
      upload: config,
      pool: (upstream) => pools.of(upstream),
    },
    limits: config,
    classify: { maxBatch: config.maxBatch, place: createPlacement(filters, registry) },
    learnHeight: upstreams.learnHeight,
    tunnels: new OpenTunnels(clock, config.tunnelIdleTimeoutMs),
    retryStatus: config.retryStatus,
    draining: () => drain.refusing,
    overloaded: () => overload.isOn,
  };
}
