/** Takes upstreams down and brings them up by the results of their checks. */

import type { Clock } from '../clock.ts';
import type { Announcer, DownReason } from '../events.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import { wrongChain } from './chain.ts';

export interface DownOptions {
  /** Successes in a row that bring an upstream up again. */
  readonly rise: number;
  /** Failures in a row that take an upstream down. */
  readonly fall: number;
  /** How long an upstream may be down for failed checks before it is removed, in milliseconds; Infinity: forever. */
  readonly removeAfterMs: number;
  readonly clock: Clock;
  readonly announcer: Announcer;
  readonly upstreams: () => readonly Upstream[];
  /** Removes an upstream that was down for too long from its list. Must not throw. */
  readonly onUnhealthy: (upstream: Upstream) => void;
}

/** The results in a row of the checks of one upstream. */
export interface Streak {
  readonly upstream: Upstream;
  failuresInARow: number;
  successesInARow: number;
  /** It was announced that it stays in its list although it was down for too long. */
  kept: boolean;
}

/**
 * The only writer of `down` and `upSinceMs`.
 *
 *     up           --`fall` failures in a row-->         probe-failed   (announces upstream-down)
 *     probe-failed --`rise` successes in a row-->        up             (announces upstream-up)
 *     any          --found on another chain-->           wrong-chain    (announces upstream-down)
 *     wrong-chain  --found on the right chain-->         up, or probe-failed when it has died since
 *     probe-failed --`removeAfterMs` without a break-->  removed
 *
 * A failed check doesn't change wrong-chain: an upstream that is dead may be tried as a last resort, one on another
 * chain never. It is not removed either: it is alive, and an operator must correct its URL.
 */
export class DownStates {
  readonly #options: DownOptions;

  constructor(options: DownOptions) {
    this.#options = options;
  }

  succeeded(streak: Streak, rightChain: string | undefined): void {
    streak.failuresInARow = 0;
    streak.successesInARow += 1;
    // First: an upstream that comes back on another chain must not be up even for a moment.
    this.compare(streak, rightChain);
    const { upstream } = streak;
    if (upstream.down?.reason === 'probe-failed' && streak.successesInARow >= this.#options.rise) {
      streak.kept = false;
      this.#up(upstream);
    }
  }

  failed(streak: Streak, problem: string): void {
    streak.successesInARow = 0;
    streak.failuresInARow += 1;
    const { upstream } = streak;
    if (!upstream.down && streak.failuresInARow >= this.#options.fall) {
      this.#down(upstream, 'probe-failed', problem);
    }
    if (upstream.down?.reason === 'probe-failed') this.#removeWhenOverdue(streak, upstream.down.sinceMs);
  }

  /** Compares the chain that the upstream says it is on with the one that it must be on. */
  compare(streak: Streak, rightChain: string | undefined): void {
    const { upstream } = streak;
    const problem = wrongChain(upstream.chainId, rightChain);
    const isOut = upstream.down?.reason === 'wrong-chain';
    if (problem !== undefined && !isOut) this.#down(upstream, 'wrong-chain', problem);
    if (problem !== undefined || !isOut) return;
    if (streak.failuresInARow < this.#options.fall) this.#up(upstream);
    else this.#down(upstream, 'probe-failed', 'back on the right chain, but dead');
  }

  /** Nobody looks after it any more. */
  forget(upstream: Upstream): void {
    if (upstream.down) this.#up(upstream);
  }

  #down(upstream: Upstream, reason: DownReason, problem: string): void {
    const { announcer, clock } = this.#options;
    upstream.down = { reason, sinceMs: clock.monotonicMs() };
    announcer.announce({ type: 'upstream-down', upstream: upstream.identity, reason, problem });
  }

  #up(upstream: Upstream): void {
    const { announcer, clock } = this.#options;
    const nowMs = clock.monotonicMs();
    const downMs = nowMs - (upstream.down?.sinceMs ?? nowMs);
    upstream.down = undefined;
    upstream.upSinceMs = nowMs;
    announcer.announce({ type: 'upstream-up', upstream: upstream.identity, downMs });
  }

  /**
   * Never removes the last one of a list, nor the last one there whose chain may be right: without its vote, one on
   * another chain would be the majority.
   */
  #removeWhenOverdue(streak: Streak, sinceMs: number): void {
    const { announcer, clock, removeAfterMs, upstreams, onUnhealthy } = this.#options;
    const { upstream } = streak;
    const downMs = clock.monotonicMs() - sinceMs;
    if (downMs < removeAfterMs) return;
    const others = upstreams().filter((other) => other !== upstream && other.tier === upstream.tier);
    if (others.some(({ down }) => down?.reason !== 'wrong-chain')) onUnhealthy(upstream);
    else if (!streak.kept) {
      streak.kept = true;
      announcer.announce({ type: 'upstream-kept', upstream: upstream.identity, downMs });
    }
  }
}
