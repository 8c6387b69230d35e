import { randomBytes } from 'node:crypto';
import { createIdentity } from '../balancer/header-lines.ts';
import type { BalancerParts } from '../balancer/parts.ts';
import { createPlacement } from '../balancer/place.ts';
import { Tunnels } from '../balancer/tunnels.ts';
import { Watch } from '../balancer/watch.ts';
import type { Config } from '../config/config.ts';
import type { Overload } from '../server/overload.ts';
import { strategies } from '../strategies/index.ts';
import type { Means } from './means.ts';
import type { Upstreams } from './upstreams.ts';

/** How far the end of the process has come. */
export interface Drain {
  /** `/readyz` says so; connections are still accepted. */
  begun: boolean;
  /** New requests are refused. */
  refusing: boolean;
}

export function createBalancer(
  config: Config,
  upstreams: Upstreams,
  { drain, overload }: { readonly drain: Drain; readonly overload: Overload },
  { clock, random, announcer }: Means,
): BalancerParts {
  const { registry, quarantine, availability, pools, filters } = upstreams;
  const createStrategy = strategies[config.strategy];
  if (!createStrategy) throw new Error(`no strategy is called ${config.strategy}`);
  return {
    clock,
    announcer,
    quarantine,
    registry,
    filters,
    candidates: {
      availability,
      strategies: { primary: createStrategy({ clock, random }), fallback: createStrategy({ clock, random }) },
      trials: new Map(),
    },
    wire: {
      clock,
      // A name for each process: a loop is found, and a chain of two balancers is none.
      identity: createIdentity(`rpc-load-balancer-${randomBytes(3).toString('hex')}`),
      attemptTimeoutMs: config.attemptTimeoutMs,
      watch: new Watch(clock, Math.min(config.attemptTimeoutMs, config.requestTimeoutMs)),
      upload: config,
      pool: (upstream) => pools.of(upstream),
    },
    limits: config,
    classify: { maxBatch: config.maxBatch, place: createPlacement(filters, registry) },
    learnHeight: upstreams.learnHeight,
    tunnels: new Tunnels(clock, config.tunnelIdleTimeoutMs),
    retryStatus: config.retryStatus,
    draining: () => drain.refusing,
    overloaded: () => overload.isOn,
  };
}
