/** Finds clients by their keys. */

import { createHmac, timingSafeEqual } from 'node:crypto';
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
  readonly #secret: Buffer;
  readonly #byDigest = new Map<string, KnownKey>();

  constructor(secret: Buffer) {
    this.#secret = secret;
  }

  add(key: string, client: Client): void {
    const digest = this.#digestOf(key);
    this.#byDigest.set(digest.toString('latin1'), { client, digest, pattern: patternOf(key) });
  }

  find(text: string): KnownKey | undefined {
    if (text === '' || text.length > MAX_KEY_LENGTH) return undefined;
    const digest = this.#digestOf(text);
    const known = this.#byDigest.get(digest.toString('latin1'));
    return known && timingSafeEqual(known.digest, digest) ? known : undefined;
  }

  #digestOf(text: string): Buffer {
    return createHmac('sha256', this.#secret).update(text).digest();
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
