/** The operators' calls that add, change, remove and release upstreams. */

import { shownJson } from '../config/secrecy.ts';
import { readServerEntry } from '../config/upstreams/server-entry.ts';
import { readUpstreams, type UpstreamEntry } from '../config/upstreams/upstream-list.ts';
import type { Announcer } from '../events.ts';
import type { Pool } from '../pools/pool.ts';
import type { PoolTable } from '../pools/pool-table.ts';
import { type ServerState, withState } from '../sharing/server-facts.ts';
import { type RegistryConflict, RegistryError } from '../upstreams/registry.ts';
import { MAX_WEIGHT, Upstream, type UpstreamSpec } from '../upstreams/upstream.ts';
import { fieldsOf, poolFor } from './input.ts';
import type { OperatorChanges } from './operator-changes.ts';
import { type ProblemCode, Refusal } from './problems.ts';
import type { ServerLists } from './server-lists.ts';

const CONFLICTS: Readonly<Record<RegistryConflict, ProblemCode>> = {
  'name-taken': 'NAME_TAKEN',
  'url-taken': 'URL_TAKEN',
  'last-upstream': 'LAST_UPSTREAM',
};

export interface ServersDependencies {
  readonly lists: ServerLists;
  /** Those that serve at the moment. */
  readonly pools: () => PoolTable;
  readonly announcer: Announcer;
  /** The folder that relative file names are looked up in. */
  readonly folder: string;
  /** Called before a new upstream is used: its secrets must not be shown from now on. */
  readonly onNew: (spec: UpstreamSpec) => void;
  readonly told: OperatorChanges;
}

/** A method that fails throws or rejects with a Refusal, and has then changed nothing. */
export class Servers {
  readonly #dependencies: ServersDependencies;

  constructor(dependencies: ServersDependencies) {
    this.#dependencies = dependencies;
  }

  /** Adds the upstream that a body describes, checked as strictly as those in the settings. */
  add(body: unknown): Promise<Upstream> {
    const { lists, pools, onNew, told } = this.#dependencies;
    return lists.change(() => {
      const spec = this.#read(body);
      const { registry, membership } = poolFor(spec.pool, pools());
      if (this.#known(spec.name))
        throw new Refusal('NAME_TAKEN', `an upstream named ${spec.name} is there already`);
      refuseConflicts(() => registry.checkAdd(new Upstream(spec, 0)));
      // An upstream that a probe removed is still in the lists: the new one replaces it.
      const isReplaced = (each: UpstreamSpec) => each.name === spec.name || isSameEntry(each, spec);
      const others = lists.upstreams.filter((each) => !isReplaced(each));
      const replaced = lists.upstreams.filter((each) => isReplaced(each) && !isSameEntry(each, spec));
      const apply = () => {
        onNew(spec);
        const added = refuseConflicts(() => membership.add(spec));
        for (const each of replaced) told.removed(each);
        told.added(spec);
        return added;
      };
      return { upstreams: [...others, spec], apply };
    });
  }

  /** Changes weight, draining or both. */
  change(name: string, body: unknown): Promise<Upstream> {
    const { lists, told } = this.#dependencies;
    return lists.change(() => {
      const upstream = this.#find(name);
      const state = stateIn(body);
      const { weight = upstream.weight, draining = upstream.draining } = state;
      const isChanged = weight !== upstream.weight || draining !== upstream.draining;
      const upstreams = isChanged
        ? lists.upstreams.map((spec) => (spec.name === name ? withState(spec, { weight, draining }) : spec))
        : lists.upstreams;
      const apply = () => {
        if (isChanged) this.#set(upstream, weight, draining);
        const spec = upstreams.find((each) => each.name === name);
        // Elsewhere it may be a change.
        if (spec) told.changed(spec, state);
        return upstream;
      };
      return { upstreams, apply };
    });
  }

  #set(upstream: Upstream, weight: number, draining: boolean): void {
    const changed = [
      ...(weight === upstream.weight ? [] : (['weight'] as const)),
      ...(draining === upstream.draining ? [] : (['draining'] as const)),
    ];
    upstream.weight = weight;
    upstream.draining = draining;
    const { identity } = upstream;
    const { announcer } = this.#dependencies;
    announcer.announce({ type: 'upstream-changed', upstream: identity, weight, draining, changed });
  }

  /** Removes an upstream, whose requests in flight may finish. */
  remove(name: string): Promise<void> {
    const { lists, told } = this.#dependencies;
    return lists.change(() => {
      const upstream = this.#known(name);
      const others = lists.upstreams.filter((spec) => spec.name !== name);
      const tell = () => {
        for (const spec of lists.upstreams) if (spec.name === name) told.removed(spec);
      };
      // An upstream that a probe removed stays in the lists until an operator removes it.
      if (!upstream && others.length < lists.upstreams.length) return { upstreams: others, apply: tell };
      const found = this.#find(name);
      const { registry, membership } = this.#poolOf(found);
      refuseConflicts(() => registry.checkRemove(found));
      const apply = () => {
        refuseConflicts(() => membership.remove(found, 'operator'));
        tell();
      };
      return { upstreams: others, apply };
    });
  }

  /** Ends an upstream's quarantine and the rest that it asked for, if there is one. */
  release(name: string): Upstream {
    const upstream = this.#find(name);
    upstream.budget?.pacer.endRest();
    this.#dependencies.told.released(upstream);
    this.#poolOf(upstream).quarantine.release(upstream, 'operator');
    return upstream;
  }

  get #all(): readonly Upstream[] {
    return this.#dependencies.pools().all.flatMap(({ registry }) => registry.all);
  }

  #known(name: string): Upstream | undefined {
    return this.#all.find((upstream) => upstream.name === name);
  }

  #poolOf({ identity }: Upstream): Pool {
    return poolFor(identity.pool.name, this.#dependencies.pools());
  }

  #find(name: string): Upstream {
    const upstream = this.#known(name);
    if (!upstream) throw new Refusal('UNKNOWN_UPSTREAM');
    return upstream;
  }

  #read(body: unknown): UpstreamSpec {
    const entry = readServerEntry(body, 'the body');
    if (typeof entry === 'string') throw new Refusal('INVALID_INPUT', entry);
    const { upstreams, problems } = readUpstreams(
      [entry],
      this.#dependencies.folder,
      this.#takenNames(entry),
      this.#all.map(({ limits }) => limits),
    );
    const [spec] = upstreams;
    if (problems.length > 0 || !spec) throw new Refusal('INVALID_INPUT', problems.join('; '));
    return spec;
  }

  /** Names that can't be given to a new upstream without one. Not that of a removed upstream with the same URL. */
  #takenNames({ text, pool }: UpstreamEntry): string[] {
    const [address = ''] = text.split(' ');
    if (!URL.canParse(address)) return [];
    const added = { url: new URL(address), pool };
    const others = this.#dependencies.lists.upstreams.filter((each) => !isSameEntry(each, added));
    return [...this.#all, ...others].map(({ name }) => name);
  }
}

interface Entry {
  readonly url: URL;
  readonly pool?: string | undefined;
}

function isSameEntry(one: Entry, other: Entry): boolean {
  return one.url.href === other.url.href && one.pool === other.pool;
}

/** What the body of a change says. */
function stateIn(body: unknown): ServerState {
  const changes = changesIn(body);
  const weight = weightIn(changes);
  const draining = drainingIn(changes);
  return { ...(weight === undefined ? {} : { weight }), ...(draining === undefined ? {} : { draining }) };
}

function weightIn(changes: ReadonlyMap<string, unknown>): number | undefined {
  const weight = changes.get('weight');
  if (weight === undefined) return undefined;
  if (typeof weight === 'number' && Number.isInteger(weight) && weight >= 1 && weight <= MAX_WEIGHT)
    return weight;
  throw new Refusal(
    'INVALID_INPUT',
    `"weight": ${shownJson(weight)} is not allowed; allowed: a whole number from 1 to ${MAX_WEIGHT}`,
  );
}

function drainingIn(changes: ReadonlyMap<string, unknown>): boolean | undefined {
  const draining = changes.get('draining');
  if (draining === undefined || typeof draining === 'boolean') return draining;
  throw new Refusal(
    'INVALID_INPUT',
    `"draining": ${shownJson(draining)} is not allowed; allowed: true or false`,
  );
}

function changesIn(body: unknown): ReadonlyMap<string, unknown> {
  const fields = fieldsOf(body, ['weight', 'draining']);
  if (fields.size === 0)
    throw new Refusal('INVALID_INPUT', 'the body changes nothing; allowed: "weight", "draining" or both');
  return fields;
}

/** Converts an error of the registry to a Refusal. */
function refuseConflicts<T>(change: () => T): T {
  try {
    return change();
  } catch (error) {
    if (error instanceof RegistryError) throw new Refusal(CONFLICTS[error.conflict], error.message);
    throw error;
  }
}
