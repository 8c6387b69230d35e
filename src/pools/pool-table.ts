/** The pools of a process, and which of them a request's path names. */

import type { Pool } from './pool.ts';

export class PoolTable {
  /** For requests whose path names no pool. */
  readonly unnamed: Pool;
  readonly #named: ReadonlyMap<string, Pool>;
  /** The pools that serve: the unnamed one first, if it is one of them. */
  readonly all: readonly Pool[];

  /** `nowhere` is a pool without upstreams, for what no other one serves. */
  constructor(pools: readonly Pool[], nowhere: Pool) {
    this.all = pools;
    this.unnamed = pools.find(({ path }) => path === '') ?? nowhere;
    this.#named = new Map(pools.filter((pool) => pool !== this.unnamed).map((pool) => [pool.path, pool]));
  }

  /** The pool that serves requests for this path, which begins with a slash. */
  of(path: string): Pool {
    if (this.#named.size === 0) return this.unnamed;
    const end = path.indexOf('/', 1);
    return this.#named.get(end < 0 ? path : path.slice(0, end)) ?? this.unnamed;
  }

  find(name: string): Pool | undefined {
    return this.all.find(({ identity }) => identity.name === name);
  }
}
