/** The attempts under way for one request. */

import { resultIn } from '../calls/sent-transactions.ts';
import type { Pool } from '../pools/pool.ts';
import type { Queue, Turn, Waiter } from '../pools/queue.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import { Attempt, type AttemptListener } from './attempt.ts';
import { type Candidate, type NextCandidate, NOBODY } from './candidate.ts';
import { Candidates } from './candidates.ts';
import type { Ended } from './ended.ts';
import type { EndsWithClient, Exchange } from './exchange.ts';
import { type Hedge, type HedgedRace, hasBudgetToSpare, hedgeFor } from './hedge.ts';
import { lookUpOf, questionOf } from './question.ts';
import { slowOne } from './slow-trial.ts';
import { candidateSource, isBound } from './sticky.ts';
import { CallsWillingness } from './willingness.ts';

/** `nobody`: no upstream is left to ask, or no attempt or time to wait. */
export type RaceStep = Ended | 'nobody' | 'client-left';

type Waiting = Extract<NextCandidate, { kind: 'wait' }>;

const NONE: readonly Ended[] = [];

/**
 * Starts attempts, one candidate after the other, and tells which one ended first. The loop that asks for the next
 * one need not know how many are under way, nor whether one waits for its turn. Told when the client leaves.
 */
export class Race implements EndsWithClient, AttemptListener, Waiter, HedgedRace {
  readonly #exchange: Exchange;
  readonly #pool: Pool;
  readonly #candidates: Candidates;
  readonly calls: number;
  /** Many calls take turns with single ones, and pieces give way at first: so that they hold up nobody. */
  turn: Turn;
  /** Let go at the end, with the calls that it knows: the answer may stream for long. */
  #willingness: CallsWillingness | undefined;
  /** All that were started, look-ups included. One that is over takes no harm when it is cancelled. */
  readonly #attempts: Attempt[] = [];
  #started = 0;
  #underWay = 0;
  #ended: readonly Ended[] = NONE;
  #give: ((step: RaceStep) => void) | undefined;
  #fail: ((error: Error) => void) | undefined;
  #defect: Error | undefined;
  /** Undefined where no second upstream may be asked at the same time. */
  #hedge: Hedge | undefined;
  #queue: Queue | undefined;
  #waitsSinceMs = 0;
  /** Until when it may wait for an upstream, as the above in monotonic milliseconds. Undefined while it need not. */
  #waitEndMs: number | undefined;

  constructor(exchange: Exchange, pool: Pool) {
    this.#exchange = exchange;
    this.#pool = pool;
    this.calls = exchange.rpc?.calls.length ?? 1;
    this.turn = exchange.whole ? 'later' : this.calls > 1 ? 'shares' : 'order';
    this.#candidates = new Candidates(candidateSource(exchange, pool), pool.room, exchange);
    this.#hedge = hedgeFor(this, exchange, pool);
    this.#willingness = new CallsWillingness(exchange, pool);
    exchange.underWay = this;
  }

  /** The attempt that ends first. Starts one when none is under way. Rejects only by a defect of the load balancer. */
  next(): Promise<RaceStep> {
    if (this.#defect) return Promise.reject(this.#defect);
    const ended = this.#ended.length > 0 ? this.#ended[0] : undefined;
    if (ended) {
      this.#ended = this.#ended.slice(1);
      return Promise.resolve(ended);
    }
    return new Promise((give, fail) => {
      this.#give = give;
      this.#fail = fail;
      if (this.#underWay === 0) this.start();
    });
  }

  /** Starts the next candidate's attempt, beside those under way; where none is, waits for its turn. */
  start(): void {
    this.#pool.queue.serve();
    const next = this.#next();
    if (next.kind !== 'wait') this.#go(next);
    else if (this.#underWay === 0 && !this.#wait(next)) this.giveUp();
  }

  /** No other attempt's end is of interest: cancels all under way. Returns what it is given. */
  end<T>(ending: T): T {
    this.#willingness = undefined;
    this.#hedge?.over();
    this.#leaveQueue();
    if (this.#underWay > 0) for (const attempt of this.#attempts) attempt.supersede();
    return ending;
  }

  startBeside(first: Upstream): Upstream | undefined {
    const { queue, settings, runtime } = this.#pool;
    const isOver = this.#underWay === 0 || this.#started >= settings.maxAttempts || !this.#willingness;
    // It is no call besides: of a slow one nothing is to be hoped for, and it was its turn already.
    const isDue = first.slow !== undefined;
    // Nobody overtakes those that wait for room.
    if (isOver || (queue.length > 0 && !isDue) || isBound(this.#exchange, first, this.#pool))
      return undefined;
    const nowMs = runtime.clock.monotonicMs();
    const suits = (second: Upstream) => isDue || hasBudgetToSpare(second, first, nowMs);
    const next = this.#willingness && this.#candidates.beside(this.#willingness, suits);
    if (next) this.#ask(next);
    return next?.upstream;
  }

  onClientLeft(): void {
    this.#hedge?.over();
    for (const attempt of this.#attempts) attempt.cancel();
    if (!this.#queue) return;
    this.#leaveQueue();
    this.#tellNobody();
  }

  waitsFor(upstream: Upstream): boolean {
    return this.#candidates.waitsFor(upstream);
  }

  lookAgain(): number | undefined {
    try {
      const queue = this.#queue;
      const next = this.#next();
      if (next.kind === 'wait' && this.#queueFor(next) === queue) return next.untilMs;
      this.#leaveQueue();
      if (next.kind === 'wait' && this.#wait(next)) return undefined;
      this.#go(next);
      // A piece may wait on where it was.
      return queue && this.#queue === queue ? this.#waitEndMs : undefined;
    } catch (error) {
      this.onDefect(error);
      return undefined;
    }
  }

  giveUp(): void {
    this.#candidates.mayWait(false);
    this.lookAgain();
  }

  onAttemptEnd(ended: Ended): void {
    this.#underWay -= 1;
    const told = this.#hedge ? this.#hedge.ended(ended) : ended;
    if (told) this.tell(told);
  }

  tell(step: RaceStep): void {
    const give = this.#give;
    this.#give = undefined;
    this.#fail = undefined;
    if (give) give(step);
    else if (typeof step !== 'string') this.#ended = [...this.#ended, step];
  }

  onDefect(error: unknown): void {
    this.#defect = error instanceof Error ? error : new Error(String(error));
    // Nobody takes an answer any more: one that streams would stand still for ever.
    for (const attempt of this.#attempts) attempt.cancel();
    this.#fail?.(this.#defect);
  }

  /** Whether an upstream knows a transaction by its hash. Rejects only by a defect. */
  lookUp(hash: string, upstream: Upstream): Promise<boolean> {
    if (this.#exchange.left) return Promise.resolve(false);
    const question = lookUpOf(this.#exchange, hash, upstream);
    const lookUp = new Attempt(this.#exchange, question, { upstream, trial: false }, this.#pool);
    this.#attempts.push(lookUp);
    return new Promise((resolve, onDefect) => {
      const onAttemptEnd = ({ outcome }: Ended) => {
        if (outcome.kind === 'answered') outcome.stream?.cancel();
        const answer = question.asked[0]?.answer;
        const transaction = answer && resultIn(answer.bytes);
        resolve(typeof transaction === 'object' && transaction !== null);
      };
      lookUp.start({ onAttemptEnd, onDefect, lookUp: () => Promise.resolve(false) });
    });
  }

  #next(): NextCandidate {
    const isEnd = this.#exchange.left || this.#pool.queue.isClosed;
    if (isEnd || this.#started >= this.#pool.settings.maxAttempts || !this.#willingness) return NOBODY;
    const mayTry = this.#hedge ? this.#willingness : undefined;
    const tried = this.#started === 0 && slowOne(this.#exchange, this.#pool, this.#candidates, mayTry);
    return tried || this.#candidates.next(this.#willingness);
  }

  #ask(candidate: Candidate): void {
    const { upstream } = candidate;
    const calls = this.#willingness?.callsFor(upstream) ?? [];
    const question = questionOf(this.#exchange, calls, upstream);
    const attempt = new Attempt(this.#exchange, question, candidate, this.#pool);
    this.#attempts.push(attempt);
    this.#started += 1;
    this.#underWay += 1;
    attempt.start(this);
    if (this.#underWay === 1) this.#hedge?.watch(upstream, this.#pool.runtime.clock.monotonicMs());
  }

  #queueFor({ waitsFor }: Waiting): Queue {
    return waitsFor === 'others' ? this.#pool.onlookers : this.#pool.queue;
  }

  /** Waits for its turn. False when it may not. */
  #wait(waiting: Waiting): boolean {
    const { runtime, settings } = this.#pool;
    const { untilMs: roomAtMs } = waiting;
    const queue = this.#queueFor(waiting);
    const nowMs = runtime.clock.monotonicMs();
    this.#waitEndMs ??= Math.min(nowMs + settings.maxQueueWaitMs, this.#exchange.deadlineMs);
    const isTooLate = nowMs >= this.#waitEndMs || (roomAtMs > this.#waitEndMs && Number.isFinite(roomAtMs));
    if (isTooLate || !queue.join(this, this.#waitEndMs)) return false;
    this.#queue = queue;
    this.#waitsSinceMs = nowMs;
    return true;
  }

  #leaveQueue(): void {
    const queue = this.#queue;
    if (!queue) return;
    this.#queue = undefined;
    this.#exchange.queuedMs += this.#pool.runtime.clock.monotonicMs() - this.#waitsSinceMs;
    queue.leave(this);
  }

  #go(next: NextCandidate): void {
    if (next.kind === 'ask') this.#ask(next);
    else if (!this.#waitOn()) this.#tellNobody();
  }

  /** A piece that gave way in vain then takes turns with others, for as long as the request may take. */
  #waitOn(): boolean {
    if (this.turn !== 'later' || this.#underWay > 0 || !this.#candidates.lacksRoom) return false;
    this.turn = 'shares';
    this.#waitEndMs = this.#exchange.deadlineMs;
    this.#candidates.mayWait(true);
    const next = this.#next();
    if (next.kind === 'ask') this.#ask(next);
    return next.kind === 'wait' ? this.#wait(next) : next.kind === 'ask';
  }

  /** Where an attempt is under way its end is waited for. */
  #tellNobody(): void {
    if (this.#underWay > 0) return;
    this.#exchange.lackedRoom ||= this.#candidates.lacksRoom;
    this.tell(this.#exchange.left ? 'client-left' : 'nobody');
  }
}
