/** Facts as they stand in Redis, and in messages. */

import { type Fact, readFact } from '../fact.ts';

/** Longer ones are not written, and not read. The longest that a replica writes are lists with thousands of upstreams. */
const MAX_TEXT_LENGTH = 1_000_000;
/** A version that is so far ahead is none: the table refuses it, too, and ours takes its place. */
export const MAX_AHEAD_MS = 24 * 3_600_000;

/** What time it is: for ends, as Redis has it; for versions, as this machine has it. */
export interface Times {
  readonly redisMs: number;
  readonly wallMs: number;
}

/** A fact that stands in Redis. */
export interface StoredFact {
  readonly fact: Fact;
  /** In Redis' own time; null: none. */
  readonly endMs: number | null;
}

/** Undefined when it is too long. */
export function writeField({ version, origin, leftMs, value }: Fact, redisMs: number): string | undefined {
  const end = leftMs === null ? null : Math.round(redisMs + leftMs);
  const text = JSON.stringify({ version, origin, end, value });
  return text.length > MAX_TEXT_LENGTH ? undefined : text;
}

/** Undefined for what this program has not written. */
export function readField(key: string, text: string, { redisMs, wallMs }: Times): StoredFact | undefined {
  const stored = parsed(text);
  if (!stored || !('end' in stored)) return undefined;
  const { end: endMs, ...rest } = stored;
  if (endMs !== null && !(typeof endMs === 'number' && Number.isSafeInteger(endMs))) return undefined;
  const leftMs = endMs === null ? null : Math.max(0, endMs - redisMs);
  const fact = readFact({ ...rest, key, leftMs });
  return fact && fact.version <= wallMs + MAX_AHEAD_MS ? { fact, endMs } : undefined;
}

/** Whether `one` takes the place of `other`. */
export function isNewer(one: Fact, other: Pick<Fact, 'version' | 'origin'>): boolean {
  return one.version === other.version ? one.origin > other.origin : one.version > other.version;
}

export function writeMessage(from: string, facts: readonly Fact[]): string {
  return JSON.stringify({ from, facts });
}

/** The facts of a message from others; none for one of our own, or one that is none. The table reads each of them. */
export function readMessage(text: string, self: string): readonly unknown[] {
  const message = parsed(text);
  if (!message || !('from' in message) || !('facts' in message)) return [];
  return message.from === self || !Array.isArray(message.facts) ? [] : message.facts;
}

function parsed(text: string): object | undefined {
  if (text.length > MAX_TEXT_LENGTH) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
