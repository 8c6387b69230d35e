/** The connections to the upstreams of one pool. */

import type { Upstream } from '../upstreams/upstream.ts';
import { ConnectionPool, type ConnectionSettings } from './connections.ts';

export class ConnectionPools {
  readonly #settings: ConnectionSettings;
  readonly #pools = new Map<Upstream, ConnectionPool>();

  constructor(settings: ConnectionSettings) {
    this.#settings = settings;
  }

  of(upstream: Upstream): ConnectionPool {
    const known = this.#pools.get(upstream);
    if (known) return known;
    const pool = new ConnectionPool(upstream, this.#settings);
    // A removed upstream's pool, made for its last attempts, is not stored: each connection ends with its attempt.
    if (upstream.hasLeft) pool.close();
    else this.#pools.set(upstream, pool);
    return pool;
  }

  /** Closes the connections to one upstream; a connection in use is closed when its attempt ends. */
  close(upstream: Upstream): void {
    this.#pools.get(upstream)?.close();
    this.#pools.delete(upstream);
  }

  closeAll(): void {
    for (const upstream of this.#pools.keys()) this.close(upstream);
  }
}
