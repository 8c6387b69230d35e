/** One attempt: sent, judged, learned from. */

import { ERROR, leastWorth } from '../calls/call-verdict.ts';
import type { AttemptResult } from '../events.ts';
import type { Pacer } from '../pacing/pacer.ts';
import type { Pool } from '../pools/pool.ts';
import type { Trial } from '../pools/trials.ts';
import type { AttemptEnd } from '../speed/speed.ts';
import type { Timing } from '../speed/timing.ts';
import type { AttemptOutcome, StreamEnd, TransmissionListener } from '../transport/outcome.ts';
import { Transmission } from '../transport/transmission.ts';
import type { Protocol } from '../upstreams/suspects.ts';
import type { Candidate } from './candidate.ts';
import type { Ended } from './ended.ts';
import type { Exchange } from './exchange.ts';
import { relayInterim } from './interim.ts';
import { judge, type Verdict } from './judge.ts';
import { learn, learnCut, protocolOf, record, type TransactionLookUp } from './learn.ts';
import { type Question, sentRequestOf } from './question.ts';

export interface AttemptListener extends TransactionLookUp {
  /** Called once. What the attempt brought is in the ledger by then. */
  onAttemptEnd(ended: Ended): void;
  /** Called in its place when the load balancer itself made a mistake. */
  onDefect(error: unknown): void;
}

interface Streaming {
  readonly result: AttemptResult;
  readonly durationMs: number;
  readonly protocol: Protocol;
  /** The upstream is to blame already. */
  readonly isBlamed: boolean;
}

export class Attempt implements TransmissionListener {
  readonly #exchange: Exchange;
  /** Let go when it is over: its answer may stream for long. */
  #question: Question | undefined;
  readonly #candidate: Pick<Candidate, 'upstream' | 'trial'>;
  readonly #pool: Pool;
  readonly #transmission: Transmission;
  #listener: AttemptListener | undefined;
  #startedMs = 0;
  #trial: Trial | undefined;
  #pacer: Pacer | undefined;
  #timing: Timing | undefined;
  /** Undefined while it is under way. */
  #result: AttemptResult | undefined;
  /** What is told of it when its answer has streamed. */
  #streaming: Streaming | undefined;

  constructor(
    exchange: Exchange,
    question: Question,
    candidate: Pick<Candidate, 'upstream' | 'trial'>,
    pool: Pool,
  ) {
    this.#exchange = exchange;
    this.#question = question;
    this.#candidate = candidate;
    this.#pool = pool;
    this.#transmission = new Transmission(question.outgoing, pool.transport, this);
  }

  start(listener: AttemptListener): void {
    this.#listener = listener;
    this.#startedMs = this.#pool.runtime.clock.monotonicMs();
    const { upstream, trial } = this.#candidate;
    const { trials, registry, speed } = this.#pool;
    if (trial && this.#exchange.countsAsTrial) this.#trial = trials.begin(upstream, this.#exchange.kind);
    // Others that have asked in vain leave it to this one to find out.
    if (this.#exchange.attempts.length > 0) upstream.triedMs = this.#startedMs;
    upstream.attempts += 1;
    this.#pacer = upstream.budget?.pacer;
    if (this.#question) this.#pacer?.sent(this.#question.callCount, this.#startedMs);
    if (speed && registry.all.length > 1 && this.#question && tellsSpeed(this.#exchange, this.#question)) {
      const { latencyKey, timing: before } = this.#exchange;
      this.#timing = speed.begin(upstream, latencyKey, this.#startedMs, before);
      this.#exchange.timing = this.#timing;
    }
    this.#transmission.start();
  }

  /** The client has left. */
  cancel(): void {
    this.#transmission.cancel('client-left');
  }

  /** Another attempt's answer is enough. One that is over may be the one: its answer streams on. */
  supersede(): void {
    if (this.#result === undefined) this.#transmission.cancel('superseded');
  }

  onInterim(status: number, raw: readonly Buffer[]): boolean {
    return relayInterim({ exchange: this.#exchange, upstream: this.#candidate.upstream }, status, raw);
  }

  onEnd(outcome: AttemptOutcome): void {
    const question = this.#question;
    const listener = this.#listener;
    if (!question || !listener) return;
    this.#question = undefined;
    this.#listener = undefined;
    // Called by undici, which would let an error end the process; it is to end this request only.
    try {
      const ended = this.#judged(question, outcome);
      this.#learn(ended);
      const settled = record(this.#exchange, ended, this.#pool, listener);
      if (settled)
        settled.then(() => listener.onAttemptEnd(ended)).catch((error) => listener.onDefect(error));
      else listener.onAttemptEnd(ended);
    } catch (error) {
      listener.onDefect(error);
    }
  }

  onStreamEnd(how: StreamEnd): void {
    const streaming = this.#streaming;
    if (!streaming) return;
    this.#streaming = undefined;
    // The same here; what the client is told of its answer's end must not depend on the books.
    try {
      this.#closeBooks(streaming, how);
    } catch (error) {
      this.#pool.runtime.logger.error({ err: error, id: this.#exchange.id }, 'An attempt failed by a defect');
    }
  }

  #closeBooks({ result, durationMs, protocol, isBlamed }: Streaming, how: StreamEnd): void {
    const isNews = how === 'cut' && !isBlamed;
    if (isNews) learnCut(this.#exchange, this.#candidate.upstream, protocol, this.#pool);
    this.#announce(isNews ? 'cut' : result, false, durationMs);
  }

  #judged(question: Question, outcome: AttemptOutcome): Ended {
    const startedMs = this.#startedMs;
    const durationMs = this.#pool.runtime.clock.monotonicMs() - startedMs;
    const sent = sentRequestOf(this.#exchange, question, this.#pool);
    const verdict = finalIfTaken(judge(outcome, sent), question);
    holdDecoded(question, outcome, verdict);
    const { upstream, trial } = this.#candidate;
    return { upstream, trial, pacer: this.#pacer, question, outcome, verdict, startedMs, durationMs };
  }

  #learn(ended: Ended): void {
    const { upstream, outcome, verdict, startedMs, durationMs } = ended;
    if (this.#timing) this.#pool.speed?.end(this.#timing, endOf(outcome, verdict), startedMs + durationMs);
    const { strategies, trials, queue } = this.#pool;
    if (outcome.kind === 'answered' || outcome.kind === 'switched' || outcome.kind === 'timed-out')
      strategies[upstream.tier].observe?.(upstream, durationMs);
    learn(this.#exchange, ended, this.#pool);
    // Afterwards, so that a request that waits for it finds the upstream well, if it is.
    if (this.#trial) trials.end(upstream, this.#trial);
    queue.serve();
    this.#note(ended, resultOf(outcome, verdict));
  }

  #note({ upstream, question, outcome, verdict, durationMs }: Ended, result: AttemptResult): void {
    this.#result = result;
    if (!question.isOwn) this.#exchange.attempts.push({ upstream, result });
    if (outcome.kind === 'answered' && outcome.stream) {
      // How it ends is not known yet.
      const isBlamed = verdict.blames.length > 0;
      this.#streaming = { result, durationMs, protocol: protocolOf(question), isBlamed };
    } else this.#announce(result, outcome.kind === 'switched', durationMs);
  }

  #announce(result: AttemptResult, tunnel: boolean, durationMs: number): void {
    const { id, traceId } = this.#exchange;
    const upstream = this.#candidate.upstream.identity;
    const { announcer } = this.#pool.runtime;
    announcer.announce({ type: 'attempt-finished', id, traceId, upstream, result, tunnel, durationMs });
  }
}

/** What its client can hold up says nothing, nor does a handshake or a question of our own. */
function tellsSpeed({ body, upgrade }: Exchange, { isOwn }: Question): boolean {
  return body.kind === 'kept' && upgrade === undefined && !isOwn;
}

function endOf(outcome: AttemptOutcome, { next, blames, calls }: Verdict): AttemptEnd {
  switch (outcome.kind) {
    case 'answered': {
      // One that refuses what others answer would look quick beside them, whoever is to blame.
      const isError = calls ? leastWorth(calls) <= ERROR : outcome.status >= 400;
      return next === 'deliver' && blames.length === 0 && !isError ? 'answered' : 'refused';
    }
    case 'unreachable':
      return outcome.reason === 'connect-timeout' ? 'unheard' : 'refused';
    case 'broken':
    case 'switched':
      return 'refused';
    default:
      return 'unheard';
  }
}

/** An answer that was unpacked to be judged is held beside the packed one, as long as calls are open. */
function holdDecoded({ outgoing }: Question, outcome: AttemptOutcome, { calls }: Verdict): void {
  if (outcome.kind !== 'answered' || !calls || calls.text === outcome.body) return;
  outgoing.account.holdPiece(calls.text.length, calls.text.length);
}

/** What was taken of a body that is not kept is gone: no other upstream can have it. */
function finalIfTaken(verdict: Verdict, { outgoing: { body } }: Question): Verdict {
  const gone = body.kind === 'piped' && body.taken && verdict.next === 'another';
  return gone ? { ...verdict, next: 'stop' } : verdict;
}

function resultOf(outcome: AttemptOutcome, { blames, next }: Verdict): AttemptResult {
  const [blame] = blames;
  if (blame) return blame.reason;
  switch (outcome.kind) {
    case 'answered':
      return next === 'another' ? 'inconclusive' : 'answered';
    case 'switched':
      return 'answered';
    case 'unreachable':
    case 'broken':
      return outcome.reason;
    case 'timed-out':
      return 'timeout';
    case 'shortage':
    case 'out-of-time':
    case 'superseded':
    case 'client-left':
      return outcome.kind;
    case 'upload-cut':
    case 'out-of-room':
      return 'inconclusive';
    case 'upload-failed':
      return 'client-left';
    default:
      return outcome satisfies never;
  }
}
