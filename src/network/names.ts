/** A cache of host names' addresses. */

import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.ts';
import type { Announcer } from '../events.ts';
import type { Random } from '../random.ts';
import type { LookUp } from './look-up.ts';
import { shortageNow } from './shortage.ts';

export interface NamesOptions {
  readonly lookUp: LookUp;
  readonly clock: Clock;
  readonly random: Random;
  readonly announcer: Announcer;
}

interface CachedName {
  /** The last known addresses; none until a look-up has succeeded. */
  addresses: readonly string[];
  /** No look-up is made before this; monotonic milliseconds. */
  untilMs: number;
  /** Why the latest look-up failed. */
  problem: Error | undefined;
  /** Its last addresses stay in use although it can't be looked up. */
  isLost: boolean;
  pending: Promise<void> | undefined;
  /** When the latest look-up started; monotonic milliseconds. */
  startedMs: number;
  /** Addresses that recently failed, and until when they come last. */
  readonly avoided: Map<string, number>;
}

/** Times to live are limited to these. */
const MIN_TTL_MS = 1_000;
const MAX_TTL_MS = 300_000;
const LOOK_UP_TIMEOUT_MS = 5_000;
/** The shortest time between a failed look-up and the next one. */
const RETRY_MS = 1_000;
/** How long a connection waits for a new look-up when an old address is known. */
const STALE_WAIT_MS = 250;
/** How long an address comes last to which no connection could be made. */
const AVOID_MS = 30_000;
const MAX_NAMES = 10_000;

/**
 * Each name has at most one look-up under way, and keeps its last known addresses while look-ups fail or take long. A
 * name that can't be looked up only delays connections to that name.
 */
export class Names {
  readonly #options: NamesOptions;
  readonly #entries = new LRUCache<string, CachedName>({ max: MAX_NAMES });

  constructor(options: NamesOptions) {
    this.#options = options;
  }

  /**
   * The addresses in the order in which to try them, at least one: shuffled, alternating between families starting
   * with IPv6 (RFC 8305, 4), with those that recently failed last. Rejects with the error of the look-up, which has a
   * `code`, after 5 s at most.
   */
  async find(name: string): Promise<string[]> {
    const { clock } = this.#options;
    const entry = this.#entryOf(name);
    if (clock.monotonicMs() >= entry.untilMs) {
      entry.pending ??= this.#lookUp(name, entry);
      await this.#awaitLookUp(entry, entry.pending);
    }
    if (entry.addresses.length === 0) throw entry.problem ?? new Error('no address');
    return this.#inTryingOrder(entry);
  }

  /** Records that this address failed while another one of the name connected. */
  avoid(name: string, address: string): void {
    const { clock } = this.#options;
    this.#entries.get(name)?.avoided.set(address, clock.monotonicMs() + AVOID_MS);
  }

  /** Waits only briefly when an old address is known, and not at all while look-ups fail. */
  async #awaitLookUp({ addresses, problem, startedMs }: CachedName, pending: Promise<void>): Promise<void> {
    if (addresses.length === 0) return pending;
    const { clock } = this.#options;
    const leftMs = startedMs + STALE_WAIT_MS - clock.monotonicMs();
    if (problem || leftMs <= 0) return;
    let stopTimer = () => {};
    const timeout = new Promise<void>((resolve) => {
      stopTimer = clock.after(leftMs, resolve);
    });
    await Promise.race([pending, timeout]);
    stopTimer();
  }

  /** Never rejects. */
  async #lookUp(name: string, entry: CachedName): Promise<void> {
    const { lookUp, clock } = this.#options;
    entry.startedMs = clock.monotonicMs();
    const aborter = new AbortController();
    let stopTimer = () => {};
    const timeout = new Promise<never>((_, reject) => {
      stopTimer = clock.after(LOOK_UP_TIMEOUT_MS, () =>
        reject(Object.assign(new Error('timeout'), { code: 'ETIMEOUT' })),
      );
    });
    try {
      const { addresses, ttlMs } = await Promise.race([lookUp(name, aborter.signal), timeout]);
      entry.untilMs = clock.monotonicMs() + Math.min(MAX_TTL_MS, Math.max(MIN_TTL_MS, ttlMs));
      entry.addresses = addresses;
      this.#onLookUpEnd(name, entry, undefined);
    } catch (error) {
      entry.untilMs = clock.monotonicMs() + RETRY_MS;
      this.#onLookUpEnd(name, entry, shortageNow() ?? toError(error));
    } finally {
      stopTimer();
      aborter.abort();
      entry.pending = undefined;
    }
  }

  #onLookUpEnd(host: string, entry: CachedName, problem: Error | undefined): void {
    entry.problem = problem;
    const isLost = problem !== undefined && entry.addresses.length > 0;
    if (isLost === entry.isLost) return;
    entry.isLost = isLost;
    this.#options.announcer.announce({ type: isLost ? 'name-lost' : 'name-found', host });
  }

  #entryOf(name: string): CachedName {
    let entry = this.#entries.get(name);
    if (!entry) {
      entry = {
        addresses: [],
        untilMs: Number.NEGATIVE_INFINITY,
        problem: undefined,
        isLost: false,
        pending: undefined,
        startedMs: 0,
        avoided: new Map(),
      };
      this.#entries.set(name, entry);
    }
    return entry;
  }

  #inTryingOrder({ addresses, avoided }: CachedName): string[] {
    const nowMs = this.#options.clock.monotonicMs();
    for (const [address, untilMs] of avoided) if (untilMs <= nowMs) avoided.delete(address);
    const { random } = this.#options;
    const shuffled = addresses
      .map((address) => ({ address, key: random() }))
      .sort((a, b) => a.key - b.key)
      .map(({ address }) => address);
    const alternating = alternatingFamilies(shuffled);
    return [
      ...alternating.filter((address) => !avoided.has(address)),
      ...alternating.filter((address) => avoided.has(address)),
    ];
  }
}

/** One IPv6 address, one IPv4 address, and so on. */
function alternatingFamilies(addresses: readonly string[]): string[] {
  const ipv6 = addresses.filter((address) => address.includes(':'));
  const ipv4 = addresses.filter((address) => !address.includes(':'));
  const result: string[] = [];
  for (let i = 0; i < Math.max(ipv6.length, ipv4.length); i++)
    result.push(...ipv6.slice(i, i + 1), ...ipv4.slice(i, i + 1));
  return result;
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error('look-up failed');
}
