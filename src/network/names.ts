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
  /** The last known ones; none as long as no look-up has succeeded. */
  addresses: readonly string[];
  /** Until when nothing is asked; monotonic milliseconds. */
  untilMs: number;
  /** Why the latest look-up has failed. */
  problem: Error | undefined;
  /** Its last addresses go on serving although it can't be looked up. */
  isLost: boolean;
  underWay: Promise<void> | undefined;
  startedMs: number;
  /** Addresses where no connection was made lately, and until when they come last. */
  readonly avoided: Map<string, number>;
}

/** A time to live is heeded between these. */
const LEAST_MS = 1_000;
const MOST_MS = 300_000;
/** A look-up may take this long. */
const LIMIT_MS = 5_000;
/** After one that failed the next is made no sooner. */
const RETRY_MS = 1_000;
/** So long a connection waits for a new look-up where an old address is there. */
const PATIENCE_MS = 250;
/** An address where no connection was made comes last for this long. */
const AVOID_MS = 30_000;
const MAX_NAMES = 10_000;

/**
 * The addresses of host names, for whoever opens connections: one look-up under way for each name, the last known
 * addresses while it fails or takes long. A name that can't be looked up holds up nobody but those who want it.
 */
export class Names {
  readonly #options: NamesOptions;
  readonly #entries = new LRUCache<string, CachedName>({ max: MAX_NAMES });

  constructor(options: NamesOptions) {
    this.#options = options;
  }

  /**
   * The addresses in the order in which to try them: by chance, the families in turns beginning with IPv6
   * (RFC 8305, 4), those that were of no use lately last. At least one. Rejects with the error of the look-up,
   * which has a `code`, after 5 s at most.
   */
  async find(name: string): Promise<string[]> {
    const { clock } = this.#options;
    const entry = this.#entryOf(name);
    if (clock.monotonicMs() >= entry.untilMs) {
      entry.underWay ??= this.#lookUp(name, entry);
      await this.#awaitNews(entry, entry.underWay);
    }
    if (entry.addresses.length === 0) throw entry.problem ?? new Error('no address');
    return this.#inOrder(entry);
  }

  /** No connection was made there, while another address was well. */
  avoid(name: string, address: string): void {
    const { clock } = this.#options;
    this.#entries.get(name)?.avoided.set(address, clock.monotonicMs() + AVOID_MS);
  }

  /** With an old address at hand not for long, and not at all while look-ups fail. */
  async #awaitNews({ addresses, problem, startedMs }: CachedName, underWay: Promise<void>): Promise<void> {
    if (addresses.length === 0) return underWay;
    const { clock } = this.#options;
    const leftMs = startedMs + PATIENCE_MS - clock.monotonicMs();
    if (problem || leftMs <= 0) return;
    let stopTimer = () => {};
    const enough = new Promise<void>((resolve) => {
      stopTimer = clock.after(leftMs, resolve);
    });
    await Promise.race([underWay, enough]);
    stopTimer();
  }

  /** Never rejects. */
  async #lookUp(name: string, entry: CachedName): Promise<void> {
    const { lookUp, clock } = this.#options;
    entry.startedMs = clock.monotonicMs();
    const end = new AbortController();
    let stopTimer = () => {};
    const tooLong = new Promise<never>((_, reject) => {
      stopTimer = clock.after(LIMIT_MS, () =>
        reject(Object.assign(new Error('silence'), { code: 'ETIMEOUT' })),
      );
    });
    try {
      const { addresses, ttlMs } = await Promise.race([lookUp(name, end.signal), tooLong]);
      entry.untilMs = clock.monotonicMs() + Math.min(MOST_MS, Math.max(LEAST_MS, ttlMs));
      entry.addresses = addresses;
      this.#tell(name, entry, undefined);
    } catch (error) {
      entry.untilMs = clock.monotonicMs() + RETRY_MS;
      this.#tell(name, entry, shortageNow() ?? toError(error));
    } finally {
      stopTimer();
      end.abort();
      entry.underWay = undefined;
    }
  }

  #tell(host: string, entry: CachedName, problem: Error | undefined): void {
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
        underWay: undefined,
        startedMs: 0,
        avoided: new Map(),
      };
      this.#entries.set(name, entry);
    }
    return entry;
  }

  #inOrder({ addresses, avoided }: CachedName): string[] {
    const nowMs = this.#options.clock.monotonicMs();
    for (const [address, untilMs] of avoided) if (untilMs <= nowMs) avoided.delete(address);
    const { random } = this.#options;
    const drawn = addresses
      .map((address) => ({ address, lot: random() }))
      .sort((a, b) => a.lot - b.lot)
      .map(({ address }) => address);
    const turns = inTurns(drawn);
    return [
      ...turns.filter((address) => !avoided.has(address)),
      ...turns.filter((address) => avoided.has(address)),
    ];
  }
}

/** One of IPv6, one of IPv4, and so on. */
function inTurns(addresses: readonly string[]): string[] {
  const six = addresses.filter((address) => address.includes(':'));
  const four = addresses.filter((address) => !address.includes(':'));
  const turns: string[] = [];
  for (let i = 0; i < Math.max(six.length, four.length); i++)
    turns.push(...six.slice(i, i + 1), ...four.slice(i, i + 1));
  return turns;
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error('look-up failed');
}
