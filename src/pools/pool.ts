/** A pool: a set of upstreams that serve the same requests, with all that is learned about them. */

import { DEFAULT_POOL } from '../events.ts';
import type { Runtime } from '../runtime.ts';
import type { Speed } from '../speed/speed.ts';
import { Deadlines } from '../transport/deadlines.ts';
import type { TransportSettings } from '../transport/settings.ts';
import { shortestSilenceMs } from '../transport/silence.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { HeightListener } from './checks.ts';
import { Hedges } from './hedges.ts';
import type { PoolSettings } from './pool-settings.ts';
import { type PoolDependencies, PoolState } from './pool-state.ts';

export type { PoolDependencies, PoolSettings };

/** What pools that follow each other share. */
type SharedState = Pick<
  PoolState,
  | 'identity'
  | 'registry'
  | 'membership'
  | 'quarantine'
  | 'suspects'
  | 'availability'
  | 'strategies'
  | 'rendezvous'
  | 'trials'
  | 'room'
  | 'queue'
  | 'onlookers'
  | 'sharedLimits'
  | 'filters'
  | 'usage'
>;

/**
 * A pool as it is by certain settings, which never change: a request goes through its whole life with the one that it
 * began with. All else is shared by those that follow each other.
 */
export interface Pool extends SharedState {
  /** What the paths of its requests begin with: `/base`; empty for the pool of all other requests. */
  readonly path: string;
  readonly runtime: Runtime;
  readonly settings: PoolSettings;
  /** Both are undefined where nothing is avoided and hedged. */
  readonly speed: Speed | undefined;
  readonly hedges: Hedges | undefined;
  readonly transport: TransportSettings;
  readonly learnHeight: HeightListener;
  /** Those that were taken out of the lists when the settings after these came into force. */
  readonly departed: readonly Upstream[];
  /** Starts the health checks. */
  start(): void;
  /** The process is about to end: nobody waits any more. */
  endWaiting(): void;
  /** Stops the checks and questions, and closes the connections. */
  stop(): void;
  /**
   * The same pool by other settings, which also holds for its checks and for what is learnt from now on. Upstreams whose
   * URL stays are the same ones; those that are not named any more are asked nothing new.
   */
  withSettings(settings: PoolSettings): Pool;
  /**
   * No new request comes. Its checks and questions stop at once; requests under way end as they would have, and then its
   * connections are closed.
   */
  retire(): void;
}

/** `name` is what its path says; DEFAULT_POOL for that of the requests whose path names no pool. */
export function createPool(name: string, settings: PoolSettings, dependencies: PoolDependencies): Pool {
  return viewOf(new PoolState(name, settings, dependencies), settings, dependencies);
}

function viewOf(state: PoolState, settings: PoolSettings, dependencies: PoolDependencies): Pool {
  const { identity, registry, membership, quarantine, suspects, availability, strategies, rendezvous } =
    state;
  const { trials, room, queue, onlookers, sharedLimits, filters, checks, usage } = state;
  const { runtime } = dependencies;
  const departed: Upstream[] = [];
  return {
    identity,
    path: identity.name === DEFAULT_POOL ? '' : `/${identity.name}`,
    runtime,
    settings,
    registry,
    membership,
    quarantine,
    suspects,
    availability,
    strategies,
    rendezvous,
    trials,
    room,
    queue,
    onlookers,
    sharedLimits,
    ...speedOf(state, settings, runtime),
    filters,
    transport: transportOf(state, settings, dependencies),
    learnHeight: checks.learnHeight,
    departed,
    usage,
    start: () => checks.start(),
    endWaiting() {
      queue.close();
      onlookers.close();
    },
    stop: () => state.stop(),
    withSettings(next) {
      departed.push(...state.reconfigure(next));
      return viewOf(state, next, dependencies);
    },
    retire: () => state.retire(),
  };
}

function transportOf(
  { connections }: PoolState,
  settings: PoolSettings,
  { runtime: { clock }, identity }: PoolDependencies,
): TransportSettings {
  const { connectTimeoutMs, requestTimeoutMs } = settings;
  const deadlines = new Deadlines(clock, Math.min(shortestSilenceMs(settings), requestTimeoutMs));
  return { clock, identity, connectTimeoutMs, deadlines, silence: settings, upload: settings, connections };
}

/** Neither where nothing is avoided and hedged. */
function speedOf(state: PoolState, { avoidSlow, hedge }: PoolSettings, { announcer }: Runtime) {
  const speed = avoidSlow || hedge !== undefined ? state.speed : undefined;
  const { hedgeBudget: budget, identity: pool } = state;
  return { speed, hedges: speed && new Hedges(hedge, { speed, budget, pool, announcer }) };
}
