/** The hash with all facts of the fleet: what is read from it, and written to it. */

import type { Fact } from '../fact.ts';
import {
  type Answer,
  type Command,
  codeInWords,
  ErrorAnswer,
  RedisProblem,
  refusalOf,
} from './connection.ts';
import { isNewer, readField, type StoredFact, type Times, writeField } from './stored-fact.ts';

/** So long the hash is kept after the last replica has gone. */
const KEEP_MS = 3_600_000;
/** So long after its end a fact stays there, for those whose answers come late. */
const KEEP_OVER_MS = 5_000;
/** More fields, or more memory, are not ours: to read them would hold up the process. */
const MAX_FIELDS = 10_000;
const MAX_MEMORY_BYTES = 8 * 1_024 * 1_024;
/** Arguments of one command, so that Redis is not held up. */
const FIELDS_AT_ONCE = 500;
/** Answers after which another connection may lead to a server that works. */
const ELSEWHERE: ReadonlySet<string> = new Set([
  ...['CLUSTERDOWN', 'LOADING', 'MASTERDOWN', 'NOAUTH', 'READONLY', 'TRYAGAIN', 'UNKILLABLE', 'WRONGPASS'],
]);

interface Known extends StoredFact {
  readonly text: string;
}

/** What Redis says of itself and of the hash before it is read. */
export interface Look {
  /** Milliseconds since the Unix epoch by its clock. */
  readonly redisMs: number;
  /** Why the hash must not be read; undefined when it may be. */
  readonly problem: string | undefined;
}

export class FactsHash {
  readonly #key: string;
  /** As it was read last. */
  #known = new Map<string, Known>();
  /** Fields whose facts are over for long. */
  #over: readonly string[] = [];
  /** Facts of others that were not there the last time. */
  #missed: ReadonlySet<string> = new Set();
  #fields = Number.POSITIVE_INFINITY;

  constructor(key: string) {
    this.#key = key;
  }

  /** All values are measured only where there are few. */
  lookCommands(): Command[] {
    const samples = this.#fields <= MAX_FIELDS ? '0' : '5';
    return [['TIME'], ['HLEN', this.#key], ['MEMORY', 'USAGE', this.#key, 'SAMPLES', samples]];
  }

  /** Throws a RedisProblem when another connection is needed. */
  readLook([time, length, memory]: readonly Answer[]): Look {
    const redisMs = readTime(time);
    const refused = problemOf([length]);
    this.#fields = typeof length === 'number' ? length : Number.POSITIVE_INFINITY;
    if (refused !== undefined) return { redisMs, problem: refused };
    // Where it may not be asked, the number of fields has to do.
    const isLarge = this.#fields > MAX_FIELDS || (typeof memory === 'number' && memory > MAX_MEMORY_BYTES);
    return { redisMs, problem: isLarge ? `${this.#key} holds far more than replicas write` : undefined };
  }

  /**
   * What is newer here than there. What others have written is left to them for a round: all see at the same time that
   * Redis was emptied.
   */
  due(facts: readonly Fact[], isOwn: (fact: Fact) => boolean): Fact[] {
    const newer = facts.filter((fact) => {
      const known = this.#known.get(fact.key);
      return fact.leftMs !== 0 && (!known || isNewer(fact, known.fact));
    });
    const due = newer.filter((fact) => isOwn(fact) || this.#missed.has(fact.key));
    this.#missed = new Set(newer.map(({ key }) => key));
    return due;
  }

  /** Writes these, reads all. */
  commands(due: readonly Fact[], redisMs: number): Command[] {
    const fields = due.flatMap((fact) => {
      const text = writeField(fact, redisMs);
      return text === undefined ? [] : [fact.key, text];
    });
    const written = parts(fields, 2 * FIELDS_AT_ONCE).map((part): Command => ['HSET', this.#key, ...part]);
    const removed = parts(this.#over, FIELDS_AT_ONCE).map((part): Command => ['HDEL', this.#key, ...part]);
    return [...written, ...removed, ['PEXPIRE', this.#key, String(KEEP_MS)], ['HGETALL', this.#key]];
  }

  /** News, as the answers tell. Throws a RedisProblem when another connection is needed. */
  readAnswers(answers: readonly Answer[], times: Times): { facts: Fact[]; problem: string | undefined } {
    const problem = problemOf(answers);
    const fields = answers.at(-1);
    if (!Array.isArray(fields)) return { facts: [], problem: problem ?? 'it does not answer as Redis does' };
    return { facts: this.#read(fields, times), problem };
  }

  /** Nothing is known of what is there. */
  forget(): void {
    this.#known.clear();
    this.#over = [];
    this.#fields = Number.POSITIVE_INFINITY;
  }

  #read(fields: readonly unknown[], times: Times): Fact[] {
    const known = new Map<string, Known>();
    const facts: Fact[] = [];
    const over: string[] = [];
    for (let at = 0; at + 1 < fields.length; at += 2) {
      const [key, text] = [fields[at], fields[at + 1]];
      if (typeof key !== 'string' || typeof text !== 'string') continue;
      const before = this.#known.get(key);
      const isSame = before?.text === text;
      // What can't be read may be another version's, and is left alone; if it stands in the way of ours, ours is written.
      const stored = isSame ? before : readField(key, text, times);
      if (!stored) continue;
      if (stored.endMs !== null && stored.endMs + KEEP_OVER_MS < times.redisMs) over.push(key);
      else {
        known.set(key, { ...stored, text });
        if (!isSame) facts.push(stored.fact);
      }
    }
    this.#known = known;
    this.#over = over;
    return facts;
  }
}

/** Throws a RedisProblem for an answer that is no time. */
function readTime(answer: Answer): number {
  problemOf([answer]);
  const [seconds, micros] = Array.isArray(answer) ? answer.map(Number) : [];
  const ms = (seconds ?? Number.NaN) * 1_000 + (micros ?? Number.NaN) / 1_000;
  if (!Number.isFinite(ms)) throw new RedisProblem('it does not tell the time');
  return ms;
}

/** The first refusal. Throws when another connection is needed. */
function problemOf(answers: readonly Answer[]): string | undefined {
  for (const answer of answers) {
    if (!(answer instanceof ErrorAnswer)) continue;
    if (ELSEWHERE.has(answer.code)) throw refusalOf(answer.code);
    return codeInWords(answer.code);
  }
  return undefined;
}

function parts(items: readonly string[], size: number): (readonly string[])[] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size));
}
