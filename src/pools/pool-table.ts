/** The pools of a process, and which of them a request's path names. */

import type { Pool } from './pool.ts';

export class PoolTable {
  /** Without upstreams: for requests that no other one serves. */
  readonly nowhere: Pool;
  /** For requests whose path names no pool. */
  readonly #unnamed: Pool;
  readonly #named: ReadonlyMap<string, Pool>;
  /** The pools that serve: the unnamed one first, if it is one of them. */
  readonly all: readonly Pool[];

  /** Where there are pools with paths, all are told by their names from now on. */
  constructor(pools: readonly Pool[], nowhere: Pool) {
    this.all = pools;
    this.nowhere = nowhere;
    this.#unnamed = pools.find(({ path }) => path === '') ?? nowhere;
    this.#named = new Map(pools.filter(({ path }) => path !== '').map((pool) => [pool.path, pool]));
    for (const { identity } of pools) identity.shown = this.areNamed ? identity.name : undefined;
  }

  /** Whether one serves the requests whose path names none. */
  get servesAll(): boolean {
    return this.#unnamed !== this.nowhere;
  }

  /** Those of which there are figures: `nowhere` has the name of the unnamed pool, and takes its place where it is missing. */
  get measured(): readonly Pool[] {
    return this.servesAll ? this.all : [...this.all, this.nowhere];
  }

  get areNamed(): boolean {
    return this.#named.size > 0;
  }

  /** The pool that serves requests for this path, which begins with a slash. */
  of(path: string): Pool {
    if (this.#named.size === 0) return this.#unnamed;
    const end = path.indexOf('/', 1);
    return this.#named.get(end < 0 ? path : path.slice(0, end)) ?? this.#unnamed;
  }

  /** The one of this name, if there is one; all without a name. */
  select(name: string | undefined): readonly Pool[] {
    return name === undefined ? this.all : this.all.filter(({ identity }) => identity.name === name);
  }

  find(name: string): Pool | undefined {
    return this.all.find(({ identity }) => identity.name === name);
  }

  /** The one of this name of which there are figures. */
  findMeasured(name: string): Pool | undefined {
    return this.measured.find(({ identity }) => identity.name === name);
  }
}
