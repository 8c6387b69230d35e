/** Events as a worker sends them: many at a time, those of single requests as numbers. */

import {
  ATTEMPT_RESULTS,
  type Event,
  type EventOf,
  type PoolIdentity,
  REQUEST_RESULTS,
  type UpstreamIdentity,
} from '../events.ts';

/** What is told of events; numbers that stand for texts are places in `words`. */
export interface EventBatch {
  /** Keys of upstreams, names of pools, methods and codes. */
  readonly words: readonly string[];
  /** One event after the other, each beginning with its kind. */
  readonly numbers: Float64Array;
  /** Events of the kind OTHER. */
  readonly others: readonly OtherEvent[];
}

/** An event whose identities are told apart. */
export interface OtherEvent {
  /** With null for each of them. */
  readonly event: object;
  readonly pool: number;
  readonly upstream: number;
  readonly other: number;
  /** Each with the place of its upstream. */
  readonly failures: readonly (readonly [upstream: number, reason: string])[] | undefined;
}

export const KINDS = { attempt: 0, request: 1, other: 2 } as const;
/** Stands for no word. */
export const NONE = -1;

/** The requests of operators are waited for: see `Console`. */
const OPERATORS_ID = 'console-';
/** Without a report in this time the memory of a worker must not grow. */
const MAX_NUMBERS = 2_000_000;

const attemptResults = placesOf(ATTEMPT_RESULTS);
const requestResults = placesOf(REQUEST_RESULTS);

/** `keyOf`: what an upstream is called in the other process; undefined where it is not known. */
export class EventWriter {
  readonly #keyOf: (upstream: UpstreamIdentity) => string | undefined;
  #words: string[] = [];
  #places = new Map<string | UpstreamIdentity, number>();
  #numbers: number[] = [];
  #others: OtherEvent[] = [];

  constructor(keyOf: (upstream: UpstreamIdentity) => string | undefined) {
    this.#keyOf = keyOf;
  }

  /** Adds an event. Returns whether others should know it at once. */
  add(event: Event): boolean {
    if (this.#numbers.length > MAX_NUMBERS) return true;
    if (event.type === 'attempt-finished' && !isOperators(event)) this.#addAttempt(event);
    else if (event.type === 'request-finished' && !event.failures?.length && !isOperators(event))
      this.#addRequest(event);
    else {
      this.#addOther(event);
      return event.type !== 'request-finished' || isOperators(event);
    }
    return false;
  }

  /** All since the last call; undefined when there was none. */
  take(): EventBatch | undefined {
    if (this.#numbers.length === 0) return undefined;
    const batch = {
      words: this.#words,
      numbers: Float64Array.from(this.#numbers),
      others: this.#others,
    };
    this.#words = [];
    this.#places = new Map();
    this.#numbers = [];
    this.#others = [];
    return batch;
  }

  #addAttempt({ upstream, result, tunnel, durationMs }: EventOf<'attempt-finished'>): void {
    const place = attemptResults.get(result) ?? 0;
    this.#numbers.push(KINDS.attempt, this.#upstream(upstream), place, tunnel ? 1 : 0, durationMs);
  }

  #addRequest(event: EventOf<'request-finished'>): void {
    this.#numbers.push(
      KINDS.request,
      this.#word(event.pool.name),
      this.#word(event.rpcMethod),
      this.#upstream(event.upstream),
      this.#word(event.code),
      requestResults.get(event.result) ?? 0,
      event.status,
      event.primariesOut ? 1 : 0,
      event.attempts,
      event.queuedMs,
      event.durationMs,
    );
  }

  #addOther(event: Event): void {
    const { pool, upstream, other, failures }: Identities & object = event;
    this.#numbers.push(KINDS.other);
    this.#others.push({
      // In their places, so that the event is written with its members in the same order there.
      event: {
        ...event,
        ...(pool && { pool: null }),
        ...(upstream && { upstream: null }),
        ...(other && { other: null }),
        ...(failures && { failures: null }),
      },
      pool: this.#word(pool?.name),
      upstream: this.#upstream(upstream),
      other: this.#upstream(other),
      failures: failures?.map((failure) => [this.#upstream(failure.upstream), failure.reason] as const),
    });
  }

  #upstream(upstream: UpstreamIdentity | undefined): number {
    if (!upstream) return NONE;
    const known = this.#places.get(upstream);
    if (known !== undefined) return known;
    const place = this.#word(this.#keyOf(upstream));
    this.#places.set(upstream, place);
    return place;
  }

  #word(word: string | undefined): number {
    if (word === undefined) return NONE;
    const known = this.#places.get(word);
    if (known !== undefined) return known;
    this.#places.set(word, this.#words.length);
    return this.#words.push(word) - 1;
  }
}

/** What events have that is an identity. */
interface Identities {
  readonly pool?: PoolIdentity;
  readonly upstream?: UpstreamIdentity | undefined;
  readonly other?: UpstreamIdentity;
  readonly failures?: EventOf<'request-finished'>['failures'];
}

function isOperators({ id }: { readonly id: string }): boolean {
  return id.startsWith(OPERATORS_ID);
}

function placesOf<Word extends string>(words: readonly Word[]): ReadonlyMap<Word, number> {
  return new Map(words.map((word, place) => [word, place]));
}
