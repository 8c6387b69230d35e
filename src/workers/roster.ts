/** Finds upstreams by what they are called in other processes. */

import type { PoolIdentity, UpstreamIdentity } from '../events.ts';
import type { PoolTable } from '../pools/pool-table.ts';
import { upstreamKey } from '../sharing/upstream-key.ts';
import type { Upstream } from '../upstreams/upstream.ts';

/** Those that have left are known for a while, until so many more than there are in the lists have been known. */
const SPARE = 100;

export class Roster {
  readonly #pools: () => PoolTable;
  #byKey = new Map<string, Upstream>();
  readonly #keys = new WeakMap<UpstreamIdentity, string>();

  constructor(pools: () => PoolTable) {
    this.#pools = pools;
  }

  /** One that is in a list, else one that was. */
  find(key: string): Upstream | undefined {
    const known = this.#byKey.get(key);
    if (known && !known.hasLeft) return known;
    this.#readLists();
    return this.#byKey.get(key);
  }

  /** Of whom an event is announced. */
  upstream(key: string): UpstreamIdentity | undefined {
    return this.find(key)?.identity;
  }

  pool(name: string): PoolIdentity | undefined {
    return this.#pools().findMeasured(name)?.identity;
  }

  /** What an upstream is called; undefined for one that was never seen in a list. */
  keyOf(upstream: UpstreamIdentity): string | undefined {
    const known = this.#keys.get(upstream);
    if (known !== undefined) return known;
    this.#readLists();
    return this.#keys.get(upstream);
  }

  #readLists(): void {
    const listed = this.#pools().all.flatMap(({ registry }) => registry.all);
    for (const upstream of listed) {
      const key = upstreamKey(upstream);
      this.#byKey.set(key, upstream);
      this.#keys.set(upstream.identity, key);
    }
    if (this.#byKey.size <= 2 * listed.length + SPARE) return;
    this.#byKey = new Map([...this.#byKey].filter(([, { hasLeft }]) => !hasLeft));
  }
}
