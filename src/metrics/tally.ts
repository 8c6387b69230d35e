/** Counts by the words of a closed set. */

import type { Sample } from './exposition.ts';

export type Labels = Readonly<Record<string, string>>;

/** All words at 0. */
export function tallyOf<Word extends string>(words: readonly Word[]): Record<Word, number> {
  // Every word is a key.
  return Object.fromEntries(words.map((word) => [word, 0])) as Record<Word, number>;
}

/** A sample for each word, with the word as a label. */
export function tallied(
  tally: Readonly<Record<string, number>>,
  label: string,
  labels: Labels = {},
): Sample[] {
  return Object.entries(tally).map(([word, value]) => ({ labels: { ...labels, [label]: word }, value }));
}
