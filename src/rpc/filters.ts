/** Which calls make and use filters, and which upstream made which filter. */

import type { Clock } from '../clock.ts';

/** Calls that make a filter on the node that answers them. */
const MAKES: ReadonlySet<string> = new Set(
  inEachNamespace(['newFilter', 'newBlockFilter', 'newPendingTransactionFilter']),
);
/** Calls that only the node that made the filter can answer. Their first parameter is its id. */
const USES: ReadonlySet<string> = new Set(
  inEachNamespace(['getFilterChanges', 'getFilterLogs', 'uninstallFilter']),
);

/** Chains derived from Ethereum have the same methods in a namespace of their own. */
function inEachNamespace(names: readonly string[]): string[] {
  return ['eth', 'klay', 'kaia'].flatMap((namespace) => names.map((name) => `${namespace}_${name}`));
}

/** Nodes drop a filter that was not used for 5 minutes. Longer here, so that the node is what reports it gone. */
const FILTER_LIFE_MS = 10 * 60_000;
const MAX_FILTERS = 20_000;
/** Filters of one client. A web page has a handful. */
const MAX_FILTERS_OF_CLIENT = 1_000;
const LONGEST_ID = 256;

export function makesFilter(method: string | undefined): boolean {
  return method !== undefined && MAKES.has(method);
}

export function usesFilter(method: string | undefined): boolean {
  return method !== undefined && USES.has(method);
}

/** One that is used is told again after this time. */
const TELL_EACH_MS = 2 * 60_000;

/** Hears of filters, for the other processes that clients may ask next. Must not throw. */
export interface FilterListener<Home> {
  /** It was made, or is used again. */
  lives(filterId: string, home: Home, client: string, leftMs: number): void;
  /** It is known no more: each process finds that by itself. */
  isForgotten(filterId: string): void;
}

interface Filter<Home> {
  readonly home: Home;
  readonly maker: Maker;
  /** Monotonic milliseconds. */
  usedMs: number;
  /** When others have heard of it. */
  toldMs: number;
}

/** A client that has made filters. */
interface Maker {
  readonly client: string;
  /** Ids, the last used at the end. */
  readonly filters: Set<string>;
}

/**
 * Bounded for each client by itself: a client that makes too many filters loses its own oldest ones, and when there
 * are too many in all, the client with the most loses its oldest. A filter that is not used is forgotten.
 */
export class FilterHomes<Home extends object> {
  readonly #clock: Clock;
  /** By id, the last used at the end. */
  readonly #filters = new Map<string, Filter<Home>>();
  readonly #makers = new Map<string, Maker>();
  #listener: FilterListener<Home> = { lives: () => {}, isForgotten: () => {} };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** One listener at most. */
  listen(listener: FilterListener<Home>): void {
    this.#listener = listener;
  }

  /**
   * `client` made the filter. False when another upstream has a filter with that id: the two could not be
   * distinguished.
   */
  remember(filterId: string, home: Home, client: string): boolean {
    if (filterId.length > LONGEST_ID) return false;
    this.#forgetUnused();
    const known = this.#filters.get(filterId);
    if (known && known.home !== home) return false;
    if (known) this.#use(filterId, known);
    else {
      this.#enter(filterId, home, client, this.#clock.monotonicMs());
      this.#listener.lives(filterId, home, client, FILTER_LIFE_MS);
    }
    return true;
  }

  /** Another process has it, and it lives for so long. False when nothing is kept of it. */
  adopt(filterId: string, home: Home, client: string, leftMs: number): boolean {
    if (filterId.length > LONGEST_ID || leftMs <= 0) return false;
    this.#forgetUnused();
    const known = this.#filters.get(filterId);
    // One is of no use, but which client asks for which is not known either.
    if (known && known.home !== home) return false;
    const nowMs = this.#clock.monotonicMs();
    const usedMs = nowMs - Math.max(0, FILTER_LIFE_MS - leftMs);
    if (known) {
      known.usedMs = Math.max(known.usedMs, usedMs);
      known.toldMs = nowMs;
    } else this.#enter(filterId, home, client, usedMs);
    return true;
  }

  /** Forgets all filters of an upstream that is gone. */
  forget(home: Home): void {
    for (const [filterId, filter] of this.#filters) if (filter.home === home) this.#drop(filterId, filter);
  }

  homeOf(filterId: string): Home | undefined {
    this.#forgetUnused();
    const filter = this.#filters.get(filterId);
    if (filter) this.#use(filterId, filter);
    return filter?.home;
  }

  #enter(filterId: string, home: Home, client: string, usedMs: number): void {
    const maker = this.#makers.get(client) ?? { client, filters: new Set() };
    if (maker.filters.size >= MAX_FILTERS_OF_CLIENT) this.#dropOldest(maker);
    else if (this.#filters.size >= MAX_FILTERS) this.#dropOldest(this.#greediest(maker));
    this.#makers.set(maker.client, maker);
    maker.filters.add(filterId);
    this.#filters.set(filterId, { home, maker, usedMs, toldMs: this.#clock.monotonicMs() });
  }

  #use(filterId: string, filter: Filter<Home>): void {
    const nowMs = this.#clock.monotonicMs();
    filter.usedMs = nowMs;
    if (nowMs - filter.toldMs >= TELL_EACH_MS) {
      filter.toldMs = nowMs;
      this.#listener.lives(filterId, filter.home, filter.maker.client, FILTER_LIFE_MS);
    }
    this.#filters.delete(filterId);
    this.#filters.set(filterId, filter);
    filter.maker.filters.delete(filterId);
    filter.maker.filters.add(filterId);
  }

  #greediest(maker: Maker): Maker {
    let most = maker;
    for (const other of this.#makers.values()) if (other.filters.size > most.filters.size) most = other;
    return most;
  }

  #dropOldest({ filters }: Maker): void {
    const [filterId] = filters;
    const filter = filterId === undefined ? undefined : this.#filters.get(filterId);
    if (filterId !== undefined && filter) this.#drop(filterId, filter);
  }

  #drop(filterId: string, { maker }: Filter<Home>): void {
    this.#filters.delete(filterId);
    maker.filters.delete(filterId);
    if (maker.filters.size === 0) this.#makers.delete(maker.client);
    this.#listener.isForgotten(filterId);
  }

  #forgetUnused(): void {
    const deadMs = this.#clock.monotonicMs() - FILTER_LIFE_MS;
    for (const [filterId, filter] of this.#filters) {
      if (filter.usedMs > deadMs) return;
      this.#drop(filterId, filter);
    }
  }
}
