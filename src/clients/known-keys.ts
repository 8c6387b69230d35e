/** Finds clients by their keys. */

import { hash, timingSafeEqual } from 'node:crypto';
import type { Client } from './client.ts';

/** Longer texts are no keys. */
export const MAX_KEY_LENGTH = 256;
/** Shorter keys are found only as words of their own: they stand in innocent words too. */
const SHORT = 8;

export interface KnownKey {
  readonly client: Client;
  readonly digest: Buffer;
  /** Finds the key in a text, with any of its letters percent-encoded. Has the flag `g`. */
  readonly pattern: RegExp;
}

/**
 * A table by digest: how long a look-up takes tells nothing about how much of a key was right, since nobody else can
 * compute the digests, and is the same for any number of keys.
 */
export class KnownKeys {
  readonly #secret: string;
  readonly #byDigest = new Map<string, KnownKey>();

  constructor(secret: Buffer) {
    this.#secret = secret.toString('hex');
  }

  add(key: string, client: Client): void {
    const digest = this.#digestOf(key);
    this.#byDigest.set(digest, { client, digest: Buffer.from(digest), pattern: patternOf(key) });
  }

  find(text: string): KnownKey | undefined {
    if (text === '' || text.length > MAX_KEY_LENGTH) return undefined;
    const digest = this.#digestOf(text);
    const known = this.#byDigest.get(digest);
    return known && timingSafeEqual(known.digest, Buffer.from(digest)) ? known : undefined;
  }

  /** A sixth of the time of an HMAC, whose further strength is for digests that others see. */
  #digestOf(text: string): string {
    return hash('sha256', this.#secret + text);
  }
}

function patternOf(key: string): RegExp {
  const letters = [...key].map((letter) => {
    const hex = letter.charCodeAt(0).toString(16).padStart(2, '0');
    const digits = [...hex].map((digit) => (/\d/.test(digit) ? digit : `[${digit}${digit.toUpperCase()}]`));
    return `(?:${letter.replace(/[^\w]/, '\\$&')}|%${digits.join('')})`;
  });
  const text = letters.join('');
  return new RegExp(key.length < SHORT ? `(?<![A-Za-z0-9])${text}(?![A-Za-z0-9])` : text, 'g');
}
