/** What of a setting's value is secret, and what of it may be shown. */

import { maskUrl } from '../masking.ts';
import { HIDDEN, secretForms, secretsOf } from '../secret-texts.ts';
import { secretsOfRedisUrl, shownRedisUrl } from '../sharing/redis/target.ts';

/**
 * What of a setting's value is secret: all of it; of a URL, or of each in a list, everything but scheme, host and
 * port; of the URL of Redis its login; of a path what follows its question mark, where a key may stand.
 */
export type Secrecy = 'all' | 'url' | 'redis' | 'query';

/** Longer words may be keys. */
const MAX_PLAIN_LENGTH = 20;

interface SecrecyRule {
  /** What may be shown of a value. */
  readonly shown: (value: string) => string;
  /** The texts that must not be written anywhere, in every form. */
  readonly secrets: (value: string) => readonly string[];
}

export const SECRECY: Readonly<Record<Secrecy, SecrecyRule>> = {
  all: { shown: () => HIDDEN, secrets: secretForms },
  url: { shown: maskUrl, secrets: (value) => secretsOf(new URL(value)) },
  redis: {
    shown: (text) => shownRedisUrl(text) ?? HIDDEN,
    secrets: (text) => secretsOfRedisUrl(text).flatMap(secretForms),
  },
  query: {
    shown: withoutQuery,
    secrets: (path) => secretsOf(new URL(path.replace(/^[^?]*/, ''), 'http://localhost')),
  },
};

/** A path without what follows its question mark. */
function withoutQuery(path: string): string {
  return path.replace(/\?.+$/s, `?${HIDDEN}`);
}

/**
 * An upstream's option as a problem may show it: `rps=5/s`. What could be a key in the wrong place, or a piece of one that
 * a blank has split off, is hidden: what is long, or has capitals or digits within a word.
 */
export function shownOption(name: string, value: string): string {
  return `${name}=${isPlain(value) ? value : HIDDEN}`;
}

/** A JSON value as a problem may show it: of a text what `shownOption` shows. */
export function shownJson(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  return typeof value === 'string' ? JSON.stringify(isPlain(value) ? value : HIDDEN) : String(value);
}

/** Whether a text is a number, or words and numbers with signs between them, in which no key can hide. */
function isPlain(text: string): boolean {
  if (text.length > MAX_PLAIN_LENGTH || !/^[\x20-\x7e]*$/.test(text) || /@|:[/\\]/.test(text)) return false;
  if (/^[-+]?[\d.]+e[-+]?\d+$/.test(text)) return true;
  return text.split(/[^a-z\d]+/i).every((word) => /^(?:\d*[a-z]*|[A-Z]?[a-z]*\d{0,3})$/.test(word));
}

/** Whether a flag or a key that there is none of is a misspelt one. Else it may be a value in the wrong place: a key, for one. */
export function looksLikeName(text: string): boolean {
  return /^[A-Za-z][\w-]{0,40}$/.test(text) && !hasManyDigits(text);
}

/** As keys have them, and words have not. */
export function hasManyDigits(text: string): boolean {
  return /(?:\d\D*){4}/.test(text);
}

/** A value in the form that a problem may show: quoted and cut; of a URL only scheme, host and port. */
export function shownValue(value: string | readonly string[], secret?: Secrecy): string {
  if (secret === 'all') return HIDDEN;
  // One that is refused may have its password anywhere.
  if (secret === 'redis') return typeof value === 'string' && value.trim() === '' ? '""' : HIDDEN;
  if (typeof value !== 'string') return value.map((item) => shownValue(item, secret)).join(', ');
  const text = value.trim();
  if (text === '') return '""';
  if (secret === 'url' || /[@]|:[/\\]/.test(text)) return maskUrl(text);
  return JSON.stringify(withoutQuery(text.length > 60 ? `${text.slice(0, 60)}…` : text));
}
