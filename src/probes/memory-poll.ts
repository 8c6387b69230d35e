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
  /** Asked again and again: those who join are picked up, those who leave are dropped. */
  readonly upstreams: () => readonly Upstream[];
}

/** What is known of one upstream between two questions. */
interface State {
  dueMs: number;
  isBeingAsked: boolean;
  hasTold: boolean;
  /** Questions in a row that brought nothing. */
  misses: number;
}

/** A pastime, not a check: so few at once that it is in nobody's way. */
const MAX_AT_ONCE = 3;
/** Who has nothing to tell is asked no more often than this. */
const SILENT_PAUSE_MS = 3_600_000;
/** The first questions are spread over this long at most. */
const FIRST_ROUND_MS = 1_000;
const JITTER = 0.1;
/** How often it looks for who is due: a twentieth of an interval, between these. */
const LOOK_MS = { least: 100, most: 1_000 };

/**
 * Asks the upstreams for the memory of their processes, again and again, and writes what they say: the only
 * writer of `memoryBytes`. An upstream has one question at a time, and none while a probe holds it for dead.
 */
export class MemoryPoll {
  readonly #options: MemoryPollOptions;
  readonly #states = new WeakMap<Upstream, State>();
  #asking = 0;
  #cancelLook: (() => void) | undefined;

  constructor(options: MemoryPollOptions) {
    this.#options = options;
  }

  start(): void {
    if (!this.#cancelLook) this.#look();
  }

  /** Begins no new questions. Those under way go on to their end. */
  stop(): void {
    this.#cancelLook?.();
    this.#cancelLook = undefined;
  }

  #look(): void {
    const { clock, intervalMs } = this.#options;
    const lookMs = Math.max(LOOK_MS.least, Math.min(intervalMs / 20, LOOK_MS.most));
    this.#cancelLook = clock.after(lookMs, () => this.#look());
    this.#askWhoIsDue();
  }

  #askWhoIsDue(): void {
    while (this.#asking < MAX_AT_ONCE) {
      const upstream = this.#longestDue();
      if (!upstream) return;
      void this.#ask(upstream, this.#stateOf(upstream));
    }
  }

  /** Not the first in the list: where there is more to ask than time, those behind would never have their turn. */
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
    if (this.#cancelLook) this.#askWhoIsDue();
  }

  /** One that has told may have its reasons for a moment of silence; who never did is a stranger to the question. */
  #pauseMs(state: State, answer: MemoryAnswer): number {
    const { intervalMs } = this.#options;
    if (typeof answer !== 'string') {
      state.hasTold = true;
      state.misses = 0;
      return intervalMs;
    }
    state.misses += 1;
    const pauseMs = answer === 'silent' && !state.hasTold ? SILENT_PAUSE_MS : intervalMs * 2 ** state.misses;
    return Math.max(intervalMs, Math.min(pauseMs, SILENT_PAUSE_MS));
  }

  #stateOf(upstream: Upstream): State {
    let state = this.#states.get(upstream);
    if (!state) {
      const { clock, intervalMs, random } = this.#options;
      const dueMs = clock.monotonicMs() + random() * Math.min(FIRST_ROUND_MS, intervalMs / 2);
      state = { dueMs, isBeingAsked: false, hasTold: false, misses: 0 };
      this.#states.set(upstream, state);
    }
    return state;
  }
}
