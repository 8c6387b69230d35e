import { deserialize, serialize } from 'node:v8';
import { describe, expect, it } from 'vitest';
import { type Event, PoolIdentity, UpstreamIdentity } from '../../src/events.ts';
import { type EventBatch, EventWriter } from '../../src/workers/event-batch.ts';
import { replay } from '../../src/workers/event-replay.ts';

/** What one process calls the same things as the other. */
function identities() {
  const pool = new PoolIdentity('base');
  return {
    pool,
    one: new UpstreamIdentity('one', 'primary', pool),
    two: new UpstreamIdentity('two', 'fallback', pool),
  };
}

const there = identities();
const here = identities();
const keys = new Map([
  [there.one, 'key1'],
  [there.two, 'key2'],
]);
const upstreams = new Map([
  ['key1', here.one],
  ['key2', here.two],
]);

function sent(events: readonly Event[], known = upstreams): Event[] {
  const writer = new EventWriter((upstream) => keys.get(upstream));
  for (const event of events) writer.add(event);
  const batch = writer.take();
  expect(writer.take()).toBeUndefined();
  const received: Event[] = [];
  if (!batch) return received;
  // As a channel between processes copies it; what was a batch is one.
  const copied = deserialize(serialize(batch)) as EventBatch;
  const lookup = {
    upstream: (key: string) => known.get(key),
    pool: (name: string) => (name === 'base' ? here.pool : undefined),
  };
  replay(copied, lookup, (event) => received.push(event));
  return received;
}

const attempt = {
  type: 'attempt-finished',
  ...{ id: 'r1', upstream: there.one, result: 'timeout', tunnel: false, durationMs: 1.25 },
} as const satisfies Event;

const request = {
  type: 'request-finished',
  ...{
    pool: there.pool,
    id: 'r1',
    clientAddress: '192.0.2.1',
    clientName: 'alice',
    method: 'POST',
    path: '/secret',
  },
  ...{ rpcMethod: 'eth_call', result: 'answered', status: 200, code: undefined, upstream: there.two },
  ...{ primariesOut: true, attempts: 2, queuedMs: 3.5, durationMs: 12.75 },
} as const satisfies Event;

describe('events that were sent', () => {
  it('have the identities of the process that reads them, and keep their order', () => {
    const quarantined = {
      type: 'upstream-quarantined',
      ...{ upstream: there.one, reason: 'timeout', method: undefined, durationMs: 2_000 },
    } as const satisfies Event;
    const [first, second, third] = sent([attempt, quarantined, request]);
    expect(first).toEqual({ ...attempt, id: '', upstream: here.one });
    expect(second).toEqual({ ...quarantined, upstream: here.one });
    expect(first && 'upstream' in first && first.upstream).toBe(here.one);
    // What only the log tells stays where it is.
    const client = { id: '', clientAddress: '', clientName: undefined, method: '', path: undefined };
    expect(third).toEqual({ ...request, ...client, pool: here.pool, upstream: here.two });
  });

  it.each<Event>([
    { ...request, result: 'failed', failures: [{ upstream: there.one, reason: 'reset' }] },
    { ...request, id: 'console-1' },
    { ...attempt, id: 'console-1' },
    { type: 'limit-shared', upstream: there.one, other: there.two },
    { type: 'hedge-finished', pool: there.pool, result: 'won' },
    { type: 'limit-learnt', upstream: there.one, limit: 'batch', size: 10 },
    { type: 'shortage', code: 'EMFILE', what: 'file descriptors' },
    { type: 'overload-ended', durationMs: 1_000 },
  ])('are whole where others than the log need all of them: %j', (event) => {
    const [received] = sent([event]);
    const own = JSON.stringify(received);
    expect(own).toBe(JSON.stringify(event));
    if (received && 'upstream' in received && received.upstream)
      expect(keys.has(received.upstream)).toBe(false);
  });

  it('about an upstream that is gone are left out, but for requests', () => {
    const some = new Map([['key1', here.one]]);
    const failed = {
      ...request,
      result: 'failed',
      upstream: undefined,
      failures: [
        { upstream: there.one, reason: 'reset' },
        { upstream: there.two, reason: 'cut' },
      ],
    } as const satisfies Event;
    const received = sent([{ ...attempt, upstream: there.two }, request, failed], some);
    expect(received).toHaveLength(2);
    expect(received[0]).toMatchObject({ type: 'request-finished', status: 200, upstream: undefined });
    expect(received[1]).toMatchObject({ failures: [{ upstream: here.one, reason: 'reset' }] });
  });

  it('are urgent where operators wait for them, or where they are no single request', () => {
    const writer = new EventWriter((upstream) => keys.get(upstream));
    expect(writer.add(attempt)).toBe(false);
    expect(writer.add(request)).toBe(false);
    expect(writer.add({ ...request, failures: [{ upstream: there.one, reason: 'cut' }] })).toBe(false);
    expect(writer.add({ ...request, id: 'console-7' })).toBe(true);
    expect(writer.add({ type: 'overload-began', lagMs: 600 })).toBe(true);
  });
});
