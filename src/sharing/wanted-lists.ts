/** The lists that follow from the settings and from what operators have changed in all processes. */

import { statementOf } from '../config/upstreams/server-entry.ts';
import { DEFAULT_POOL } from '../events.ts';
import type { UpstreamSpec } from '../upstreams/upstream.ts';
import { keyOfSpec, type ServerFact, withState } from './server-facts.ts';

/** Names are no longer than this, as in the settings. */
const MAX_NAME_LENGTH = 64;

export interface ListSources {
  /** What the settings of this process say, the lists of all pools one after the other. */
  readonly stated: readonly UpstreamSpec[];
  /** The names of the pools that there are. */
  readonly pools: ReadonlySet<string>;
  /** What operators have changed, by the key of the upstream. */
  readonly changes: ReadonlyMap<string, ServerFact>;
  /** Whether the first was changed after the second. */
  readonly isLater: (key: string, than: string) => boolean;
  /** Reads one that was added; or says why it can't be used here. */
  readonly read: (key: string, server: object) => UpstreamSpec | string;
}

export interface WantedLists {
  readonly upstreams: readonly UpstreamSpec[];
  /** What could not be made as operators have said it, each in a sentence without secrets. */
  readonly notes: readonly string[];
}

/**
 * The same lists in all processes with the same settings, however the changes came: names are unique, and no pool is
 * empty that the settings have. Where operators have changed different processes at the same time so that both can't be,
 * the earlier upstream has the name, and the one that was removed last stays.
 */
export function wantedLists(sources: ListSources): WantedLists {
  const { stated, changes, pools } = sources;
  const notes: string[] = [];
  const upstreams: UpstreamSpec[] = [];
  const removed: UpstreamSpec[] = [];
  const added = addedSpecs(sources, notes);
  for (const spec of stated) {
    const key = keyOfSpec(spec);
    const change = changes.get(key);
    if (change?.state === 'removed') removed.push(spec);
    else if (change?.state === 'changed') upstreams.push(withState(spec, change));
    else if (isSame(added.get(key) ?? spec, spec)) {
      added.delete(key);
      upstreams.push(spec);
    }
  }
  for (const spec of added.values())
    upstreams.push(withOneCeiling(withFreeName(spec, upstreams, notes), upstreams, notes));
  for (const pool of pools) {
    if (upstreams.some((spec) => poolOf(spec) === pool)) continue;
    const last = lastOf(removed, pool, sources);
    if (!last) continue;
    upstreams.push(last);
    notes.push(`all upstreams of the pool ${pool} were removed: ${last.name}, the last one, stays`);
  }
  return { upstreams, notes };
}

/** By their keys, those that were added to pools that there are, in the order of their times. */
function addedSpecs({ changes, pools, read }: ListSources, notes: string[]): Map<string, UpstreamSpec> {
  const facts = [...changes].flatMap(([key, fact]) => (fact.state === 'added' ? [{ key, ...fact }] : []));
  facts.sort((one, other) => one.sinceMs - other.sinceMs || (one.key < other.key ? -1 : 1));
  const specs = new Map<string, UpstreamSpec>();
  for (const { key, server } of facts) {
    const spec = read(key, server);
    if (typeof spec === 'string')
      notes.push(`an upstream that was added elsewhere can't be used here: ${spec}`);
    else if (pools.has(poolOf(spec))) specs.set(key, spec);
  }
  return specs;
}

function withFreeName(spec: UpstreamSpec, others: readonly UpstreamSpec[], notes: string[]): UpstreamSpec {
  const name = freeName(spec.name, new Set(others.map((each) => each.name)));
  if (name === spec.name) return spec;
  notes.push(`two upstreams are named ${spec.name}: the one that was added later is called ${name} here`);
  return { ...spec, name };
}

/** One account has one ceiling, as in the settings. */
function withOneCeiling(spec: UpstreamSpec, others: readonly UpstreamSpec[], notes: string[]): UpstreamSpec {
  const { account, rps, ...rest } = spec;
  if (account === undefined || rps === undefined) return spec;
  const first = others.find((each) => each.account === account && each.rps !== undefined);
  if (!first || first.rps === rps) return spec;
  notes.push(`${first.name} and ${spec.name} give account=${account} two ceilings: rps=${first.rps} holds`);
  return { ...rest, account };
}

function isSame(one: UpstreamSpec, other: UpstreamSpec): boolean {
  return one === other || statementOf(one) === statementOf(other);
}

/** Of those of a pool the one that was removed last. */
function lastOf(
  removed: readonly UpstreamSpec[],
  pool: string,
  { isLater }: ListSources,
): UpstreamSpec | undefined {
  return removed
    .filter((spec) => poolOf(spec) === pool)
    .reduce<UpstreamSpec | undefined>(
      (last, spec) => (last && isLater(keyOfSpec(last), keyOfSpec(spec)) ? last : spec),
      undefined,
    );
}

function poolOf({ pool = DEFAULT_POOL }: UpstreamSpec): string {
  return pool;
}

/** The name, or with a number where it is taken. */
function freeName(name: string, taken: ReadonlySet<string>): string {
  for (let number = 1; ; number += 1) {
    const end = number === 1 ? '' : `-${number}`;
    const free = name.slice(0, MAX_NAME_LENGTH - end.length) + end;
    if (!taken.has(free)) return free;
  }
}
