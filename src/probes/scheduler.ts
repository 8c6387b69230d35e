/** Checks every upstream again and again. */

import type { Clock } from '../clock.ts';
import type { Announcer, FailureReason } from '../events.ts';
import type { Random } from '../random.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import { ChainReference } from './chain.ts';
import { DownStates, type Streak } from './down.ts';
import { Heights } from './heights.ts';
import type { Probe, ProbeResult, ProbeSettings } from './probe.ts';

export interface HealthSchedulerOptions {
  readonly probe: Probe;
  readonly settings: ProbeSettings;
  /** Milliseconds from one check of an upstream to the next, plus or minus a tenth. */
  readonly intervalMs: number;
  /** Successes in a row that bring an upstream up again. */
  readonly rise: number;
  /** Failures in a row that take an upstream down. */
  readonly fall: number;
  /** How long an upstream may be down for failed checks before it is removed, in milliseconds; Infinity: forever. */
  readonly removeAfterMs: number;
  /** The chain that all upstreams must be on, in decimal; undefined: the one that most are on. */
  readonly expectedChain: string | undefined;
  /** Blocks by which an upstream may be behind the others. */
  readonly maxBlockLag: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly announcer: Announcer;
  /** Called again and again: new upstreams are picked up, removed ones are dropped. */
  readonly upstreams: () => readonly Upstream[];
  /**
   * Called after every successful check that was not refused for a limit, when the upstream's state was written, with
   * the causes that it proves to be gone and when it began (monotonic milliseconds): it disproves no later failure.
   * Must not throw.
   */
  readonly onHealthy: (
    upstream: Upstream,
    proves: ReadonlySet<FailureReason>,
    checkStartedMs: number,
  ) => void;
  /** Removes an upstream that was down for too long from its list; it is not the last one. Must not throw. */
  readonly onUnhealthy: (upstream: Upstream) => void;
}

/** What is known of one upstream between its checks. */
interface CheckState extends Streak {
  /** It was asked at least once, with any result. */
  checked: boolean;
  /**
   * When a client's answer last reported its height, and how often it had failed until then. Two numbers, since an
   * object would be garbage at each answer.
   */
  heightLearnedMs: number;
  failuresAtHeight: number;
  cancelNext: () => void;
}

/** The first checks are spread over at most this long, so that dead upstreams are found soon after the start. */
const FIRST_ROUND_MS = 1_000;
const JITTER = 0.1;

/** The result of a check that a client's answer replaces. */
const ALIVE: ProbeResult = { up: true, limited: true };

/**
 * `DownStates` records which upstreams are dead or on another chain, `Heights` which of them lag. The checks of one
 * upstream never overlap, those of different ones are spread at random. A check is skipped where a client's answer has
 * just shown what it would.
 */
export class HealthScheduler {
  #options: HealthSchedulerOptions;
  readonly #states = new Map<Upstream, CheckState>();
  #downStates: DownStates;
  #heights: Heights;
  #chain: ChainReference;
  #cancelPickUp: (() => void) | undefined;

  constructor(options: HealthSchedulerOptions) {
    this.#options = options;
    this.#downStates = new DownStates(options);
    this.#heights = new Heights({ ...options, maxLag: options.maxBlockLag });
    this.#chain = new ChainReference(options.expectedChain, options.announcer);
  }

  /** The first check of each upstream begins within a second, or half an interval if that is shorter. */
  start(): void {
    if (!this.#cancelPickUp) this.#pickUpNew();
  }

  /** Ends all checking. A check under way finishes, but its result is ignored. */
  stop(): void {
    this.#cancelPickUp?.();
    this.#cancelPickUp = undefined;
    for (const state of this.#states.values()) this.#drop(state);
  }

  /** Checks by these options from now on. What the checks have found stays, where these would find the same. */
  reconfigure(options: HealthSchedulerOptions): void {
    const { probe, expectedChain } = this.#options;
    const isOther = options.probe !== probe;
    this.#options = options;
    if (isOther) for (const upstream of options.upstreams()) this.#forgetChain(upstream);
    this.#downStates = new DownStates(options);
    this.#heights = new Heights({ ...options, maxLag: options.maxBlockLag });
    if (isOther || options.expectedChain !== expectedChain)
      this.#chain = new ChainReference(options.expectedChain, options.announcer);
    if (!this.#cancelPickUp) return;
    this.#cancelPickUp();
    for (const state of this.#states.values()) {
      state.cancelNext();
      // Another object: the result of a check under way no longer counts.
      const checked = state.checked && !isOther;
      this.#begin({ ...state, checked, heightLearnedMs: Number.NEGATIVE_INFINITY });
    }
    this.#pickUpNew();
    this.#compareChains();
  }

  /** To be called when it is stopped for good: nobody is out for what checks have found. */
  forget(): void {
    for (const upstream of this.#options.upstreams()) {
      this.#forgetChain(upstream);
      this.#downStates.forget(upstream);
    }
  }

  #forgetChain(upstream: Upstream): void {
    upstream.chainId = undefined;
    this.#heights.forget(upstream);
  }

  /**
   * A client's answer has shown the number of an upstream's newest block. It counts as if a check had asked for it.
   * Ignored for an upstream that is down or whose chain is unknown: it needs a check in any case.
   */
  learnHeight(upstream: Upstream, height: number): void {
    const state = this.#states.get(upstream);
    if (!state || upstream.down || upstream.chainId === undefined) return;
    state.heightLearnedMs = this.#options.clock.monotonicMs();
    state.failuresAtHeight = upstream.failures;
    this.#heights.learn(upstream, height);
  }

  /** Picks up new upstreams, twice per interval: a new one has its first check within one interval. */
  #pickUpNew(): void {
    const { clock, intervalMs, upstreams } = this.#options;
    this.#cancelPickUp = clock.after(intervalMs / 2, () => this.#pickUpNew());
    for (const upstream of upstreams()) {
      if (this.#states.has(upstream)) continue;
      this.#begin({
        upstream,
        failuresInARow: 0,
        successesInARow: 0,
        kept: false,
        checked: false,
        heightLearnedMs: Number.NEGATIVE_INFINITY,
        failuresAtHeight: 0,
        cancelNext: () => {},
      });
    }
  }

  #begin(state: CheckState): void {
    const { intervalMs, random } = this.#options;
    this.#states.set(state.upstream, state);
    this.#schedule(state, random() * Math.min(FIRST_ROUND_MS, intervalMs / 2));
  }

  #schedule(state: CheckState, delayMs: number): void {
    state.cancelNext = this.#options.clock.after(delayMs, () => void this.#check(state));
  }

  #drop(state: CheckState): void {
    state.cancelNext();
    this.#states.delete(state.upstream);
  }

  /** Drops an upstream that was removed from its list: results for it no longer count. */
  #isChecked(state: CheckState): boolean {
    if (this.#states.get(state.upstream) !== state) return false;
    if (this.#options.upstreams().includes(state.upstream)) return true;
    this.#drop(state);
    return false;
  }

  async #check(state: CheckState): Promise<void> {
    if (!this.#isChecked(state)) return;
    const { clock, intervalMs, random } = this.#options;
    const startedMs = clock.monotonicMs();
    const result = this.#isKnownAlive(state) ? ALIVE : await this.#ask(state.upstream);
    if (!this.#isChecked(state)) return;
    const pauseMs = intervalMs * (1 - JITTER + 2 * JITTER * random());
    this.#schedule(state, Math.max(0, startedMs + pauseMs - clock.monotonicMs()));
    this.#apply(state, result, startedMs);
  }

  /** It answered a client within the last interval, and nothing went wrong since. */
  #isKnownAlive({ upstream, heightLearnedMs, failuresAtHeight, failuresInARow }: CheckState): boolean {
    const { clock, intervalMs, probe } = this.#options;
    if (!probe.learnsFromAnswers || upstream.down || failuresInARow > 0) return false;
    return clock.monotonicMs() - heightLearnedMs < intervalMs && failuresAtHeight === upstream.failures;
  }

  async #ask(upstream: Upstream): Promise<ProbeResult> {
    try {
      return await this.#options.probe.check(upstream, this.#options.settings);
    } catch {
      return { up: false, problem: 'the check itself failed' };
    }
  }

  #apply(state: CheckState, result: ProbeResult, startedMs: number): void {
    const { upstream } = state;
    // Nothing is known: as if it had not been asked.
    if (result.up === undefined) return;
    state.checked = true;
    if (!result.up) {
      this.#downStates.failed(state, result.problem);
      this.#compareChains();
      return;
    }
    const { chainId, blockHeight } = result.found ?? {};
    if (chainId !== undefined) upstream.chainId = chainId;
    this.#recount();
    this.#downStates.succeeded(state, this.#chain.right);
    this.#compareChains();
    if (blockHeight !== undefined && !upstream.down) this.#heights.learn(upstream, blockHeight);
    const { probe, onHealthy } = this.#options;
    if (!result.limited) onHealthy(upstream, probe.proves, startedMs);
  }

  /** Not before all were asked: a new upstream may still decide the vote, and the first one is no majority. */
  #recount(): void {
    const upstreams = this.#options.upstreams();
    if (upstreams.every((upstream) => this.#states.get(upstream)?.checked)) this.#chain.count(upstreams);
  }

  #compareChains(): void {
    this.#recount();
    for (const upstream of this.#options.upstreams()) {
      const state = this.#states.get(upstream);
      if (state) this.#downStates.compare(state, this.#chain.right);
      if (upstream.down?.reason === 'wrong-chain') this.#heights.forget(upstream);
    }
  }
}
