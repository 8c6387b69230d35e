import { describe, expect, it } from 'vitest';
import { Capacity } from '../../src/upstreams/capacity.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { seededRandom } from '../support/seeded-random.ts';

function learning() {
  const clock = new ManualClock();
  const capacity = new Capacity();
  return {
    clock,
    get limit() {
      return capacity.limit(clock);
    },
    get shown() {
      return capacity.shown(clock);
    },
    refused: (size: number | undefined, stated?: number) => capacity.refused(size, stated, clock),
    wentWell: (size: number) => capacity.wentWell(size, clock),
  };
}

describe('a limit that a text states', () => {
  it('is believed for an hour, and for another one when it is said again', () => {
    const found = learning();
    expect([found.limit, found.refused(1_000, 10), found.limit]).toEqual([undefined, true, 10]);
    found.clock.advance(3_000_000);
    expect([found.limit, found.refused(500, 10)]).toEqual([10, false]);
    found.clock.advance(3_599_999);
    expect(found.limit).toBe(10);
    found.clock.advance(1);
    expect([found.limit, found.shown]).toEqual([undefined, undefined]);
  });

  it.each([
    ['none', undefined],
    ['what was refused', 64],
    ['more than that', 65],
    ['nothing', 0],
  ])('that can not be, since it is %s, is not believed', (_, stated) => {
    const found = learning();
    found.refused(64, stated);
    expect(found.limit).toBe(32);
  });

  it('is believed where it is not known how much was asked for', () => {
    const found = learning();
    expect([found.refused(undefined), found.limit]).toEqual([false, undefined]);
    expect([found.refused(undefined, 10), found.limit]).toEqual([true, 10]);
  });

  it('is raised by more that goes well, and lowered by less that is refused', () => {
    const found = learning();
    found.refused(1_000, 10);
    expect([found.wentWell(10), found.wentWell(40), found.limit, found.shown]).toEqual([false, true, 40, 40]);
    found.refused(20);
    expect(found.limit).toBe(10);
    found.refused(8, 5);
    expect([found.limit, found.shown]).toEqual([5, 5]);
  });
});

describe('a limit that no text states', () => {
  it('is nothing when a single one was refused, or nothing was', () => {
    const found = learning();
    expect([found.refused(1), found.wentWell(100), found.limit]).toEqual([false, false, undefined]);
  });

  it('is shown as assumed until something went well', () => {
    const found = learning();
    found.refused(1_000);
    expect([found.limit, found.shown]).toEqual([500, 500]);
    found.wentWell(500);
    expect([found.limit, found.shown]).toEqual([750, 500]);
  });

  it('is found by halving, whatever it is, with few refusals', () => {
    const random = seededRandom(7);
    for (let run = 0; run < 200; run++) {
      const found = learning();
      const truth = 1 + Math.floor(random() * 2_000);
      const first = truth + 1 + Math.floor(random() * 5_000);
      found.refused(first);
      let refusals = 1;
      for (let round = 0; round < 60; round++) {
        const asked = found.limit ?? 0;
        expect(asked).toBeGreaterThanOrEqual(1);
        expect(asked).toBeLessThan(first);
        if (asked <= truth) found.wentWell(asked);
        else {
          found.refused(asked);
          refusals += 1;
        }
      }
      expect([found.limit, found.shown]).toEqual([truth, truth]);
      expect(refusals).toBeLessThanOrEqual(2 + Math.ceil(Math.log2(first)));
    }
  });
});
