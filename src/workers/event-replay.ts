/** Reads the events that a worker has sent, with this process's own identities. */

import {
  ATTEMPT_RESULTS,
  type Event,
  type FailureReason,
  type PoolIdentity,
  REQUEST_RESULTS,
  type UpstreamFailure,
  type UpstreamIdentity,
} from '../events.ts';
import { type EventBatch, KINDS, type OtherEvent } from './event-batch.ts';

/** Finds what is announced in this process; undefined for what it does not have any more. */
export interface Lookup {
  upstream(key: string): UpstreamIdentity | undefined;
  pool(name: string): PoolIdentity | undefined;
}

/** Calls `announce` with each event of a batch in turn, but for those about what is gone. */
export function replay(
  { words, numbers, others }: EventBatch,
  lookup: Lookup,
  announce: (event: Event) => void,
): void {
  const upstreams = placesIn(words, (word) => lookup.upstream(word));
  const pools = placesIn(words, (word) => lookup.pool(word));
  let at = 0;
  let nextOther = 0;
  const next = (): number => numbers[at++] ?? 0;
  const readers: Readonly<Record<number, () => Event | undefined>> = {
    [KINDS.attempt]: () => attemptOf(next, upstreams),
    [KINDS.request]: () => requestOf(next, { words, upstreams, pools }),
    [KINDS.other]: () => otherOf(others[nextOther++], upstreams, pools),
  };
  while (at < numbers.length) {
    const event = readers[next()]?.();
    if (event) announce(event);
  }
}

/** What stands at a place of the words; each is looked up once, and only where it is asked for. */
type At<T> = (place: number) => T | undefined;
type Upstreams = At<UpstreamIdentity>;
type Pools = At<PoolIdentity>;

function placesIn<T>(words: readonly string[], find: (word: string) => T | undefined): At<T> {
  const found = new Map<number, T | undefined>();
  return (place) => {
    if (found.has(place)) return found.get(place);
    const word = words[place];
    const value = word === undefined ? undefined : find(word);
    found.set(place, value);
    return value;
  };
}

function attemptOf(next: () => number, upstreams: Upstreams): Event | undefined {
  const upstream = upstreams(next());
  const result = ATTEMPT_RESULTS[next()];
  const tunnel = next() === 1;
  const durationMs = next();
  if (!upstream || !result) return undefined;
  return { type: 'attempt-finished', id: '', upstream, result, tunnel, durationMs };
}

interface Texts {
  readonly words: readonly string[];
  readonly upstreams: Upstreams;
  readonly pools: Pools;
}

/** The client's own texts, which only the log shows, are not sent. */
function requestOf(next: () => number, { words, upstreams, pools }: Texts): Event | undefined {
  const pool = pools(next());
  const rpcMethod = words[next()];
  const upstream = upstreams(next());
  const code = words[next()];
  const result = REQUEST_RESULTS[next()];
  const status = next();
  const primariesOut = next() === 1;
  const attempts = next();
  const queuedMs = next();
  const durationMs = next();
  if (!pool || !result) return undefined;
  return {
    type: 'request-finished',
    ...{ pool, rpcMethod, upstream, code, result, status, primariesOut, attempts, queuedMs, durationMs },
    ...{ id: '', clientAddress: '', clientName: undefined, method: '', path: undefined },
  };
}

function otherOf(sent: OtherEvent | undefined, upstreams: Upstreams, pools: Pools): Event | undefined {
  if (!sent) return undefined;
  const upstream = upstreams(sent.upstream);
  const other = upstreams(sent.other);
  const pool = pools(sent.pool);
  // Of a request it can do without: its own end is to be counted.
  const isOfRequest = sent.failures !== undefined || 'clientAddress' in sent.event;
  if ((sent.upstream >= 0 && !upstream && !isOfRequest) || (sent.other >= 0 && !other)) return undefined;
  if (sent.pool >= 0 && !pool) return undefined;
  // It was one before it was taken apart.
  return {
    ...sent.event,
    ...(sent.pool >= 0 ? { pool } : {}),
    ...('upstream' in sent.event ? { upstream } : {}),
    ...(sent.other >= 0 ? { other } : {}),
    ...(sent.failures ? { failures: failuresOf(sent.failures, upstreams) } : {}),
  } as Event;
}

function failuresOf(sent: NonNullable<OtherEvent['failures']>, upstreams: Upstreams): UpstreamFailure[] {
  return sent.flatMap(([place, reason]) => {
    const upstream = upstreams(place);
    // It was one when it was sent.
    return upstream ? [{ upstream, reason: reason as FailureReason }] : [];
  });
}
