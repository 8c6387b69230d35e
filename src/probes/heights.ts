import type { Clock } from '../clock.ts';
import type { Announcer } from '../events.ts';
import type { Upstream } from '../upstreams/upstream.ts';

/**
 * What the height of the chain is held for: the greatest of the heights that upstreams tell. Of three or more,
 * one that stands alone, more than `maxLag` blocks above every other, is not believed: one broken node must not
 * make all others lag. Then it is the second greatest. Undefined when nobody tells one.
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
 * Knows the newest block of each upstream, and who lags: the only writer of `blockHeight` and `lagging`. An
 * upstream is judged when its own height comes, by what the others have told until then: theirs are older,
 * so that a chain that grows fast between two checks makes nobody lag who does not.
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

  /** What was told of another chain is worth nothing. */
  forget(upstream: Upstream): void {
    upstream.blockHeight = undefined;
    upstream.lagging = undefined;
  }

  /** How many blocks it is behind; undefined while its chain is not known, and so nothing to compare with. */
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
