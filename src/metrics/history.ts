/** What happened in the last 15 minutes, second by second, for each pool and upstream. */

import type { Clock } from '../clock.ts';
import {
  type Event,
  type EventOf,
  isFailure,
  type PoolIdentity,
  SWITCHED,
  type UpstreamIdentity,
} from '../events.ts';
import { tellsLatency } from './latencies.ts';
import { Seconds } from './seconds.ts';

export const STEP_MS = 1_000;
const POOL_PARTS = [0.5, 0.99];
const UPSTREAM_PARTS = [0.5];
/** A wall clock that is this far off from where it was is taken for one that was set. */
const SET_CLOCK_MS = 750;

/** The pools and upstreams that are told of. */
export interface HistoryPool {
  readonly identity: PoolIdentity;
  readonly registry: { readonly all: readonly { readonly identity: UpstreamIdentity }[] };
}

/** Which seconds are told of: those before this one. */
export interface HistoryFrame {
  readonly second: number;
  /** When the last of them ended, as an ISO date. */
  readonly to: string;
}

/** In the terms of `GET /history`; each list has a figure for each second, or none for whom nothing happened. */
export interface PoolRows {
  readonly pool: string;
  readonly requests: readonly number[];
  readonly good: readonly number[];
  readonly p50_ms: readonly (number | null)[];
  readonly p99_ms: readonly (number | null)[];
}

export interface UpstreamRows {
  readonly pool: string;
  readonly name: string;
  readonly attempts: readonly number[];
  readonly failures: readonly number[];
  readonly p50_ms: readonly (number | null)[];
}

type OneOf<Rows> = {
  readonly [Key in keyof Rows]: Rows[Key] extends readonly (infer Figure)[] ? Figure : Rows[Key];
};

/** The figures of the last whole second. */
export interface LastSecond {
  readonly to: string;
  readonly pools: readonly OneOf<PoolRows>[];
  readonly upstreams: readonly OneOf<UpstreamRows>[];
}

/**
 * In constant memory: 15 kB for each pool and 13 kB for each upstream with traffic, none for others; what is removed takes
 * its part with it. Costs nothing while nothing happens.
 */
export class History {
  readonly #clock: Clock;
  /** Seconds begin where those of the wall clock do, as it was at the start. */
  readonly #offsetMs: number;
  /** By how much the wall clock was set since then: whole seconds. */
  #setMs = 0;
  /** The keys are the announced objects: what comes later under the same name starts empty. */
  readonly #pools = new WeakMap<PoolIdentity, Seconds>();
  readonly #upstreams = new WeakMap<UpstreamIdentity, Seconds>();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offsetMs = clock.wallMs() - clock.monotonicMs();
  }

  /** To be called with every announced event. */
  hear(event: Event): void {
    if (event.type === 'attempt-finished') this.#addAttempt(event);
    else if (event.type === 'request-finished') this.#addRequest(event);
  }

  /** The number of the second that is not over. */
  get second(): number {
    return Math.floor((this.#clock.monotonicMs() + this.#offsetMs) / STEP_MS);
  }

  /** In how many milliseconds it will be. */
  get restMs(): number {
    return (this.second + 1) * STEP_MS - this.#clock.monotonicMs() - this.#offsetMs;
  }

  /** The seconds that are over. Reading them with this frame may go on for less than a minute. */
  frame(): HistoryFrame {
    const { second } = this;
    return { second, to: this.#endOf(second) };
  }

  ofPool(pool: PoolIdentity, { second }: HistoryFrame): PoolRows {
    const { all: requests, marked: good, percentiles } = this.#pools.get(pool)?.read(second) ?? NOTHING;
    const [p50_ms = [], p99_ms = []] = percentiles;
    return { pool: pool.name, requests, good, p50_ms, p99_ms };
  }

  ofUpstream(upstream: UpstreamIdentity, { second }: HistoryFrame): UpstreamRows {
    const { name, pool } = upstream;
    const rows = this.#upstreams.get(upstream)?.read(second) ?? NOTHING;
    const [p50_ms = []] = rows.percentiles;
    return { pool: pool.name, name, attempts: rows.all, failures: rows.marked, p50_ms };
  }

  readLast(pools: readonly HistoryPool[]): LastSecond {
    const { second, to } = this.frame();
    return {
      to,
      pools: pools.map(({ identity }) => {
        const { all, marked, percentiles } = this.#pools.get(identity)?.readLast(second) ?? NIL;
        const [p50_ms = null, p99_ms = null] = percentiles;
        return { pool: identity.name, requests: all, good: marked, p50_ms, p99_ms };
      }),
      upstreams: identitiesIn(pools).map((upstream) => {
        const { all, marked, percentiles } = this.#upstreams.get(upstream)?.readLast(second) ?? NIL;
        const [p50_ms = null] = percentiles;
        const { name, pool } = upstream;
        return { pool: pool.name, name, attempts: all, failures: marked, p50_ms };
      }),
    };
  }

  #addAttempt(event: EventOf<'attempt-finished'>): void {
    const { upstream, result, durationMs } = event;
    const { second } = this;
    let seconds = this.#upstreams.get(upstream);
    if (!seconds) {
      seconds = new Seconds(second, UPSTREAM_PARTS);
      this.#upstreams.set(upstream, seconds);
    }
    seconds.add(second, isFailure(result), tellsLatency(event) ? durationMs : undefined);
  }

  #addRequest({ pool, result, status, durationMs }: EventOf<'request-finished'>): void {
    if (result === 'client-left' || status === SWITCHED) return;
    // The client caused it, and it says nothing about how well the others are served.
    if (result === 'refused' && status < 500) return;
    const { second } = this;
    let seconds = this.#pools.get(pool);
    if (!seconds) {
      seconds = new Seconds(second, POOL_PARTS);
      this.#pools.set(pool, seconds);
    }
    seconds.add(second, result === 'answered', durationMs);
  }

  /** When the second before this one ended, by the wall clock as it is now. */
  #endOf(second: number): string {
    const offMs = this.#clock.wallMs() - this.#clock.monotonicMs() - this.#offsetMs;
    if (Math.abs(offMs - this.#setMs) > SET_CLOCK_MS) this.#setMs = Math.round(offMs / STEP_MS) * STEP_MS;
    return new Date(second * STEP_MS + this.#setMs).toISOString();
  }
}

const NOTHING = { all: [], marked: [], percentiles: [] };
const NIL = { all: 0, marked: 0, percentiles: [] };

/** Of all upstreams, in their order. */
export function identitiesIn(pools: readonly HistoryPool[]): UpstreamIdentity[] {
  return pools.flatMap(({ registry }) => registry.all.map(({ identity }) => identity));
}
