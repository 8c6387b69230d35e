/** The numbers of all workers together, written where this process has its own. */

import type { PoolTable } from '../pools/pool-table.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { Numbers, PoolNumbers, UpstreamNumbers } from './numbers.ts';
import type { Roster } from './roster.ts';

/** What one worker has said of itself at last; what is gone with it. */
interface Present {
  readonly upstreams: Map<Upstream, UpstreamNumbers>;
  readonly pools: Map<string, PoolNumbers>;
}

/** What is counted stays when a worker is gone; what is under way does not. */
export class Sums {
  readonly #pools: () => PoolTable;
  readonly #roster: Roster;
  readonly #present = new Map<number, Present>();
  /** Log lines that workers have lost since the start. */
  linesDropped = 0;

  constructor(pools: () => PoolTable, roster: Roster) {
    this.#pools = pools;
    this.#roster = roster;
  }

  add(worker: number, { upstreams, pools, linesDropped }: Numbers): void {
    const present = this.#of(worker);
    this.linesDropped += linesDropped;
    for (const numbers of upstreams) {
      const upstream = this.#roster.find(numbers.key);
      if (!upstream) continue;
      upstream.attempts += numbers.attempts;
      upstream.failures += numbers.failures;
      upstream.connectionsOpened += numbers.connectionsOpened;
      upstream.probeCalls += numbers.probeCalls;
      upstream.answers.rpc ||= numbers.answers.rpc;
      upstream.answers.http ||= numbers.answers.http;
      upstream.inFlight += numbers.inFlight - (present.upstreams.get(upstream)?.inFlight ?? 0);
      present.upstreams.set(upstream, numbers);
      this.#combine(upstream);
    }
    for (const numbers of pools) {
      present.pools.set(numbers.name, numbers);
      this.#addUp(numbers.name);
    }
  }

  /** The worker is gone, and all that was under way in it. */
  drop(worker: number): void {
    const present = this.#present.get(worker);
    this.#present.delete(worker);
    if (!present) return;
    for (const [upstream, { inFlight }] of present.upstreams) {
      upstream.inFlight -= inFlight;
      this.#combine(upstream);
    }
    for (const name of present.pools.keys()) this.#addUp(name);
  }

  #of(worker: number): Present {
    let present = this.#present.get(worker);
    if (!present) {
      present = { upstreams: new Map(), pools: new Map() };
      this.#present.set(worker, present);
    }
    // Of those that have left workers tell nothing more.
    for (const upstream of present.upstreams.keys()) if (upstream.hasLeft) present.upstreams.delete(upstream);
    return present;
  }

  /** It is slow when it is for one of them. */
  #combine(upstream: Upstream): void {
    const all = [...this.#present.values()].flatMap(({ upstreams }) => upstreams.get(upstream) ?? []);
    const slow = all.find((each) => each.slow)?.slow;
    if ((slow === undefined) !== (upstream.slow === undefined)) upstream.slow = slow;
    const waiting = sum(all.map((each) => each.waiting));
    this.#pools().find(upstream.identity.pool.name)?.queue.elsewhereFor.set(upstream, waiting);
  }

  #addUp(name: string): void {
    const pool = this.#pools().findMeasured(name);
    if (!pool) return;
    const all = [...this.#present.values()].flatMap(({ pools }) => pools.get(name) ?? []);
    pool.usage.elsewhere = sum(all.map(({ underWay }) => underWay));
    pool.queue.elsewhere = sum(all.map(({ waiting }) => waiting));
    pool.onlookers.elsewhere = sum(all.map(({ onlooking }) => onlooking));
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
