import type { Clock } from '../clock.ts';
import type { Announcer, DownReason } from '../events.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import { wrongChain } from './chain.ts';

export interface DownOptions {
  /** Successes in a row that bring an upstream up again. */
  readonly rise: number;
  /** Failures in a row that take an upstream down. */
  readonly fall: number;
  /** How long an upstream may be down for failed checks before it is given up, in milliseconds; Infinity: for ever. */
  readonly removeAfterMs: number;
  readonly clock: Clock;
  readonly announcer: Announcer;
  readonly upstreams: () => readonly Upstream[];
  /** Takes one that is given up out of its list. Must not throw. */
  readonly onUnhealthy: (upstream: Upstream) => void;
}

/** What the checks of one upstream came to. */
export interface Streak {
  readonly upstream: Upstream;
  failuresInARow: number;
  successesInARow: number;
  /** It was announced that it stays although it is given up. */
  kept: boolean;
}

/**
 * The only writer of `down` and `upSinceMs`.
 *
 *     up           --`fall` failures in a row-->         probe-failed   (announces upstream-down)
 *     probe-failed --`rise` successes in a row-->        up             (announces upstream-up)
 *     any          --told to be on another chain-->      wrong-chain    (announces upstream-down)
 *     wrong-chain  --told to be on the right chain-->    up, or probe-failed when it is dead meanwhile
 *     probe-failed --`removeAfterMs` without a break-->  removed
 *
 * A failed check makes no difference to one on the wrong chain: whoever is dead may be tried as a last resort,
 * whoever is on another chain never. Nor is it removed: it lives, and its URL wants an operator.
 */
export class DownStates {
  readonly #options: DownOptions;

  constructor(options: DownOptions) {
    this.#options = options;
  }

  succeeded(streak: Streak, rightChain: string | undefined): void {
    streak.failuresInARow = 0;
    streak.successesInARow += 1;
    // First: one that comes back on another chain must not be up for a moment.
    this.compare(streak, rightChain);
    const { upstream } = streak;
    if (upstream.down?.reason === 'probe-failed' && streak.successesInARow >= this.#options.rise) {
      this.#up(streak);
    }
  }

  failed(streak: Streak, problem: string): void {
    streak.successesInARow = 0;
    streak.failuresInARow += 1;
    const { upstream } = streak;
    if (!upstream.down && streak.failuresInARow >= this.#options.fall) {
      this.#down(upstream, 'probe-failed', problem);
    }
    if (upstream.down?.reason === 'probe-failed') this.#giveUpInTime(streak, upstream.down.sinceMs);
  }

  /** Compares what the upstream has said of its chain with the chain that it must be on. */
  compare(streak: Streak, rightChain: string | undefined): void {
    const { upstream } = streak;
    const problem = wrongChain(upstream.chainId, rightChain);
    const isOut = upstream.down?.reason === 'wrong-chain';
    if (problem !== undefined && !isOut) this.#down(upstream, 'wrong-chain', problem);
    if (problem !== undefined || !isOut) return;
    if (streak.failuresInARow < this.#options.fall) this.#up(streak);
    else this.#down(upstream, 'probe-failed', 'back on the right chain, but dead');
  }

  #down(upstream: Upstream, reason: DownReason, problem: string): void {
    const { announcer, clock } = this.#options;
    upstream.down = { reason, sinceMs: clock.monotonicMs() };
    announcer.announce({ type: 'upstream-down', upstream: upstream.identity, reason, problem });
  }

  #up(streak: Streak): void {
    const { announcer, clock } = this.#options;
    const { upstream } = streak;
    const nowMs = clock.monotonicMs();
    const downMs = nowMs - (upstream.down?.sinceMs ?? nowMs);
    streak.kept = false;
    upstream.down = undefined;
    upstream.upSinceMs = nowMs;
    announcer.announce({ type: 'upstream-up', upstream: upstream.identity, downMs });
  }

  /**
   * Not the last one of its list, and not the last one there whose chain may be right: without what it has said of its chain, one
   * on another would be the majority.
   */
  #giveUpInTime(streak: Streak, sinceMs: number): void {
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
