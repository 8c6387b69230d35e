/** A piece of advice: what it is about, and what it says. */

import type { FoundPool, FoundUpstream } from '../found.ts';

/** The closed set of what it can be about; scripts look for these words. */
export const ADVICE_CODES = [
  'archive-differs',
  'batch-refused',
  'certificate-ends',
  'chain-unknown',
  'clear-text',
  'clock',
  'fails-beyond-check',
  'insecure',
  'lag',
  'logs-range',
  'no-fallback',
  'no-json-rpc',
  'not-examined',
  'one-provider',
  'one-upstream',
  'other-chain',
  'other-fork',
  'probe',
  'refused',
  'setting-name',
  'shared-provider',
  'websocket-differs',
] as const;

export type AdviceCode = (typeof ADVICE_CODES)[number];

export interface Advice {
  readonly code: AdviceCode;
  /** Undefined where it is about no pool. */
  readonly pool: string | undefined;
  /** The names of those that it is about. */
  readonly upstreams: readonly string[];
  /** A sentence or two for operators. */
  readonly text: string;
}

/** Makes the advice of one pool. */
export function advisor(pool: FoundPool) {
  return (code: AdviceCode, upstreams: readonly FoundUpstream[], text: string): Advice => {
    return { code, pool: pool.name, upstreams: upstreams.map(({ upstream }) => upstream.name), text };
  };
}

/** Those for which `keyOf` gives the same, in the order of the first of each; without those for which it gives nothing. */
export function grouped<K>(
  upstreams: readonly FoundUpstream[],
  keyOf: (found: FoundUpstream) => K | undefined,
): [key: K, those: FoundUpstream[]][] {
  const groups = new Map<K, FoundUpstream[]>();
  for (const each of upstreams) {
    const key = keyOf(each);
    if (key !== undefined) groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  return [...groups];
}

const MAX_NAMED = 6;

/** The names in a sentence: `a, b and c`. */
export function namesIn(upstreams: readonly FoundUpstream[]): string {
  const names = upstreams.map(({ upstream }) => upstream.name);
  if (names.length > MAX_NAMED) {
    const shown = names.slice(0, MAX_NAMED - 1);
    return `${shown.join(', ')} and ${names.length - shown.length} others`;
  }
  const last = names.at(-1) ?? '';
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} and ${last}`;
}

/** `takes` for one, `take` for several. */
export function verb(upstreams: readonly unknown[], one: string, several: string): string {
  return upstreams.length === 1 ? one : several;
}

/** 12,345 */
export function withCommas(value: number): string {
  return value.toLocaleString('en-US');
}
