import { describe, expect, it } from 'vitest';
import { FilterHomes, makesFilter, usesFilter } from '../../src/rpc/filters.ts';
import { ManualClock } from '../support/manual-clock.ts';

const MINUTE_MS = 60_000;

function setUp() {
  const clock = new ManualClock();
  return { clock, homes: new FilterHomes<{ name: string }>(clock), a: { name: 'a' }, b: { name: 'b' } };
}

describe('FilterHomes', () => {
  it('knows who made a filter', () => {
    const { homes, a, b } = setUp();
    expect([homes.remember('0x1', a), homes.remember('0x2', b)]).toEqual([true, true]);
    expect([homes.homeOf('0x1'), homes.homeOf('0x2'), homes.homeOf('0x3')]).toEqual([a, b, undefined]);
  });

  it('refuses an id that another upstream has handed out, and keeps the first', () => {
    const { homes, a, b } = setUp();
    homes.remember('0x1', a);
    expect(homes.remember('0x1', b)).toBe(false);
    expect(homes.homeOf('0x1')).toBe(a);
    expect(homes.remember('0x1', a)).toBe(true);
  });

  it('forgets a filter that nobody asks for, later than a node does', () => {
    const { clock, homes, a, b } = setUp();
    homes.remember('0x1', a);
    clock.advance(6 * MINUTE_MS);
    expect(homes.homeOf('0x1')).toBe(a);
    clock.advance(11 * MINUTE_MS);
    expect(homes.homeOf('0x1')).toBeUndefined();
    expect(homes.remember('0x1', b)).toBe(true);
  });

  it('a filter that is asked for lives on', () => {
    const { clock, homes, a } = setUp();
    homes.remember('0x1', a);
    for (let minute = 0; minute < 30; minute++) {
      clock.advance(MINUTE_MS);
      expect(homes.homeOf('0x1')).toBe(a);
    }
  });

  it('keeps 20,000 filters and no more, and those last used', () => {
    const { homes, a } = setUp();
    homes.remember('first', a);
    homes.remember('second', a);
    for (let id = 0; id < 19_999; id++) {
      homes.homeOf('first');
      homes.remember(`${id}`, a);
    }
    expect(homes.homeOf('first')).toBe(a);
    expect(homes.homeOf('second')).toBeUndefined();
    expect(homes.homeOf('0')).toBe(a);
  });

  it('does not keep an id of any length', () => {
    const { homes, a } = setUp();
    expect(homes.remember('f'.repeat(256), a)).toBe(true);
    expect(homes.remember('f'.repeat(257), a)).toBe(false);
    expect(homes.homeOf('f'.repeat(257))).toBeUndefined();
  });
});

describe('the calls about filters', () => {
  it.each(['eth_newFilter', 'eth_newBlockFilter', 'eth_newPendingTransactionFilter'])(
    '%s makes',
    (method) => {
      expect([makesFilter(method), usesFilter(method)]).toEqual([true, false]);
    },
  );

  it.each(['eth_getFilterChanges', 'eth_getFilterLogs', 'eth_uninstallFilter'])('%s uses', (method) => {
    expect([makesFilter(method), usesFilter(method)]).toEqual([false, true]);
  });

  it.each([undefined, '', 'eth_getLogs', 'eth_subscribe', 'ETH_NEWFILTER', 'eth_newFilters'])(
    '%s does neither',
    (method) => {
      expect([makesFilter(method), usesFilter(method)]).toEqual([false, false]);
    },
  );
});
