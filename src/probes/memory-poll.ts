/** Asks the upstreams for the memory of their processes, again and again. */

import type { Clock } from '../clock.ts';
import type { Random } from '../random.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { MemoryAnswer } from './memory-usage.ts';

export interface MemoryPollOptions {
  /** Never rejects. */
  readonly ask: (upstream: Upstream) => Promise<MemoryAnswer>;
  /** Milliseconds from one question to the next, or up to a tenth more. */
  readonly intervalMs: number;
  readonly clock: Clock;
  readonly random: Random;
  /** Called again and again: new upstreams are picked up, removed ones are dropped. */
  readonly upstreams: () => readonly Upstream[];
}

/** What is known of one upstream between two questions. */
interface State {
  dueMs: number;
  isBeingAsked: boolean;
  hasAnswered: boolean;
  /** Questions in a row without a usable answer. */
  misses: number;
}

/** Unlike a check it is not urgent: so few at once that it disturbs nothing else. */
const MAX_AT_ONCE = 3;
/** An upstream that doesn't report its memory is asked no more often than this. */
const SILENT_PAUSE_MS = 3_600_000;
/** The first questions are spread over this long at most. */
const FIRST_ROUND_MS = 1_000;
const JITTER = 0.1;
/** How often it looks for upstreams that are due: a twentieth of an interval, between these. */
const TICK_MS = { least: 100, most: 1_000 };

/**
 * The only writer of `memoryBytes`. An upstream is asked one question at a time, and none while a probe considers it
 * dead.
 */
export class MemoryPoll {
  readonly #options: MemoryPollOptions;
  readonly #states = new WeakMap<Upstream, State>();
  #asking = 0;
  #cancelTick: (() => void) | undefined;

  constructor(options: MemoryPollOptions) {
    this.#options = options;
  }

  start(): void {
    if (!this.#cancelTick) this.#tick();
  }

  /** Begins no new questions. Those under way go on to their end. */
  stop(): void {
    this.#cancelTick?.();
    this.#cancelTick = undefined;
  }

  /** To be called when it is stopped for good. */
  forget(): void {
    for (const upstream of this.#options.upstreams()) upstream.memoryBytes = undefined;
  }

  #tick(): void {
    const { clock, intervalMs } = this.#options;
    const tickMs = Math.max(TICK_MS.least, Math.min(intervalMs / 20, TICK_MS.most));
    this.#cancelTick = clock.after(tickMs, () => this.#tick());
    this.#askDue();
  }

  #askDue(): void {
    while (this.#asking < MAX_AT_ONCE) {
      const upstream = this.#longestDue();
      if (!upstream) return;
      void this.#ask(upstream, this.#stateOf(upstream));
    }
  }

  /** Not the first one due in the list: with too many to ask, those at the end would never have their turn. */
  #longestDue(): Upstream | undefined {
    const nowMs = this.#options.clock.monotonicMs();
    let longest: Upstream | undefined;
    let dueMs = nowMs;
    for (const upstream of this.#options.upstreams()) {
      const state = this.#stateOf(upstream);
      if (upstream.down || state.isBeingAsked || state.dueMs > dueMs) continue;
      longest = upstream;
      ({ dueMs } = state);
    }
    return longest;
  }

  async #ask(upstream: Upstream, state: State): Promise<void> {
    const { ask, clock, random } = this.#options;
    state.isBeingAsked = true;
    this.#asking += 1;
    const startedMs = clock.monotonicMs();
    const answer = await ask(upstream);
    this.#asking -= 1;
    state.isBeingAsked = false;
    upstream.memoryBytes = typeof answer === 'string' ? undefined : answer.bytes;
    state.dueMs = startedMs + this.#pauseMs(state, answer) * (1 + JITTER * random());
    if (this.#cancelTick) this.#askDue();
  }

  /** Retried soon after an answer earlier on; an upstream that never gave one probably doesn't know the question. */
  #pauseMs(state: State, answer: MemoryAnswer): number {
    const { intervalMs } = this.#options;
    if (typeof answer !== 'string') {
      state.hasAnswered = true;
      state.misses = 0;
      return intervalMs;
    }
    state.misses += 1;
    const pauseMs =
      answer === 'silent' && !state.hasAnswered ? SILENT_PAUSE_MS : intervalMs * 2 ** state.misses;
    return Math.max(intervalMs, Math.min(pauseMs, SILENT_PAUSE_MS));
  }

  #stateOf(upstream: Upstream): State {
    let state = this.#states.get(upstream);
    if (!state) {
      const { clock, intervalMs, random } = this.#options;
      const dueMs = clock.monotonicMs() + random() * Math.min(FIRST_ROUND_MS, intervalMs / 2);
      state = { dueMs, isBeingAsked: false, hasAnswered: false, misses: 0 };
      this.#states.set(upstream, state);
    }
    return state;
  }
}
