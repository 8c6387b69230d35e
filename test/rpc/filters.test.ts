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

describe('FilterHomes of several processes', () => {
  /** What one tells, the others adopt. */
  function setUpTwo() {
    const clock = new ManualClock();
    const a = { name: 'a' };
    const b = { name: 'b' };
    const [one, two] = [new FilterHomes<{ name: string }>(clock), new FilterHomes<{ name: string }>(clock)];
    const told: string[] = [];
    const forgotten: string[] = [];
    one.listen({
      lives(id, home, client, leftMs) {
        told.push(id);
        two.adopt(id, home, client, leftMs);
      },
      isForgotten: () => {},
    });
    two.listen({ lives: (id) => void told.push(id), isForgotten: (id) => void forgotten.push(id) });
    return { clock, a, b, one, two, told, forgotten };
  }

  it('know what was made elsewhere, and for as long', () => {
    const { clock, a, b, one, two, forgotten } = setUpTwo();
    one.remember('0x1', a, 'client');
    expect([two.homeOf('0x1'), two.remember('0x1', b, 'client')]).toEqual([a, false]);
    one.remember('0x2', a, 'client');
    two.adopt('0x3', a, 'client', 2 * MINUTE_MS);
    clock.advance(3 * MINUTE_MS);
    expect([two.homeOf('0x2'), two.homeOf('0x3')]).toEqual([a, a]);
    two.adopt('0x4', b, 'client', 0);
    two.adopt('f'.repeat(257), b, 'client', MINUTE_MS);
    clock.advance(11 * MINUTE_MS);
    expect(['0x1', '0x2', '0x3', '0x4', 'f'.repeat(257)].map((id) => two.homeOf(id))).toEqual(
      Array(5).fill(undefined),
    );
    expect(forgotten.sort()).toEqual(['0x1', '0x2', '0x3']);
  });

  it('tell of a filter when it is made, and of one that is used every two minutes at most', () => {
    const { clock, a, one, two, told } = setUpTwo();
    one.remember('0x1', a, 'client');
    for (let second = 0; second < 300; second += 10) {
      clock.advance(10_000);
      one.homeOf('0x1');
      two.homeOf('0x1');
    }
    expect(told).toEqual(['0x1', '0x1', '0x1']);
  });

  it('keep no more of a client than it may have, wherever it makes them', () => {
    const { a, one, two, forgotten } = setUpTwo();
    for (let id = 0; id < 600; id++) {
      one.remember(`one ${id}`, a, 'client');
      two.remember(`two ${id}`, a, 'client');
    }
    expect(forgotten).toHaveLength(200);
    expect([two.homeOf('one 0'), two.homeOf('one 599'), two.homeOf('two 599')]).toEqual([undefined, a, a]);
  });

  it('keep their own where two upstreams have handed out one id', () => {
    const { a, b, one, two } = setUpTwo();
    two.remember('0x1', b, 'client');
    one.remember('0x1', a, 'client');
    expect([one.homeOf('0x1'), two.homeOf('0x1')]).toEqual([a, b]);
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
