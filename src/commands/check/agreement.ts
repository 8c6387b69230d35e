/** Compares the hashes that upstreams have for one block: who has another one is on another fork. */

import { believedHeight } from '../../probes/heights.ts';

/** What an upstream says is the hash of the block. */
export interface HashVote {
  readonly name: string;
  readonly hash: string;
}

export type Agreement =
  /** Fewer than two have told one. */
  | { readonly kind: 'unknown' }
  | {
      readonly kind: 'decided';
      readonly block: number;
      readonly hash: string;
      readonly votes: number;
      readonly others: readonly HashVote[];
    }
  /** No hash has more votes than each other one. */
  | { readonly kind: 'undecided'; readonly block: number; readonly votes: readonly HashVote[] };

export function agreementOn(block: number | undefined, votes: readonly HashVote[]): Agreement {
  if (block === undefined || votes.length < 2) return { kind: 'unknown' };
  const counts = new Map<string, number>();
  for (const { hash } of votes) counts.set(hash, (counts.get(hash) ?? 0) + 1);
  const [first, second] = [...counts].sort(([, a], [, b]) => b - a);
  if (!first || first[1] === second?.[1]) return { kind: 'undecided', block, votes };
  const [hash, count] = first;
  return { kind: 'decided', block, hash, votes: count, others: votes.filter((vote) => vote.hash !== hash) };
}

/** Whether an upstream has the hash that most have; undefined where that is not known. */
export function forkOf(agreement: Agreement, hash: string | undefined): 'same' | 'other' | undefined {
  if (agreement.kind !== 'decided' || hash === undefined) return undefined;
  return agreement.hash === hash ? 'same' : 'other';
}

/** How far a block is behind the newest one when it hardly changes any more. */
const SETTLED = 32;
/** Who is further away is still catching up, or broken: what it has says nothing about the others. */
const FAR = 1_000;

/** The block that is compared, by the newest blocks of all; undefined with fewer than two. */
export function blockToCompare(heights: readonly number[]): number | undefined {
  const best = believedHeight(heights, FAR) ?? 0;
  const near = heights.filter((height) => Math.abs(height - best) <= FAR);
  return near.length < 2 ? undefined : Math.max(0, Math.min(...near) - SETTLED);
}
