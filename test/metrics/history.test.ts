// The figures of the last 15 minutes: against a plain model, over the edges of the ring, and what they cost in memory.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import {
  type AttemptResult,
  type EventOf,
  PoolIdentity,
  type RequestResult,
  UpstreamIdentity,
} from '../../src/events.ts';
import { History } from '../../src/metrics/history.ts';
import { Seconds, SLOTS } from '../../src/metrics/seconds.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { fc } from '../support/properties.ts';
import { until } from '../support/waiting.ts';

const pool = new PoolIdentity('default');
const DAY = Date.UTC(2026, 0, 15, 12);

function request(
  result: RequestResult,
  more: Partial<EventOf<'request-finished'>> = {},
): EventOf<'request-finished'> {
  return {
    type: 'request-finished',
    pool,
    id: 'x',
    clientAddress: '127.0.0.1',
    clientName: undefined,
    method: 'POST',
    path: '/',
    rpcMethod: undefined,
    result,
    status: 200,
    code: undefined,
    upstream: undefined,
    primariesOut: false,
    attempts: 1,
    queuedMs: 0,
    durationMs: 10,
    ...more,
  };
}

function attempt(upstream: UpstreamIdentity, result: AttemptResult, durationMs = 10, tunnel = false) {
  return { type: 'attempt-finished', id: 'x', upstream, result, tunnel, durationMs } as const;
}

function setUp(startMs = 1_000) {
  const clock = new ManualClock(startMs, DAY);
  const history = new History(clock);
  const upstream = new UpstreamIdentity('a', 'primary', pool);
  const pools = [{ identity: pool, registry: { all: [{ identity: upstream }] } }];
  return { clock, history, upstream, pools, ofPool: () => history.ofPool(pool, history.frame()) };
}

const zeros = (count: number) => new Array<number>(count).fill(0);

describe('the seconds of a pool or upstream', () => {
  it('are those of a model without a ring, whatever happens when', () => {
    const step = fc.record({
      // Mostly within a second or two; now and then longer than the window.
      passSeconds: fc.oneof(
        { weight: 8, arbitrary: fc.integer({ min: 0, max: 2 }) },
        { weight: 1, arbitrary: fc.integer({ min: 3, max: 950 }) },
        { weight: 1, arbitrary: fc.integer({ min: 950, max: 10_000 }) },
      ),
      isMarked: fc.boolean(),
      ms: fc.option(fc.constantFrom(...TIMES_MS), { nil: undefined }),
      isRead: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5_000 }), fc.array(step, { maxLength: 60 }), (start, steps) => {
        const seconds = new Seconds(start, [0.5, 0.99]);
        const model = new Map<number, { isMarked: boolean; ms: number | undefined }[]>();
        let now = start;
        for (const { passSeconds, isMarked, ms, isRead } of steps) {
          now += passSeconds;
          seconds.add(now, isMarked, ms);
          model.set(now, [...(model.get(now) ?? []), { isMarked, ms }]);
          if (isRead) expectModel(seconds, model, now);
        }
        expectModel(seconds, model, now + 1);
        expectModel(seconds, model, now + 1_000);
      }),
      { numRuns: 25 },
    );
  });

  it('stay as they were for a reading that takes its time', () => {
    const seconds = new Seconds(5_000, [0.5]);
    for (let second = 5_000; second < 6_000; second++) {
      for (let i = 0; i <= second % 7; i++) seconds.add(second, false, 5);
    }
    const before = seconds.read(6_000);
    for (let second = 6_000; second < 6_050; second++) seconds.add(second, true, 700);
    expect(seconds.read(6_000)).toEqual(before);
  });
});

type Model = ReadonlyMap<number, readonly { isMarked: boolean; ms: number | undefined }[]>;

function expectModel(seconds: Seconds, model: Model, now: number): void {
  const window = Array.from({ length: SLOTS }, (_, slot) => model.get(now - SLOTS + slot) ?? []);
  const read = seconds.read(now);
  // Something in the second that is not over keeps the lists as well.
  const isEmpty = read.all.length === 0;
  if (isEmpty) expect(window.every((events) => events.length === 0)).toBe(true);
  else {
    expect(read.all).toEqual(window.map((events) => events.length));
    expect(read.marked).toEqual(window.map((events) => events.filter(({ isMarked }) => isMarked).length));
    [0.5, 0.99].forEach((part, index) => {
      const told = read.percentiles[index] ?? [];
      expect(told.map(nearest)).toEqual(window.map((events) => rank(events, part)));
    });
  }
  const last = seconds.readLast(now);
  expect([last.all, last.marked]).toEqual([
    window.at(-1)?.length,
    window.at(-1)?.filter(({ isMarked }) => isMarked).length,
  ]);
}

const TIMES_MS = [1, 20, 300] as const;

/** Figures are within 2 %. */
function nearest(told: number | null): number | null {
  return told && (TIMES_MS.find((ms) => Math.abs(told - ms) <= 0.02 * ms) ?? told);
}

function rank(events: readonly { ms: number | undefined }[], part: number): number | null {
  const timed = events.flatMap(({ ms }) => ms ?? []).sort((a, b) => a - b);
  return timed[Math.ceil(part * timed.length) - 1] ?? null;
}

describe('the history', () => {
  it('tells of whole seconds, the last of which has just ended', () => {
    const { clock, history, ofPool } = setUp();
    history.hear(request('answered'));
    clock.advance(999);
    expect(history.frame().to).toBe('2026-01-15T12:00:00.000Z');
    expect(ofPool().requests).toEqual(zeros(SLOTS));
    clock.advance(1);
    expect(history.frame().to).toBe('2026-01-15T12:00:01.000Z');
    expect(ofPool().requests).toEqual([...zeros(899), 1]);
    expect([ofPool().p50_ms.at(-1), ofPool().p99_ms.at(-2)]).toEqual([10.11, null]);
    clock.advance(899_000);
    expect(ofPool().requests).toEqual([1, ...zeros(899)]);
    clock.advance(1_000);
    expect(ofPool()).toEqual({ pool: 'default', requests: [], good: [], p50_ms: [], p99_ms: [] });
  });

  it('stands still while the clock does', () => {
    const { history, ofPool } = setUp();
    for (let i = 0; i < 1_000; i++) history.hear(request('answered'));
    expect(ofPool().requests).toEqual(zeros(SLOTS));
    expect(history.frame()).toEqual(history.frame());
  });

  it.each<[string, Partial<EventOf<'request-finished'>>, [number, number]]>([
    ['an upstream answered', { result: 'answered' }, [1, 1]],
    ['an upstream answered with a 404', { result: 'answered', status: 404 }, [1, 1]],
    ['failed', { result: 'failed', status: 502 }, [1, 0]],
    ['every upstream limits', { result: 'failed', status: 429 }, [1, 0]],
    ['broke off', { result: 'cut' }, [1, 0]],
    ['was refused for want of time', { result: 'refused', status: 503 }, [1, 0]],
    ['had no key', { result: 'refused', status: 401 }, [0, 0]],
    ['was too large', { result: 'refused', status: 413 }, [0, 0]],
    ['came too often', { result: 'refused', status: 429 }, [0, 0]],
    ['called a method that it may not', { result: 'refused', status: 200, code: 'METHOD_DENIED' }, [0, 0]],
    ['was given up by its client', { result: 'client-left', status: 0 }, [0, 0]],
    ['was a WebSocket', { result: 'answered', status: 101 }, [0, 0]],
  ])('counts a request that %s as it should', (_, event, expected) => {
    const { clock, history, pools } = setUp();
    history.hear(request('answered', event));
    clock.advance(1_000);
    const [figures] = history.readLast(pools).pools;
    expect([figures?.requests, figures?.good]).toEqual(expected);
  });

  it('tells which attempts failed, and how long answers took', () => {
    const { clock, history, upstream, pools } = setUp();
    for (const ms of [10, 20, 30]) history.hear(attempt(upstream, 'answered', ms));
    history.hear(attempt(upstream, 'rate-limited', 1));
    history.hear(attempt(upstream, 'client-left', 1));
    history.hear(attempt(upstream, 'answered', 1, true));
    clock.advance(1_000);
    expect(history.readLast(pools).upstreams).toEqual([
      { pool: 'default', name: 'a', attempts: 6, failures: 1, p50_ms: 20.22 },
    ]);
    const rows = history.ofUpstream(upstream, history.frame());
    expect([rows.attempts.at(-1), rows.failures.at(-1), rows.p50_ms.at(-1)]).toEqual([6, 1, 20.22]);
  });

  it('follows a wall clock that is set, and is not confused by one that runs a little off', () => {
    const { clock, upstream } = setUp();
    let offMs = 0;
    const set = {
      monotonicMs: () => clock.monotonicMs(),
      wallMs: () => clock.wallMs() + offMs,
      after: () => () => {},
    };
    const history = new History(set);
    history.hear(attempt(upstream, 'answered'));
    const ends = [0, 300, -300, 700, 3_600_000, 3_600_300].map((ms) => {
      offMs = ms;
      return history.frame().to;
    });
    expect(ends).toEqual([
      ...new Array(4).fill('2026-01-15T12:00:00.000Z'),
      '2026-01-15T13:00:00.000Z',
      '2026-01-15T13:00:00.000Z',
    ]);
  });

  it('holds nothing for those without traffic, a bounded size for 300 with it, and nothing once they are gone', async () => {
    setFlagsFromString('--expose-gc');
    const collect: () => void = runInNewContext('gc');
    const held = () => {
      collect();
      return process.memoryUsage().arrayBuffers;
    };
    const clock = new ManualClock(1_000, DAY);
    const history = new History(clock);
    const before = held();
    let upstreams = Array.from({ length: 300 }, (_, i) => new UpstreamIdentity(`u${i}`, 'primary', pool));
    const read = () => upstreams.map((each) => history.ofUpstream(each, history.frame()));
    expect(read().every(({ attempts }) => attempts.length === 0)).toBe(true);
    expect(held() - before).toBeLessThan(100_000);
    for (const each of upstreams) history.hear(attempt(each, 'answered'));
    const first = held();
    expect(first - before).toBeLessThan(300 * 13_500);
    for (let second = 0; second < 5; second++) {
      clock.advance(700_000);
      for (const each of upstreams) history.hear(attempt(each, 'timeout', second * 1_000));
      clock.advance(1_000);
    }
    expect(read().map(({ failures }) => failures.at(-1))).toEqual(new Array(300).fill(1));
    expect(held() - first).toBeLessThan(100_000);
    upstreams = [];
    await until(() => held() - before < 100_000, 'the memory of those that are gone');
  });
});
