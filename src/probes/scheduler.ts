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
  /** Milliseconds from one check of an upstream to its next, give or take a tenth. */
  readonly intervalMs: number;
  /** Successes in a row that bring an upstream up again. */
  readonly rise: number;
  /** Failures in a row that take an upstream down. */
  readonly fall: number;
  /** How long one may be down for failed checks before it is removed, in milliseconds; Infinity: for ever. */
  readonly removeAfterMs: number;
  /** The chain that all must be on, in decimal; undefined: the one that most are on. */
  readonly expectedChain: string | undefined;
  /** Blocks by which one may be behind the others. */
  readonly maxBlockLag: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly announcer: Announcer;
  /** Asked again and again: those who join are picked up, those who leave are dropped. */
  readonly upstreams: () => readonly Upstream[];
  /**
   * Called for every successful check that was not refused for a limit, after the upstream's state was
   * written, with what it proves to be gone and when it began (monotonic milliseconds): a failure that came
   * later is not disproved. Must not throw.
   */
  readonly onHealthy: (
    upstream: Upstream,
    proves: ReadonlySet<FailureReason>,
    checkStartedMs: number,
  ) => void;
  /** Takes one that was down for too long out of its list; it is not the last one. Must not throw. */
  readonly onUnhealthy: (upstream: Upstream) => void;
}

/** What is known of one upstream between its checks. */
interface CheckState extends Streak {
  /** It was asked at least once, whatever came of it. */
  checked: boolean;
  /** When a client's answer last told its height, and how often it had failed until then. No garbage. */
  toldMs: number;
  toldFailures: number;
  cancelNext: () => void;
}

/** The first checks are spread over this long at most, so that a start finds the dead ones soon. */
const FIRST_ROUND_MS = 1_000;
const JITTER = 0.1;

/** What a client's answer shows in place of a check. */
const LIVES: ProbeResult = { up: true, limited: true };

/**
 * Checks every upstream again and again, and has what it finds written down: by `DownStates` who is dead or on
 * another chain, by `Heights` who lags. The checks of one upstream never overlap, those of different ones are
 * spread by chance. A check is left out where a client's answer has just told what it would.
 */
export class HealthScheduler {
  readonly #options: HealthSchedulerOptions;
  readonly #checked = new Map<Upstream, CheckState>();
  readonly #states: DownStates;
  readonly #heights: Heights;
  readonly #chain: ChainReference;
  #cancelLook: (() => void) | undefined;

  constructor(options: HealthSchedulerOptions) {
    this.#options = options;
    this.#states = new DownStates(options);
    this.#heights = new Heights({ ...options, maxLag: options.maxBlockLag });
    this.#chain = new ChainReference(options.expectedChain, options.announcer);
  }

  /** The first check of each upstream begins within a second, or half an interval if that is shorter. */
  start(): void {
    if (!this.#cancelLook) this.#look();
  }

  /** Ends all checking. A check under way goes on to its end, but its result is ignored. */
  stop(): void {
    this.#cancelLook?.();
    this.#cancelLook = undefined;
    for (const state of this.#checked.values()) this.#drop(state);
  }

  /**
   * A client's answer has told the number of an upstream's newest block. It counts as if a check had asked for
   * it. Does nothing for one that is down or whose chain is not known: there a check is due in any case.
   */
  learnHeight(upstream: Upstream, height: number): void {
    const state = this.#checked.get(upstream);
    if (!state || upstream.down || upstream.chainId === undefined) return;
    state.toldMs = this.#options.clock.monotonicMs();
    state.toldFailures = upstream.failures;
    this.#heights.learn(upstream, height);
  }

  /** Takes up who joined. Twice an interval: a new one has its first check within one. */
  #look(): void {
    const { clock, intervalMs, random, upstreams } = this.#options;
    this.#cancelLook = clock.after(intervalMs / 2, () => this.#look());
    for (const upstream of upstreams()) {
      if (this.#checked.has(upstream)) continue;
      const state: CheckState = {
        upstream,
        failuresInARow: 0,
        successesInARow: 0,
        kept: false,
        checked: false,
        toldMs: Number.NEGATIVE_INFINITY,
        toldFailures: 0,
        cancelNext: () => {},
      };
      this.#checked.set(upstream, state);
      this.#schedule(state, random() * Math.min(FIRST_ROUND_MS, intervalMs / 2));
    }
  }

  #schedule(state: CheckState, delayMs: number): void {
    state.cancelNext = this.#options.clock.after(delayMs, () => void this.#check(state));
  }

  #drop(state: CheckState): void {
    state.cancelNext();
    this.#checked.delete(state.upstream);
  }

  /** Drops an upstream that has left the list: what is found of it counts no more. */
  #isChecked(state: CheckState): boolean {
    if (this.#checked.get(state.upstream) !== state) return false;
    if (this.#options.upstreams().includes(state.upstream)) return true;
    this.#drop(state);
    return false;
  }

  async #check(state: CheckState): Promise<void> {
    if (!this.#isChecked(state)) return;
    const { clock, intervalMs, random } = this.#options;
    const startedMs = clock.monotonicMs();
    const result = this.#isKnownToLive(state) ? LIVES : await this.#ask(state.upstream);
    if (!this.#isChecked(state)) return;
    const pauseMs = intervalMs * (1 - JITTER + 2 * JITTER * random());
    this.#schedule(state, Math.max(0, startedMs + pauseMs - clock.monotonicMs()));
    this.#take(state, result, startedMs);
  }

  /** It answered a client within the last interval, and nothing went wrong since. */
  #isKnownToLive({ upstream, toldMs, toldFailures, failuresInARow }: CheckState): boolean {
    const { clock, intervalMs, probe } = this.#options;
    if (!probe.learnsFromAnswers || upstream.down || failuresInARow > 0) return false;
    return clock.monotonicMs() - toldMs < intervalMs && toldFailures === upstream.failures;
  }

  async #ask(upstream: Upstream): Promise<ProbeResult> {
    try {
      return await this.#options.probe.check(upstream, this.#options.settings);
    } catch {
      return { up: false, problem: 'the check itself failed' };
    }
  }

  #take(state: CheckState, result: ProbeResult, startedMs: number): void {
    const { upstream } = state;
    // Nothing was learned: as if it had not been asked.
    if (result.up === undefined) return;
    state.checked = true;
    if (!result.up) {
      this.#states.failed(state, result.problem);
      this.#compareChains();
      return;
    }
    const { chainId, blockHeight } = result.found ?? {};
    if (chainId !== undefined) upstream.chainId = chainId;
    this.#recount();
    this.#states.succeeded(state, this.#chain.right);
    this.#compareChains();
    if (blockHeight !== undefined && !upstream.down) this.#heights.learn(upstream, blockHeight);
    const { probe, onHealthy } = this.#options;
    if (!result.limited) onHealthy(upstream, probe.proves, startedMs);
  }

  /** Not before all were asked: a newcomer may still turn the scale, and the first one is no majority. */
  #recount(): void {
    const upstreams = this.#options.upstreams();
    if (upstreams.every((upstream) => this.#checked.get(upstream)?.checked)) this.#chain.count(upstreams);
  }

  #compareChains(): void {
    this.#recount();
    for (const upstream of this.#options.upstreams()) {
      const state = this.#checked.get(upstream);
      if (state) this.#states.compare(state, this.#chain.right);
      if (upstream.down?.reason === 'wrong-chain') this.#heights.forget(upstream);
    }
  }
}
