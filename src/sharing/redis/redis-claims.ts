/** Which replica tells operators of what: keys in Redis that are there as long as a claim lasts. */

import type { Claimed, Claims } from '../../notifiers/claims.ts';
import { type Answer, type Command, ErrorAnswer } from './connection.ts';

/** Longer texts are none of ours. */
const MAX_TEXT_LENGTH = 200_000;
/** One without an end, or with one that is so far away, is none of ours: nobody would ever be told. */
const LONGEST_MS = 24 * 3_600_000;

export interface RedisClaimsOptions {
  /** Of this process. */
  readonly origin: string;
  readonly prefix: string;
  readonly ask: (commands: readonly Command[]) => Promise<readonly Answer[]>;
}

/** Whatever Redis does, the answer is there soon, by `ask`; where it is no clear one, the claim is ours. */
export class RedisClaims implements Claims {
  readonly #options: RedisClaimsOptions;

  constructor(options: RedisClaimsOptions) {
    this.#options = options;
  }

  async claim(key: string, subjects: readonly string[], forMs: number): Promise<Claimed | undefined> {
    const { origin } = this.#options;
    const name = this.#nameOf(key);
    const text = JSON.stringify({ origin, subjects });
    const [set, held, left] = await this.#ask([
      ['SET', name, text, 'NX', 'PX', String(Math.ceil(forMs))],
      ['GET', name],
      ['PTTL', name],
    ]);
    if (set !== null || typeof held !== 'string' || typeof left !== 'number') return undefined;
    const other = readClaim(held);
    return other && other.origin !== origin && left > 0 && left <= LONGEST_MS
      ? { leftMs: left, subjects: other.subjects }
      : undefined;
  }

  extend(key: string, forMs: number): void {
    this.#ifOurs(key, ['PEXPIRE', this.#nameOf(key), String(Math.ceil(forMs))]);
  }

  giveBack(key: string): void {
    this.#ifOurs(key, ['DEL', this.#nameOf(key)]);
  }

  /** A claim that has ended meanwhile may be another one's. */
  #ifOurs(key: string, command: Command): void {
    void (async () => {
      const [held] = await this.#ask([['GET', this.#nameOf(key)]]);
      if (typeof held === 'string' && readClaim(held)?.origin === this.#options.origin)
        await this.#ask([command]);
    })();
  }

  #nameOf(key: string): string {
    return `${this.#options.prefix}:alert:${key}`;
  }

  /** Never rejects: no answers where there are none. */
  async #ask(commands: readonly Command[]): Promise<readonly Answer[]> {
    const answers = await this.#options.ask(commands).catch(() => []);
    return answers.some((answer) => answer instanceof ErrorAnswer) ? [] : answers;
  }
}

function readClaim(text: string): { origin: string; subjects: readonly string[] } | undefined {
  if (text.length > MAX_TEXT_LENGTH) return undefined;
  try {
    const claim: unknown = JSON.parse(text);
    if (typeof claim !== 'object' || claim === null) return undefined;
    const { origin, subjects }: { origin?: unknown; subjects?: unknown } = claim;
    if (typeof origin !== 'string' || !Array.isArray(subjects)) return undefined;
    return { origin, subjects: subjects.filter((each) => typeof each === 'string') };
  } catch {
    return undefined;
  }
}
