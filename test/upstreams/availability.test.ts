import { describe, expect, it } from 'vitest';
import { namesOf, Pool } from './pool.ts';

function usable(pool: Pool): string {
  return `${namesOf(pool.availability.usable('primary'))}|${namesOf(pool.availability.usable('fallback'))}`;
}

const lastResort = (pool: Pool) => namesOf(pool.availability.lastResort());

describe('usable', () => {
  it('gives each tier in the order of its list', () => {
    expect(usable(new Pool('BAbCa'))).toBe('BAC|ba');
  });

  it('leaves out whom the quarantine, a probe or an operator took out, and takes them back', () => {
    const pool = new Pool('ABCa');
    expect(usable(pool)).toBe('ABC|a');
    pool.quarantine.add(pool.of('A'), { reason: 'refused' });
    expect(usable(pool)).toBe('BC|a');
    pool.down('B');
    expect(usable(pool)).toBe('C|a');
    pool.drain('a');
    expect(usable(pool)).toBe('C|');
    pool.up('B');
    pool.drain('a', false);
    pool.quarantine.release(pool.of('A'), 'probe');
    expect(usable(pool)).toBe('ABC|a');
  });

  it('takes each one back at the first moment after its time, with nobody saying so', () => {
    const pool = new Pool('AB');
    pool.quarantine.add(pool.of('A'), { reason: 'refused' });
    pool.quarantine.add(pool.of('B'), { reason: 'rate-limited', rest: { kind: 'for', ms: 2_000 } });
    expect(usable(pool)).toBe('|');
    pool.clock.advance(1_999);
    expect(usable(pool)).toBe('|');
    pool.clock.advance(1);
    expect(usable(pool)).toBe('B|');
    pool.clock.advance(2_999);
    expect(usable(pool)).toBe('B|');
    pool.clock.advance(1);
    expect(usable(pool)).toBe('AB|');
  });

  it('hands out the same list while nothing changes', () => {
    const pool = new Pool('AB');
    const first = pool.availability.usable('primary');
    pool.clock.advance(60_000);
    expect(pool.availability.usable('primary')).toBe(first);
  });

  it('is not changed by a method that is banned', () => {
    const pool = new Pool('A');
    pool.quarantine.add(pool.of('A'), { reason: 'method-unsupported', method: 'debug_x' });
    expect(usable(pool)).toBe('A|');
  });
});

it('a tier is out when nobody of it is usable, nor may turn out to be', () => {
  const pool = new Pool('ABa');
  pool.quarantine.add(pool.of('A'), { reason: 'timeout' });
  pool.quarantine.suspend(pool.of('B'), 'timeout');
  expect([pool.availability.isOut('primary'), pool.availability.isOut('fallback')]).toEqual([false, false]);
  pool.quarantine.add(pool.of('B'), { reason: 'timeout' });
  expect([pool.availability.isOut('primary'), pool.availability.isOut('fallback')]).toEqual([true, false]);
});

describe('standing', () => {
  it('says who holds an upstream for unusable, an operator before a probe before the quarantine', () => {
    const pool = new Pool('A');
    const standing = () => pool.availability.standing(pool.of('A'));
    expect(standing()).toEqual({ state: 'usable' });
    pool.quarantine.add(pool.of('A'), { reason: 'timeout' });
    const untilMs = pool.clock.monotonicMs() + 5_000;
    expect(standing()).toEqual({
      state: 'quarantined',
      reason: 'timeout',
      untilMs,
      mayTry: true,
      inQuestion: false,
    });
    pool.down('A', 'wrong-chain');
    expect(standing()).toEqual({ state: 'down', reason: 'wrong-chain' });
    pool.drain('A');
    expect(standing()).toEqual({ state: 'draining' });
  });
});

describe('the last resort', () => {
  it('is whoever may be well again, the one due back first in front, those down by a probe at the end', () => {
    const pool = new Pool('ABCa');
    pool.down('A');
    pool.quarantine.add(pool.of('B'), { reason: 'refused' });
    pool.clock.advance(1_000);
    pool.quarantine.add(pool.of('a'), { reason: 'status' });
    pool.quarantine.add(pool.of('C'), { reason: 'timeout' });
    expect(lastResort(pool)).toBe('BCaA');
  });

  it.each([
    ['a rate limit', { reason: 'rate-limited' as const }],
    ['a stated rest', { reason: 'status' as const, rest: { kind: 'for' as const, ms: 9_000 } }],
    ['a plan that is used up', { reason: 'plan' as const }],
    ['a bad key', { reason: 'auth' as const }],
  ])('leaves out %s, also when a probe holds it for dead', (_, blame) => {
    const pool = new Pool('A');
    pool.quarantine.add(pool.of('A'), blame);
    expect(lastResort(pool)).toBe('');
    pool.down('A');
    expect(lastResort(pool)).toBe('');
  });

  it('leaves out the wrong chain and what an operator drains', () => {
    const pool = new Pool('AB');
    pool.down('A', 'wrong-chain');
    pool.quarantine.add(pool.of('B'), { reason: 'refused' });
    pool.drain('B');
    expect(lastResort(pool)).toBe('');
  });

  it('does not exist where the time to live is fixed', () => {
    const pool = new Pool('AB', 60_000);
    pool.quarantine.add(pool.of('A'), { reason: 'refused' });
    pool.down('B');
    expect(lastResort(pool)).toBe('');
  });
});

describe('who lags', () => {
  it('is usable, and told apart from those in step', () => {
    const pool = new Pool('ABab');
    const lists = () =>
      (['usable', 'quick', 'lagging'] as const).map((list) =>
        (['primary', 'fallback'] as const).map((tier) => namesOf(pool.availability[list](tier, 0))).join(),
      );
    expect(lists()).toEqual(['AB,ab', 'AB,ab', ',']);
    pool.lag('A');
    pool.lag('b');
    expect(lists()).toEqual(['AB,ab', 'B,a', 'A,b']);
    pool.quarantine.add(pool.of('A'), { reason: 'refused' });
    expect(lists()).toEqual(['B,ab', 'B,a', ',b']);
    pool.lag('b', false);
    expect(lists()).toEqual(['B,ab', 'B,ab', ',']);
  });
});

describe('who is slow', () => {
  const lists = (pool: Pool, kind: number) =>
    (['usable', 'quick', 'slow', 'lagging', 'silent'] as const).map((list) =>
      namesOf(pool.availability[list]('primary', kind)),
    );

  it('at calls of a kind is told apart for these', () => {
    const pool = new Pool('ABC');
    pool.of('B').slow = { isSilent: false, kinds: 1 << 2 };
    expect([lists(pool, 1), lists(pool, 2)]).toEqual([
      ['ABC', 'ABC', '', '', ''],
      ['ABC', 'AC', 'B', '', ''],
    ]);
    pool.of('B').slow = undefined;
    expect(lists(pool, 2)).toEqual(['ABC', 'ABC', '', '', '']);
  });

  it('at all calls, because it is silent, is in a list of its own, whatever else holds', () => {
    const pool = new Pool('ABC');
    pool.of('B').slow = { isSilent: true, kinds: 1 };
    pool.lag('B');
    pool.lag('C');
    expect(lists(pool, 0)).toEqual(['ABC', 'A', '', 'C', 'B']);
  });
});

describe('when the first one returns', () => {
  it('is told of the quarantined, not of those down or draining', () => {
    const pool = new Pool('ABC');
    expect(pool.availability.firstReturnAtMs()).toBe(Number.POSITIVE_INFINITY);
    pool.down('A');
    expect(pool.availability.firstReturnAtMs()).toBe(Number.POSITIVE_INFINITY);
    pool.quarantine.add(pool.of('A'), { reason: 'rate-limited' });
    pool.quarantine.add(pool.of('B'), { reason: 'refused' });
    pool.clock.advance(500);
    expect(pool.availability.firstReturnAtMs() - pool.clock.monotonicMs()).toBe(4_500);
    pool.quarantine.add(pool.of('C'), { reason: 'rate-limited' });
    expect(pool.availability.firstReturnAtMs() - pool.clock.monotonicMs()).toBe(1_000);
  });
});

describe('only rate-limited', () => {
  it('is true when all that are neither down nor draining rest for a rate limit', () => {
    const pool = new Pool('ABC');
    pool.down('A');
    pool.drain('B');
    expect(pool.availability.onlyRateLimited()).toBe(false);
    pool.quarantine.add(pool.of('C'), { reason: 'rate-limited' });
    expect(pool.availability.onlyRateLimited()).toBe(true);
    pool.up('A');
    expect(pool.availability.onlyRateLimited()).toBe(false);
    pool.quarantine.add(pool.of('A'), { reason: 'refused' });
    expect(pool.availability.onlyRateLimited()).toBe(false);
  });

  it('is false when nobody rests at all', () => {
    const pool = new Pool('A');
    pool.down('A');
    expect(pool.availability.onlyRateLimited()).toBe(false);
  });
});
