/** What processes tell each other: a fact has a key, a value, a version with an origin, and an end. */

/** As it travels. */
export interface Fact {
  /** The kind, a blank, and what it is about: `out 5e88…`. */
  readonly key: string;
  /** The greater one holds. */
  readonly version: number;
  /** The process that wrote it. Where versions are equal, the greater one holds. */
  readonly origin: string;
  /** Times travel as time left, since no two machines have the same clock; null: it holds until it is replaced. */
  readonly leftMs: number | null;
  /** JSON; null: it is over. */
  readonly value: object | null;
}

/** `machine`: the processes of one machine; `fleet`: those of all machines. */
export type Reach = 'machine' | 'fleet';

interface Kind {
  readonly reach: Reach;
  /** Others must know within a tenth of a second; else with the next round of their transport. */
  readonly isUrgent: boolean;
  /** One that is said to hold for longer, in milliseconds, is no fact; undefined: some hold until they are replaced. */
  readonly longestMs?: number;
  /** It changes what others mean, and is told before all that has come with it. */
  readonly isFirst?: true;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** As long as a quarantine can be by the settings. */
const LONGEST_QUARANTINE_MS = 25 * 24 * HOUR_MS;

const KINDS: ReadonlyMap<string, Kind> = new Map([
  // An upstream is quarantined, or one of its methods banned.
  ['out', { reach: 'fleet', isUrgent: true, longestMs: LONGEST_QUARANTINE_MS }],
  ['ban', { reach: 'fleet', isUrgent: true, longestMs: LONGEST_QUARANTINE_MS }],
  // What it takes at once.
  ['sizes', { reach: 'fleet', isUrgent: false, longestMs: 2 * HOUR_MS }],
  // What a budget allows, and what a replica, or a worker of it, has used of those that it knows.
  ['learnt', { reach: 'fleet', isUrgent: true, longestMs: 2 * HOUR_MS }],
  ['use', { reach: 'fleet', isUrgent: false, longestMs: 2 * MINUTE_MS }],
  ['worker-use', { reach: 'machine', isUrgent: true, longestMs: 2 * MINUTE_MS }],
  // How much of clients' limits each worker may use.
  ['claims', { reach: 'machine', isUrgent: true }],
  // What the probes of the first process have found.
  ['standing', { reach: 'machine', isUrgent: true }],
  // An upstream in question is asked, or has answered.
  ['question', { reach: 'machine', isUrgent: true }],
  // Which upstream has made a filter.
  ['filter', { reach: 'machine', isUrgent: true }],
  // Removed by the probes of the first process, and still in the lists.
  ['gone', { reach: 'machine', isUrgent: true }],
  // What operators have changed: an upstream, a pool's strategy; an upstream's rest is over; the settings were read anew.
  ['server', { reach: 'fleet', isUrgent: true }],
  ['strategy', { reach: 'fleet', isUrgent: true }],
  ['rest', { reach: 'fleet', isUrgent: true, longestMs: 2 * MINUTE_MS }],
  ['lists', { reach: 'fleet', isUrgent: true, isFirst: true }],
]);

const MAX_KEY_LENGTH = 600;
const MAX_ORIGIN_LENGTH = 64;

export function kindOf(key: string): string {
  const end = key.indexOf(' ');
  return end < 0 ? key : key.slice(0, end);
}

export function subjectOf(key: string): string {
  return key.slice(kindOf(key).length + 1);
}

export function isUrgent({ key }: Pick<Fact, 'key'>): boolean {
  return KINDS.get(kindOf(key))?.isUrgent ?? false;
}

/** In the order in which they are to be told. */
export function inOrder(facts: readonly Fact[]): Fact[] {
  const rank = ({ key }: Fact) => (KINDS.get(kindOf(key))?.isFirst ? 0 : 1);
  return [...facts].sort((one, other) => rank(one) - rank(other));
}

/** Whether a fact may go as far as a transport does. */
export function reaches({ key }: Pick<Fact, 'key'>, reach: Reach): boolean {
  return reach === 'machine' || KINDS.get(kindOf(key))?.reach === 'fleet';
}

/** A fact that came from elsewhere; undefined for what is none, or of a kind that this program does not know. */
export function readFact(received: unknown): Fact | undefined {
  if (typeof received !== 'object' || received === null) return undefined;
  const { key, version, origin, leftMs, value }: Partial<Record<keyof Fact, unknown>> = received;
  if (typeof key !== 'string' || key.length > MAX_KEY_LENGTH) return undefined;
  const kind = KINDS.get(kindOf(key));
  if (!kind) return undefined;
  if (typeof origin !== 'string' || origin === '' || origin.length > MAX_ORIGIN_LENGTH) return undefined;
  if (typeof version !== 'number' || !Number.isSafeInteger(version) || version <= 0) return undefined;
  if (leftMs !== null && !(typeof leftMs === 'number' && leftMs >= 0)) return undefined;
  if (value !== null && (leftMs ?? Number.POSITIVE_INFINITY) > (kind.longestMs ?? Number.POSITIVE_INFINITY))
    return undefined;
  if (typeof value !== 'object') return undefined;
  return { key, version, origin, leftMs: leftMs === Number.POSITIVE_INFINITY ? null : leftMs, value };
}
