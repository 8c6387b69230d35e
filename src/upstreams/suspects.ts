/** Upstreams at which a request failed in a way that it may have caused itself. */

import type { Clock } from '../clock.ts';
import type { FailureReason } from '../events.ts';
import type { Quarantine } from './quarantine.ts';
import { type Blame, isLongQuarantine, isPaced } from './quarantine-duration.ts';
import type { Upstream } from './upstream.ts';

/** The kind of question that an upstream is asked: that of the request that failed there. */
export type Protocol = 'rpc' | 'http';

/**
 * Asks an upstream a plain question of our own, with nothing of a client's in it. Resolves to what the upstream is to
 * blame for, undefined when it answered. Must not reject.
 */
export type PlainQuestion = (upstream: Upstream, protocol: Protocol) => Promise<Blame | undefined>;

export interface Suspicion {
  readonly protocol: Protocol;
  /** It may be left out before it is known what was to blame: the request has suspended no other upstream yet. */
  readonly maySuspend: boolean;
  /** When the request came; monotonic milliseconds. */
  readonly sinceMs: number;
}

export interface SuspectsOptions {
  /** Undefined: no questions of our own are allowed. */
  readonly ask: PlainQuestion | undefined;
  readonly quarantine: Quarantine;
  readonly clock: Clock;
}

/** Between two questions to one upstream; also how long an upstream that answered is not put out again. */
const QUESTION_INTERVAL_MS = 1_000;
/** How long a suspicion waits for a second request with the same failure, where no question may be asked. */
const SUSPICION_MS = 60_000;

/** No request can cause these, so they are believed at once. */
const CERTAIN: ReadonlySet<FailureReason> = new Set<FailureReason>([
  'refused',
  'dns',
  'tls',
  'connect-timeout',
  'rate-limited',
]);

/** Whether a blame needs no question: no request can have caused it. A stated rest is a 503 with Retry-After. */
export function isCertain({ reason, rest }: Blame): boolean {
  return CERTAIN.has(reason) || (rest?.kind === 'for' && !isLongQuarantine(reason));
}

interface State {
  /** When it was asked last, here or by another process. */
  askedMs: number;
  answeredMs: number;
  protocol: Protocol;
  /** idle -> planned -> asking -> idle. One question covers all suspicions until it ends. */
  stage: 'idle' | 'planned' | 'asking';
}

/**
 * A request may itself cause a reset after it was sent, a time-out, a 5xx, no answer, a broken key. So that no client
 * can make upstreams unusable for others, one request puts out at most one upstream, and each upstream where it failed
 * is asked a plain question: one that answers is usable at once, one that fails again is quarantined for the time that
 * fits. Where no questions are allowed, the next request with the same failure replaces the question.
 */
export class Suspects {
  readonly #options: SuspectsOptions;
  #question: PlainQuestion | undefined;
  /** Told of each question, and of each that was answered: one process asks for all of a machine. Set by what shares. */
  onQuestion: (upstream: Upstream, isAnswered: boolean) => void = () => {};
  readonly #states = new WeakMap<Upstream, State>();
  /** Suspicions that wait for a second request, at most one per upstream. Empty while all is well. */
  readonly #awaiting = new Map<Upstream, { readonly reason: FailureReason; readonly sinceMs: number }>();
  #stopped = false;

  constructor(options: SuspectsOptions) {
    this.#options = options;
    this.#question = options.ask;
  }

  /** Undefined: no questions of our own are allowed any more. */
  setQuestion(ask: PlainQuestion | undefined): void {
    this.#question = ask;
    this.#awaiting.clear();
  }

  /** A request failed at this upstream, and may have caused the failure. */
  suspect(upstream: Upstream, blame: Blame, suspicion: Suspicion): void {
    if (upstream.hasLeft || this.#stopped) return;
    if (this.#question) this.#plan(upstream, blame, suspicion);
    else if (!blame.weak) this.#remember(upstream, blame, suspicion);
  }

  /** It has answered a request, or has left. */
  cleared(upstream: Upstream): void {
    if (this.#awaiting.size > 0) this.#awaiting.delete(upstream);
  }

  /** Another process asks it now. */
  adoptQuestion(upstream: Upstream): void {
    this.#stateOf(upstream).askedMs = this.#options.clock.monotonicMs();
  }

  /** It has answered the question of another process. */
  adoptAnswer(upstream: Upstream): void {
    if (!upstream.hasLeft && !this.#stopped) this.#answered(upstream, this.#stateOf(upstream));
  }

  /** No more questions are asked. */
  stop(): void {
    this.#stopped = true;
  }

  #plan(upstream: Upstream, { reason }: Blame, { protocol, maySuspend }: Suspicion): void {
    const { quarantine, clock } = this.#options;
    const state = this.#stateOf(upstream);
    const nowMs = clock.monotonicMs();
    // One that has just answered is believed: otherwise a client could keep it out with one bad request a second.
    if (maySuspend && nowMs - state.answeredMs >= QUESTION_INTERVAL_MS) quarantine.suspend(upstream, reason);
    if (state.stage !== 'idle') return;
    state.protocol = protocol;
    this.#askWhenDue(upstream, state);
  }

  #askWhenDue(upstream: Upstream, state: State): void {
    const { clock } = this.#options;
    const waitMs = state.askedMs + QUESTION_INTERVAL_MS - clock.monotonicMs();
    if (waitMs <= 0) void this.#ask(upstream, state);
    else {
      state.stage = 'planned';
      // Another process may ask it meanwhile.
      clock.after(waitMs, () => this.#askWhenDue(upstream, state));
    }
  }

  async #ask(upstream: Upstream, state: State): Promise<void> {
    const { quarantine, clock } = this.#options;
    const ask = this.#question;
    if (!ask || upstream.hasLeft || this.#stopped) {
      state.stage = 'idle';
      return;
    }
    state.stage = 'asking';
    state.askedMs = clock.monotonicMs();
    this.onQuestion(upstream, false);
    // An error on our side says nothing about the upstream.
    const blame = await ask(upstream, state.protocol).catch(() => undefined);
    state.stage = 'idle';
    if (this.#stopped) return;
    // One that is asked too often is alive.
    if (blame && !isPaced(blame, upstream.budget, clock.wallMs())) quarantine.add(upstream, blame);
    else {
      this.#answered(upstream, state);
      this.onQuestion(upstream, true);
    }
  }

  #answered(upstream: Upstream, state: State): void {
    state.answeredMs = this.#options.clock.monotonicMs();
    this.#options.quarantine.clear(upstream, state.askedMs);
  }

  #remember(upstream: Upstream, blame: Blame, { maySuspend, sinceMs }: Suspicion): void {
    const { quarantine, clock } = this.#options;
    const nowMs = clock.monotonicMs();
    const before = this.#awaiting.get(upstream);
    // One that was under way already doesn't confirm anything: a client may send as many as it likes at once.
    if (before && sinceMs < before.sinceMs) return;
    if (before?.reason === blame.reason && nowMs - before.sinceMs < SUSPICION_MS) {
      this.#awaiting.delete(upstream);
      quarantine.add(upstream, blame);
      return;
    }
    this.#awaiting.set(upstream, { reason: blame.reason, sinceMs: nowMs });
    if (!maySuspend) return;
    if (quarantine.automatic && isLongQuarantine(blame.reason)) quarantine.suspend(upstream, blame.reason);
    else quarantine.add(upstream, blame);
  }

  #stateOf(upstream: Upstream): State {
    let state = this.#states.get(upstream);
    if (!state) {
      const never = Number.NEGATIVE_INFINITY;
      state = { askedMs: never, answeredMs: never, protocol: 'http', stage: 'idle' };
      this.#states.set(upstream, state);
    }
    return state;
  }
}
