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
}

const KINDS: ReadonlyMap<string, Kind> = new Map([
  // An upstream is quarantined, or one of its methods banned.
  ['out', { reach: 'fleet', isUrgent: true }],
  ['ban', { reach: 'fleet', isUrgent: true }],
  // What it takes at once.
  ['sizes', { reach: 'fleet', isUrgent: false }],
  // What a budget allows, and what a replica, or a worker of it, has used of those that it knows.
  ['learnt', { reach: 'fleet', isUrgent: true }],
  ['use', { reach: 'fleet', isUrgent: true }],
  ['worker-use', { reach: 'machine', isUrgent: true }],
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
  ['rest', { reach: 'fleet', isUrgent: true }],
  ['lists', { reach: 'fleet', isUrgent: true }],
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

/** Whether a fact may go as far as a transport does. */
export function reaches({ key }: Pick<Fact, 'key'>, reach: Reach): boolean {
  return reach === 'machine' || KINDS.get(kindOf(key))?.reach === 'fleet';
}

/** A fact that came from elsewhere; undefined for what is none, or of a kind that this program does not know. */
export function readFact(received: unknown): Fact | undefined {
  if (typeof received !== 'object' || received === null) return undefined;
  const { key, version, origin, leftMs, value }: Partial<Record<keyof Fact, unknown>> = received;
  if (typeof key !== 'string' || key.length > MAX_KEY_LENGTH || !KINDS.has(kindOf(key))) return undefined;
  if (typeof origin !== 'string' || origin === '' || origin.length > MAX_ORIGIN_LENGTH) return undefined;
  if (typeof version !== 'number' || !Number.isSafeInteger(version) || version <= 0) return undefined;
  if (leftMs !== null && !(typeof leftMs === 'number' && leftMs >= 0)) return undefined;
  if (typeof value !== 'object') return undefined;
  return { key, version, origin, leftMs: leftMs === Number.POSITIVE_INFINITY ? null : leftMs, value };
}
