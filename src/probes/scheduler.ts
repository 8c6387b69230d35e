import type { Clock } from '../clock.ts';
import type { Announcer, FailureReason, UpstreamIdentity } from '../events.ts';
import type { Random } from '../random.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { Probe, ProbeResult, ProbeSettings } from './probe.ts';

export interface HealthSchedulerOptions {
  readonly probe: Probe;
  readonly settings: ProbeSettings;
  /** Milliseconds from one check of an upstream to its next, give or take a tenth. */
  readonly intervalMs: number;
  /** Successes in a row that bring an upstream up again. */
  readonly rise: number;
  /** Failures in a row that take an upstream down. */
  readonly fall: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly announcer: Announcer;
  /** Asked again and again: those who join are picked up, those who leave are dropped. */
  readonly upstreams: () => readonly Upstream[];
  /**
   * Called for every successful check, after the upstream's state was written, with what it proves to be
   * gone and when it began (monotonic milliseconds): a failure that came later is not disproved. Must not
   * throw.
   */
  readonly onHealthy: (
    upstream: Upstream,
    proves: ReadonlySet<FailureReason>,
    checkStartedMs: number,
  ) => void;
}

/** What is known of one upstream between its checks. */
interface Watch {
  readonly upstream: Upstream;
  failuresInARow: number;
  successesInARow: number;
  cancelNext: () => void;
}

/** The first checks are spread over this long at most, so that a start finds the dead ones soon. */
const FIRST_ROUND_MS = 1_000;
const JITTER = 0.1;

/**
 * Checks every upstream again and again, and writes what it finds: the only writer of `down` and
 * `upSinceMs`. The checks of one upstream never overlap, those of different ones are spread by chance.
 *
 *     up   --`fall` failures in a row-->   down   (announces upstream-down)
 *     down --`rise` successes in a row-->  up     (announces upstream-up)
 */
export class HealthScheduler {
  readonly #options: HealthSchedulerOptions;
  readonly #watches = new Map<Upstream, Watch>();
  #cancelLook: (() => void) | undefined;

  constructor(options: HealthSchedulerOptions) {
    this.#options = options;
  }

  /** The first check of each upstream begins within a second, or half an interval if that is shorter. */
  start(): void {
    if (!this.#cancelLook) this.#look();
  }

  /** Ends all checking. A check under way goes on to its end, but its result is ignored. */
  stop(): void {
    this.#cancelLook?.();
    this.#cancelLook = undefined;
    for (const watch of this.#watches.values()) this.#drop(watch);
  }

  /** Takes up who joined. Twice an interval: a new one has its first check within one. */
  #look(): void {
    const { clock, intervalMs, random, upstreams } = this.#options;
    this.#cancelLook = clock.after(intervalMs / 2, () => this.#look());
    for (const upstream of upstreams()) {
      if (this.#watches.has(upstream)) continue;
      const watch: Watch = { upstream, failuresInARow: 0, successesInARow: 0, cancelNext: () => {} };
      this.#watches.set(upstream, watch);
      this.#schedule(watch, random() * Math.min(FIRST_ROUND_MS, intervalMs / 2));
    }
  }

  #schedule(watch: Watch, delayMs: number): void {
    watch.cancelNext = this.#options.clock.after(delayMs, () => void this.#check(watch));
  }

  #drop(watch: Watch): void {
    watch.cancelNext();
    this.#watches.delete(watch.upstream);
  }

  /** Drops an upstream that has left the list: what is found of it counts no more. */
  #isWatched(watch: Watch): boolean {
    if (this.#watches.get(watch.upstream) !== watch) return false;
    if (this.#options.upstreams().includes(watch.upstream)) return true;
    this.#drop(watch);
    return false;
  }

  async #check(watch: Watch): Promise<void> {
    if (!this.#isWatched(watch)) return;
    const { clock, intervalMs, onHealthy, probe, random } = this.#options;
    const startedMs = clock.monotonicMs();
    const result = await this.#ask(watch.upstream);
    if (!this.#isWatched(watch)) return;
    const pauseMs = intervalMs * (1 - JITTER + 2 * JITTER * random());
    this.#schedule(watch, Math.max(0, startedMs + pauseMs - clock.monotonicMs()));
    if (result.up) {
      this.#succeeded(watch);
      onHealthy(watch.upstream, probe.proves, startedMs);
    } else {
      this.#failed(watch, result.problem);
    }
  }

  async #ask(upstream: Upstream): Promise<ProbeResult> {
    try {
      return await this.#options.probe.check(upstream, this.#options.settings);
    } catch {
      return { up: false, problem: 'the check itself failed' };
    }
  }

  #succeeded(watch: Watch): void {
    const { announcer, clock, rise } = this.#options;
    const { upstream } = watch;
    watch.failuresInARow = 0;
    watch.successesInARow += 1;
    if (!upstream.down || watch.successesInARow < rise) return;
    const nowMs = clock.monotonicMs();
    const downMs = nowMs - upstream.down.sinceMs;
    upstream.down = undefined;
    upstream.upSinceMs = nowMs;
    announcer.announce({ type: 'upstream-up', upstream: identityOf(upstream), downMs });
  }

  #failed(watch: Watch, problem: string): void {
    const { announcer, clock, fall } = this.#options;
    const { upstream } = watch;
    watch.successesInARow = 0;
    watch.failuresInARow += 1;
    if (upstream.down || watch.failuresInARow < fall) return;
    upstream.down = { reason: 'probe-failed', sinceMs: clock.monotonicMs() };
    const reason = 'probe-failed';
    announcer.announce({ type: 'upstream-down', upstream: identityOf(upstream), reason, problem });
  }
}

/** What a listener may write down whole; the upstream itself holds secrets. */
function identityOf({ name, tier }: Upstream): UpstreamIdentity {
  return { name, tier };
}
