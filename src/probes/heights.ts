/** Keeps the newest block of each upstream, and finds out which upstreams lag. */

import type { Clock } from '../clock.ts';
import type { Announcer } from '../events.ts';
import type { Upstream } from '../upstreams/upstream.ts';

/**
 * The height at which the chain is believed to be: the greatest that upstreams report. Of three or more, one that is
 * more than `maxLag` blocks above every other is not believed, since one broken node must not make all others lag:
 * then it is the second greatest. Undefined without any height.
 */
export function believedHeight(heights: readonly number[], maxLag: number): number | undefined {
  let first = -1;
  let second = -1;
  for (const height of heights) {
    if (height > first) {
      second = first;
      first = height;
    } else if (height > second) second = height;
  }
  if (first < 0) return undefined;
  return heights.length > 2 && first - second > maxLag ? second : first;
}

export interface HeightsOptions {
  /** Blocks by which an upstream may be behind. */
  readonly maxLag: number;
  readonly clock: Clock;
  readonly announcer: Announcer;
  readonly upstreams: () => readonly Upstream[];
}

/**
 * The only writer of `blockHeight` and `lagging`. An upstream is compared when its own height arrives, with what the
 * others have reported until then: theirs are older, so a chain that grows fast between two checks makes no upstream
 * lag that keeps up.
 */
export class Heights {
  readonly #options: HeightsOptions;

  constructor(options: HeightsOptions) {
    this.#options = options;
  }

  learn(upstream: Upstream, height: number): void {
    upstream.blockHeight = height;
    const behind = this.#behind(upstream, height);
    if (behind === undefined) return;
    const { maxLag, clock, announcer } = this.#options;
    const { identity, lagging } = upstream;
    const nowMs = clock.monotonicMs();
    if (behind > maxLag && !lagging) {
      upstream.lagging = { sinceMs: nowMs };
      announcer.announce({ type: 'upstream-lagging', upstream: identity, blocks: behind });
    } else if (behind <= maxLag && lagging) {
      upstream.lagging = undefined;
      announcer.announce({
        type: 'upstream-caught-up',
        upstream: identity,
        laggedMs: nowMs - lagging.sinceMs,
      });
    }
  }

  /** Forgets the height of an upstream on another chain, where it means nothing. */
  forget(upstream: Upstream): void {
    upstream.blockHeight = undefined;
    upstream.lagging = undefined;
  }

  /** How many blocks it is behind; undefined while its chain, and so what to compare with, is unknown. */
  #behind(upstream: Upstream, height: number): number | undefined {
    const { chainId } = upstream;
    if (chainId === undefined) return undefined;
    const heights = [height];
    for (const other of this.#options.upstreams()) {
      const comparable = other !== upstream && !other.down && other.chainId === chainId;
      if (comparable && other.blockHeight !== undefined) heights.push(other.blockHeight);
    }
    return (believedHeight(heights, this.#options.maxLag) ?? height) - height;
  }
}
