import { beforeEach, describe, expect, it } from 'vitest';
import { Budgets } from '../../src/pacing/budget.ts';
import type { Blame } from '../../src/upstreams/quarantine.ts';
import { type Protocol, Suspects } from '../../src/upstreams/suspects.ts';
import { Pool } from './pool.ts';

const BROKEN: Blame = { reason: 'status' };
const KEY: Blame = { reason: 'auth' };
/** Requests that came after all that was seen before. */
const sinceMs = Number.POSITIVE_INFINITY;
const FIRST = { protocol: 'rpc', maySuspend: true, sinceMs } as const;
const LATER = { protocol: 'rpc', maySuspend: false, sinceMs } as const;

let pool: Pool;
let asked: [name: string, protocol: Protocol, atMs: number][];
/** What a question is answered with: the blame, or undefined by one that is well. */
let answers: Record<string, Blame | undefined>;
let suspects: Suspects;
let settled: () => Promise<void>;

const states = () =>
  pool.registry.all.map((upstream) => {
    const { state, ...rest } = pool.availability.standing(upstream);
    return state === 'quarantined' && 'inQuestion' in rest && rest.inQuestion ? 'held' : state;
  });
const restMs = (name: string) => {
  const entry = pool.quarantine.entryOf(pool.of(name));
  return entry && entry.untilMs - pool.clock.monotonicMs();
};

function setUp(timeToLive: 'auto' | number = 'auto', mayAsk = true): void {
  pool = new Pool('ABC', timeToLive);
  asked = [];
  answers = {};
  const ask = (upstream: { readonly name: string }, protocol: Protocol) => {
    asked.push([upstream.name, protocol, pool.clock.monotonicMs() - 1_000]);
    return Promise.resolve(answers[upstream.name]);
  };
  suspects = new Suspects({ ask: mayAsk ? ask : undefined, quarantine: pool.quarantine, clock: pool.clock });
  settled = async () => {
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  };
}

beforeEach(() => setUp());

describe('with questions of our own', () => {
  it('the first that failed is out until it has answered', async () => {
    suspects.suspect(pool.of('A'), BROKEN, FIRST);
    suspects.suspect(pool.of('B'), BROKEN, LATER);
    expect(states()).toEqual(['held', 'usable', 'usable']);
    await settled();
    expect(states()).toEqual(['usable', 'usable', 'usable']);
    expect(asked).toEqual([
      ['A', 'rpc', 0],
      ['B', 'rpc', 0],
    ]);
  });

  it('whoever fails the question is out for the time that fits, also one that was not put out', async () => {
    answers = { A: KEY, B: { reason: 'timeout' } };
    suspects.suspect(pool.of('A'), KEY, FIRST);
    expect(restMs('A')).toBe(5_000);
    suspects.suspect(pool.of('B'), KEY, LATER);
    await settled();
    expect(states()).toEqual(['quarantined', 'quarantined', 'usable']);
    expect([restMs('A'), restMs('B')]).toEqual([15 * 60_000, 5_000]);
  });

  it('whoever only asks for fewer questions is well, where it is paced', async () => {
    answers = { A: { reason: 'rate-limited' }, B: { reason: 'rate-limited' } };
    pool.of('A').budget = new Budgets().of({}, true);
    for (const name of ['A', 'B']) suspects.suspect(pool.of(name), BROKEN, FIRST);
    await settled();
    expect(states()).toEqual(['usable', 'quarantined', 'usable']);
  });

  it('is cleared without a trace: a later quarantine is a first one', async () => {
    for (let count = 0; count < 5; count++) {
      suspects.suspect(pool.of('A'), BROKEN, FIRST);
      await settled();
      pool.clock.advance(1_000);
    }
    pool.quarantine.add(pool.of('A'), BROKEN);
    expect(restMs('A')).toBe(5_000);
  });

  it('one upstream is asked once a second at most, and one question covers all suspicions until it ends', async () => {
    answers = { A: BROKEN };
    for (let count = 0; count < 50; count++) {
      suspects.suspect(pool.of('A'), BROKEN, FIRST);
      await settled();
      pool.clock.advance(50);
    }
    await settled();
    expect(asked.map(([, , atMs]) => atMs)).toEqual([0, 1_000, 2_000]);
  });

  it('one that has just answered is not put out again, however many requests fail there', async () => {
    suspects.suspect(pool.of('A'), BROKEN, FIRST);
    await settled();
    pool.clock.advance(999);
    suspects.suspect(pool.of('A'), BROKEN, FIRST);
    expect(states()[0]).toBe('usable');
    // It is asked again all the same.
    pool.clock.advance(1);
    await settled();
    expect(asked).toHaveLength(2);
  });

  it('the question is of the kind of the request that failed', async () => {
    suspects.suspect(pool.of('A'), BROKEN, { ...FIRST, protocol: 'http' });
    await settled();
    expect(asked).toEqual([['A', 'http', 0]]);
  });

  it('a stated rest is not ended by an answer', async () => {
    suspects.suspect(pool.of('A'), BROKEN, FIRST);
    pool.quarantine.add(pool.of('A'), { reason: 'rate-limited', rest: { kind: 'for', ms: 9_000 } });
    await settled();
    expect([states()[0], restMs('A')]).toEqual(['quarantined', 9_000]);
  });

  it('with a fixed time, too, an answer ends the doubt, and a failure begins the fixed time', async () => {
    setUp(60_000);
    answers = { B: KEY };
    suspects.suspect(pool.of('A'), KEY, FIRST);
    suspects.suspect(pool.of('B'), KEY, FIRST);
    await settled();
    expect([states(), restMs('B')]).toEqual([['usable', 'quarantined', 'usable'], 60_000]);
  });

  it('one that has left is not asked', async () => {
    const left = pool.of('A');
    pool.leave('A');
    suspects.suspect(left, BROKEN, FIRST);
    await settled();
    expect(asked).toEqual([]);
  });
});

describe('without questions of our own', () => {
  beforeEach(() => setUp('auto', false));

  it('the second request that meets the same takes their place', () => {
    suspects.suspect(pool.of('A'), BROKEN, FIRST);
    suspects.suspect(pool.of('B'), BROKEN, LATER);
    expect(states()).toEqual(['quarantined', 'usable', 'usable']);
    suspects.suspect(pool.of('B'), BROKEN, LATER);
    expect(states()).toEqual(['quarantined', 'quarantined', 'usable']);
  });

  it('one that was under way by then is no second one', () => {
    const sinceMs = pool.clock.monotonicMs();
    pool.clock.advance(1);
    for (let count = 0; count < 5; count++) {
      suspects.suspect(pool.of('A'), KEY, { ...FIRST, sinceMs });
      suspects.suspect(pool.of('B'), BROKEN, { ...LATER, sinceMs });
    }
    expect(states()).toEqual(['held', 'usable', 'usable']);
  });

  it('a long rest begins so; until then 5 s', () => {
    suspects.suspect(pool.of('A'), KEY, FIRST);
    expect([states()[0], restMs('A')]).toEqual(['held', 5_000]);
    suspects.suspect(pool.of('A'), KEY, FIRST);
    expect([states()[0], restMs('A')]).toEqual(['quarantined', 15 * 60_000]);
  });

  it('an answer in between, another reason or a minute ends the suspicion', () => {
    suspects.suspect(pool.of('B'), BROKEN, LATER);
    suspects.cleared(pool.of('B'));
    suspects.suspect(pool.of('B'), BROKEN, LATER);
    suspects.suspect(pool.of('B'), KEY, LATER);
    pool.clock.advance(60_000);
    suspects.suspect(pool.of('B'), KEY, LATER);
    expect(states()[1]).toBe('usable');
  });

  it('what may as well be about the call is not remembered', () => {
    for (let count = 0; count < 3; count++) suspects.suspect(pool.of('B'), { ...KEY, weak: true }, LATER);
    expect(states()[1]).toBe('usable');
  });
});

describe('when questions are allowed or forbidden while it runs', () => {
  it('a question that was to come is not asked, and the next one is', async () => {
    suspects.suspect(pool.of('A'), BROKEN, FIRST);
    await settled();
    suspects.suspect(pool.of('A'), BROKEN, FIRST);
    suspects.setQuestion(undefined);
    pool.clock.advance(2_000);
    await settled();
    expect(asked).toHaveLength(1);
    const others: string[] = [];
    suspects.setQuestion(async ({ name }) => void others.push(name));
    suspects.suspect(pool.of('A'), BROKEN, FIRST);
    await settled();
    expect([asked.length, others]).toEqual([1, ['A']]);
  });
});
