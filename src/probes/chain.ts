/** Finds out which chain the upstreams must be on, by their majority. */

import type { Announcer, Tier } from '../events.ts';
import type { Upstream } from '../upstreams/upstream.ts';

/** Which chain one upstream says it is on. */
export interface ChainVote {
  readonly name: string;
  readonly tier: Tier;
  /** In decimal. */
  readonly chainId: string;
}

export type PoolChain =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'decided'; readonly chainId: string; readonly votes: number }
  /** They disagree, and nothing shows which of them is right. */
  | { readonly kind: 'undecided' };

/**
 * The chain that most upstreams are on. Of chains with equally many: `settled`, the one that most were on before;
 * otherwise the one that more primaries are on; otherwise it is undecided.
 */
export function poolChain(votes: readonly ChainVote[], settled: string | undefined): PoolChain {
  if (votes.length === 0) return { kind: 'unknown' };
  const largest = leaders(votes, () => 1);
  const kept = largest.filter((chainId) => chainId === settled);
  const [chainId, ...others] =
    largest.length === 1 || kept.length === 1
      ? [kept[0] ?? largest[0]]
      : leaders(
          votes.filter((vote) => largest.includes(vote.chainId)),
          ({ tier }) => (tier === 'primary' ? 1 : 0),
        );
  if (chainId === undefined || others.length > 0) return { kind: 'undecided' };
  return { kind: 'decided', chainId, votes: votes.filter((vote) => vote.chainId === chainId).length };
}

/** The chains with the greatest weight. */
function leaders(votes: readonly ChainVote[], weightOf: (vote: ChainVote) => number): string[] {
  const weights = new Map<string, number>();
  for (const vote of votes) weights.set(vote.chainId, (weights.get(vote.chainId) ?? 0) + weightOf(vote));
  const greatest = Math.max(...weights.values());
  return [...weights].filter(([, weight]) => weight === greatest).map(([chainId]) => chainId);
}

/** The chains with the upstreams on each: `1 (a, b), 5 (c)`. */
export function describeChains(votes: readonly ChainVote[]): string {
  return [...new Set(votes.map(({ chainId }) => chainId))]
    .map((chainId) => {
      const names = votes.filter((vote) => vote.chainId === chainId).map(({ name }) => name);
      return `${chainId} (${names.join(', ')})`;
    })
    .join(', ');
}

/** The upstreams' votes; those that were not asked yet are left out. */
export function votesOf(upstreams: readonly Upstream[]): ChainVote[] {
  return upstreams.flatMap(({ name, tier, chainId }) =>
    chainId === undefined ? [] : [{ name, tier, chainId }],
  );
}

/** Why an upstream may not be used: `chain 5 instead of 1`. Undefined when it may. */
export function wrongChain(chainId: string | undefined, right: string | undefined): string | undefined {
  if (chainId === undefined || right === undefined || chainId === right) return undefined;
  return `chain ${chainId} instead of ${right}`;
}

/**
 * Which chain the upstreams must be on. An upstream's vote also counts while it is down: the last one that answers
 * must not become the majority because the others are out.
 */
export class ChainReference {
  readonly #expected: string | undefined;
  readonly #announcer: Announcer;
  #right: string | undefined;
  /** The chain that last won with two votes or more. */
  #settled: string | undefined;
  #undecided = '';

  constructor(expected: string | undefined, announcer: Announcer) {
    this.#expected = expected;
    this.#right = expected;
    this.#announcer = announcer;
  }

  /** In decimal; undefined as long as it is undecided. */
  get right(): string | undefined {
    return this.#right;
  }

  /**
   * Counts again, unless an operator has set the chain. To be called only when all upstreams were asked: the first
   * one that answers is not the majority.
   */
  count(upstreams: readonly Upstream[]): void {
    if (this.#expected !== undefined) return;
    const votes = votesOf(upstreams);
    const chain = poolChain(votes, this.#settled);
    this.#right = chain.kind === 'decided' ? chain.chainId : undefined;
    if (chain.kind === 'decided' && chain.votes > 1) this.#settled = chain.chainId;
    const undecided = chain.kind === 'undecided' ? describeChains(votes) : '';
    const [first] = upstreams;
    if (first && undecided !== '' && undecided !== this.#undecided) {
      const { pool } = first.identity;
      this.#announcer.announce({ type: 'chain-undecided', pool, chains: undecided, votes });
    }
    this.#undecided = undecided;
  }
}
