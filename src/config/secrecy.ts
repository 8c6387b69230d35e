import { maskUrl } from '../masking.ts';
import { HIDDEN, secretsOf } from '../secret-texts.ts';

/**
 * What of a setting's value is secret: all of it; of a URL, or of each in a list, everything but scheme, host and
 * port; of a path what follows its question mark, where a key may stand.
 */
export type Secrecy = 'all' | 'url' | 'query';

interface Rule {
  /** What may be shown of a value. */
  readonly shown: (value: string) => string;
  /** The texts that may be written nowhere, in every form. */
  readonly secrets: (value: string) => readonly string[];
}

export const SECRECY: Readonly<Record<Secrecy, Rule>> = {
  all: { shown: () => HIDDEN, secrets: (value) => [value] },
  url: { shown: maskUrl, secrets: (value) => secretsOf(new URL(value)) },
  query: {
    shown: withoutQuery,
    secrets: (path) => secretsOf(new URL(path.replace(/^[^?]*/, ''), 'http://localhost')),
  },
};

/** A path without what follows its question mark. */
export function withoutQuery(path: string): string {
  return path.replace(/\?.+$/s, `?${HIDDEN}`);
}
