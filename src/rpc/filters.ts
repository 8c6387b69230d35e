import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.ts';

/** Calls that make a filter on the node that takes them. */
const MAKES: ReadonlySet<string> = new Set(
  kin(['newFilter', 'newBlockFilter', 'newPendingTransactionFilter']),
);
/** Calls that only the node that made the filter can answer. Their first parameter is its id. */
const USES: ReadonlySet<string> = new Set(kin(['getFilterChanges', 'getFilterLogs', 'uninstallFilter']));

/** Chains of the same kind call their namespace otherwise. */
function kin(names: readonly string[]): string[] {
  return ['eth', 'klay', 'kaia'].flatMap((namespace) => names.map((name) => `${namespace}_${name}`));
}

/** Nodes drop a filter that nobody asked for in 5 minutes; a little longer, so that it is they who say so. */
const FILTER_LIFE_MS = 10 * 60_000;
const MAX_FILTERS = 20_000;
const LONGEST_ID = 256;

export function makesFilter(method: string | undefined): boolean {
  return method !== undefined && MAKES.has(method);
}

export function usesFilter(method: string | undefined): boolean {
  return method !== undefined && USES.has(method);
}

/** Which upstream made which filter. Bounded; a filter that nobody asks for is forgotten. */
export class FilterHomes<Home extends object> {
  readonly #homes: LRUCache<string, Home>;

  constructor(clock: Clock) {
    this.#homes = new LRUCache({
      max: MAX_FILTERS,
      ttl: FILTER_LIFE_MS,
      ttlResolution: 0,
      updateAgeOnGet: true,
      perf: { now: () => clock.monotonicMs() },
    });
  }

  /** False when another upstream has a filter of that id: then the two could not be told apart. */
  remember(filterId: string, home: Home): boolean {
    if (filterId.length > LONGEST_ID) return false;
    const known = this.#homes.get(filterId);
    if (known && known !== home) return false;
    this.#homes.set(filterId, home);
    return true;
  }

  /** The home is gone, and its filters with it. */
  forget(home: Home): void {
    for (const [filterId, known] of this.#homes.entries()) if (known === home) this.#homes.delete(filterId);
  }

  homeOf(filterId: string): Home | undefined {
    return this.#homes.get(filterId);
  }
}
