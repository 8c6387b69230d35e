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
    expect([homes.remember('0x1', a, 'client'), homes.remember('0x2', b, 'client')]).toEqual([true, true]);
    expect([homes.homeOf('0x1'), homes.homeOf('0x2'), homes.homeOf('0x3')]).toEqual([a, b, undefined]);
  });

  it('refuses an id that another upstream has handed out, and keeps the first', () => {
    const { homes, a, b } = setUp();
    homes.remember('0x1', a, 'client');
    expect(homes.remember('0x1', b, 'client')).toBe(false);
    expect(homes.homeOf('0x1')).toBe(a);
    expect(homes.remember('0x1', a, 'client')).toBe(true);
  });

  it('forgets a filter that nobody asks for, later than a node does', () => {
    const { clock, homes, a, b } = setUp();
    homes.remember('0x1', a, 'client');
    clock.advance(6 * MINUTE_MS);
    expect(homes.homeOf('0x1')).toBe(a);
    clock.advance(11 * MINUTE_MS);
    expect(homes.homeOf('0x1')).toBeUndefined();
    expect(homes.remember('0x1', b, 'client')).toBe(true);
  });

  it('a filter that is asked for lives on', () => {
    const { clock, homes, a } = setUp();
    homes.remember('0x1', a, 'client');
    for (let minute = 0; minute < 30; minute++) {
      clock.advance(MINUTE_MS);
      expect(homes.homeOf('0x1')).toBe(a);
    }
  });

  it('keeps 1,000 filters of a client and no more, and those last used', () => {
    const { homes, a } = setUp();
    homes.remember('first', a, 'client');
    homes.remember('second', a, 'client');
    for (let id = 0; id < 999; id++) {
      homes.homeOf('first');
      homes.remember(`${id}`, a, 'client');
    }
    expect(homes.homeOf('first')).toBe(a);
    expect(homes.homeOf('second')).toBeUndefined();
    expect(homes.homeOf('0')).toBe(a);
  });

  it('forgets none of one client for the filters of another', () => {
    const { homes, a } = setUp();
    homes.remember('0x1', a, 'quiet');
    for (let id = 0; id < 50_000; id++) homes.remember(`greedy ${id}`, a, 'greedy');
    expect(homes.homeOf('0x1')).toBe(a);
    expect([homes.homeOf('greedy 48999'), homes.homeOf('greedy 49000')]).toEqual([undefined, a]);
  });

  it('keeps 20,000 filters and no more: the client with most of them loses one', () => {
    const { homes, a } = setUp();
    for (let client = 0; client < 20; client++) {
      for (let id = 0; id < 1_000; id++) homes.remember(`${client} ${id}`, a, `${client}`);
    }
    homes.remember('0x1', a, 'quiet');
    homes.remember('0x2', a, 'quiet');
    const kept = (client: number) => homes.homeOf(`${client} 0`) !== undefined;
    expect(Array.from({ length: 20 }, (_, client) => kept(client)).filter(Boolean)).toHaveLength(18);
    expect([homes.homeOf('0x1'), homes.homeOf('0x2')]).toEqual([a, a]);
  });

  it('of an upstream that is gone leave room for others', () => {
    const { homes, a, b } = setUp();
    for (let id = 0; id < 1_000; id++) homes.remember(`${id}`, id % 2 ? a : b, 'client');
    homes.forget(a);
    for (let id = 0; id < 500; id++) homes.remember(`new ${id}`, b, 'client');
    expect([homes.homeOf('0'), homes.homeOf('1'), homes.homeOf('new 499')]).toEqual([b, undefined, b]);
  });

  it('does not keep an id of any length', () => {
    const { homes, a } = setUp();
    expect(homes.remember('f'.repeat(256), a, 'client')).toBe(true);
    expect(homes.remember('f'.repeat(257), a, 'client')).toBe(false);
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
