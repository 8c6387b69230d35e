/** The upstreams of a process by what they are called in facts. */

import type { Announcer, UpstreamIdentity } from '../events.ts';
import type { Pool } from '../pools/pool.ts';
import type { PoolTable } from '../pools/pool-table.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import { upstreamKey } from './upstream-key.ts';

export interface KnownUpstream {
  readonly key: string;
  readonly upstream: Upstream;
  readonly pool: Pool;
}

/** Read anew when the lists have changed, and not else. */
export class KnownUpstreams {
  readonly #pools: () => PoolTable;
  #byKey: ReadonlyMap<string, KnownUpstream>;
  #byIdentity = new WeakMap<UpstreamIdentity, KnownUpstream>();
  readonly #listeners: ((known: KnownUpstream) => void)[] = [];

  constructor(pools: () => PoolTable, announcer: Announcer) {
    this.#pools = pools;
    this.#byKey = this.#read();
    announcer.listen(({ type }) => {
      if (type === 'upstream-added' || type === 'upstream-removed' || type === 'settings-reloaded')
        this.#refresh();
    });
  }

  get all(): Iterable<KnownUpstream> {
    return this.#byKey.values();
  }

  find(key: string): KnownUpstream | undefined {
    return this.#byKey.get(key);
  }

  of(identity: UpstreamIdentity): KnownUpstream | undefined {
    return this.#byIdentity.get(identity);
  }

  /** Calls `listener` for each that joins. */
  onJoin(listener: (known: KnownUpstream) => void): void {
    this.#listeners.push(listener);
  }

  #refresh(): void {
    const before = this.#byKey;
    this.#byKey = this.#read();
    for (const known of this.#byKey.values()) {
      if (before.get(known.key)?.upstream === known.upstream) continue;
      for (const listener of this.#listeners) listener(known);
    }
  }

  #read(): ReadonlyMap<string, KnownUpstream> {
    const byKey = new Map<string, KnownUpstream>();
    for (const pool of this.#pools().all) {
      for (const upstream of pool.registry.all) {
        const known = { key: upstreamKey(upstream), upstream, pool };
        byKey.set(known.key, known);
        this.#byIdentity.set(upstream.identity, known);
      }
    }
    return byKey;
  }
}
