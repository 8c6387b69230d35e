/** What operators have changed at run time, in all processes: written to the table, and read from it. */

import type { Clock } from '../clock.ts';
import { toServerEntry } from '../config/upstreams/server-entry.ts';
import type { Upstream, UpstreamSpec } from '../upstreams/upstream.ts';
import type { FactTable } from './fact-table.ts';
import { keyOfSpec, readServerFact, type ServerFact, type ServerState } from './server-facts.ts';
import { upstreamKey } from './upstream-key.ts';

/** The fact that the settings were read anew: what operators had changed before is void. */
const LISTS = 'lists';
/** So long it is told. How much of it is left says how long ago it was, whatever the clocks of two machines say. */
const LISTS_LIFE_MS = 10 * 365 * 24 * 3_600_000;
/** What is void is remembered for so long, without what it has said: it must not come back from who was away. */
const VOID_LIFE_MS = 24 * 3_600_000;
/** So long it is told that one was removed which no settings have named, for those who were away. */
const REMOVAL_LIFE_MS = 7 * 24 * 3_600_000;
/** The end of a rest is something that happens, and holds only as long as messages may take. */
const REST_LIFE_MS = 10_000;

/**
 * Later changes of an upstream or a strategy win, wherever they were made. Those from before the last time that the
 * settings were read anew are void.
 */
export class RunTimeChanges {
  readonly #table: FactTable;
  readonly #clock: Clock;
  readonly #onWritten: () => void;

  /** `onWritten` is called after each change that operators make here. */
  constructor(table: FactTable, clock: Clock, onWritten: () => void) {
    this.#table = table;
    this.#clock = clock;
    this.#onWritten = onWritten;
  }

  /** By the keys of upstreams, those that are in force. */
  get servers(): ReadonlyMap<string, ServerFact> {
    const servers = new Map<string, ServerFact>();
    for (const [key, value] of this.#table.current('server')) {
      const fact = this.#isVoid(`server ${key}`) ? undefined : readServerFact(value);
      if (fact && fact.state !== 'void') servers.set(key, fact);
    }
    return servers;
  }

  /** By the names of pools. */
  get strategies(): ReadonlyMap<string, string> {
    const strategies = new Map<string, string>();
    for (const [pool, value] of this.#table.current('strategy'))
      if ('strategy' in value && typeof value.strategy === 'string' && !this.#isVoid(`strategy ${pool}`))
        strategies.set(pool, value.strategy);
    return strategies;
  }

  added(spec: UpstreamSpec): void {
    this.#add(spec, this.#clock.wallMs());
  }

  /** `spec` is what is said of it from now on, `state` what of it has changed. */
  changed(spec: UpstreamSpec, state: ServerState): void {
    const known = this.servers.get(keyOfSpec(spec));
    if (known?.state === 'added') this.#add(spec, known.sinceMs);
    else {
      const before = known?.state === 'changed' ? known : {};
      this.#put(keyOfSpec(spec), { ...before, ...state, state: 'changed' });
    }
  }

  removed(spec: Pick<UpstreamSpec, 'pool' | 'url'>): void {
    const key = keyOfSpec(spec);
    const wasAdded = this.servers.get(key)?.state === 'added';
    this.#put(key, { state: 'removed' }, wasAdded ? REMOVAL_LIFE_MS : null);
  }

  /** One that was removed stays so, however long: settings name it. */
  keepRemoved(key: string): void {
    const news = this.#table.newsOf(`server ${key}`);
    if (news && news.leftMs !== null) this.#put(key, { state: 'removed' });
  }

  strategyChosen(pool: string, strategy: string): void {
    this.#table.put(`strategy ${pool}`, { strategy }, null);
    this.#onWritten();
  }

  /** An operator has ended its rest. */
  released(upstream: Upstream): void {
    this.#table.put(`rest ${upstreamKey(upstream)}`, {}, REST_LIFE_MS);
  }

  /** The settings were read anew here. What was added at run time is told no more, URLs and keys included. */
  voidAll(): void {
    this.#table.put(LISTS, {}, LISTS_LIFE_MS);
    for (const kind of ['server', 'strategy'])
      for (const [subject, value] of this.#table.current(kind))
        if (!('state' in value && value.state === 'void'))
          this.#table.put(`${kind} ${subject}`, { state: 'void' }, VOID_LIFE_MS);
  }

  /** Whether an upstream was changed after another one. */
  isLater(key: string, than: string): boolean {
    return this.#table.isLater(`server ${key}`, `server ${than}`);
  }

  #add(spec: UpstreamSpec, sinceMs: number): void {
    this.#put(keyOfSpec(spec), { state: 'added', server: toServerEntry(spec), sinceMs });
  }

  #put(key: string, fact: ServerFact, leftMs: number | null = null): void {
    this.#table.put(`server ${key}`, fact, leftMs);
    this.#onWritten();
  }

  #isVoid(key: string): boolean {
    return this.#table.isLater(LISTS, key);
  }
}

/** How many milliseconds ago the settings were read anew, by what is left of the fact that says so. */
export function ageOfReload(leftMs: number | null): number {
  return LISTS_LIFE_MS - (leftMs ?? 0);
}
