import { describe, expect, it } from 'vitest';
import { Announcer, type Event } from '../../src/events.ts';
import { believedHeight, Heights } from '../../src/probes/heights.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { upstream } from './scripted.ts';

describe('the height of the chain', () => {
  it.each<[number[], number | undefined]>([
    [[], undefined],
    [[0], 0],
    [[7], 7],
    // Of two the higher one: a stuck node is far more frequent than one that invents blocks.
    [[100, 1_000], 1_000],
    [[100, 2 ** 50], 2 ** 50],
    // Of three and more one that stands alone is not believed.
    [[100, 100, 2 ** 50], 100],
    [[2 ** 50, 100, 90], 100],
    [[100, 50, 2 ** 50], 100],
    [[100, 111, 50], 100],
    // It does not stand alone when another is near.
    [[100, 110, 50], 110],
    [[100, 100, 105], 105],
    [[2 ** 50, 2 ** 50, 100], 2 ** 50],
    [[1_000, 500, 400, 990], 1_000],
  ])('among %j is %s', (heights, height) => {
    expect(believedHeight(heights, 10)).toBe(height);
    expect(believedHeight([...heights].reverse(), 10)).toBe(height);
  });
});

describe('the heights of upstreams', () => {
  function setUp(names: string, maxLag = 10) {
    const clock = new ManualClock();
    const events: Event[] = [];
    const announcer = new Announcer();
    announcer.listen((event) => events.push(event));
    const upstreams = [...names].map((name) => upstream(name));
    for (const each of upstreams) each.chainId = '1';
    const heights = new Heights({ maxLag, clock, announcer, upstreams: () => upstreams });
    const of = (name: string) => {
      const found = upstreams.find((each) => each.name === name);
      if (!found) throw new Error(`no upstream ${name}`);
      return found;
    };
    const learn = (name: string, height: number) => heights.learn(of(name), height);
    const lagging = () => upstreams.filter((each) => each.lagging).map(({ name }) => name);
    return { clock, events, heights, learn, lagging, of };
  }

  it('make one lag that is more than the allowed blocks behind, and tell by how many', () => {
    const { learn, lagging, events, of } = setUp('ab');
    learn('a', 1_000);
    learn('b', 990);
    expect(lagging()).toEqual([]);
    learn('b', 989);
    expect(lagging()).toEqual(['b']);
    expect(of('b').blockHeight).toBe(989);
    expect(events).toMatchObject([
      { type: 'upstream-lagging', upstream: { name: 'b', tier: 'primary' }, blocks: 11 },
    ]);
  });

  it('tell once that one lags, and once that it has caught up and after how long', () => {
    const { learn, lagging, events, clock } = setUp('ab');
    learn('a', 1_000);
    learn('b', 500);
    learn('b', 501);
    clock.advance(45_000);
    learn('b', 995);
    learn('b', 996);
    expect(lagging()).toEqual([]);
    expect(events.slice(1)).toMatchObject([
      { type: 'upstream-caught-up', upstream: { name: 'b', tier: 'primary' }, laggedMs: 45_000 },
    ]);
  });

  it('judge an upstream when its own height comes: what others told since counts then', () => {
    const { learn, lagging } = setUp('ab');
    learn('a', 1_000);
    learn('b', 1_000);
    // A chain that grows by a hundred blocks between two checks.
    learn('a', 1_100);
    expect(lagging()).toEqual([]);
    learn('b', 1_110);
    learn('a', 1_200);
    expect(lagging()).toEqual([]);
    learn('b', 1_110);
    expect(lagging()).toEqual(['b']);
  });

  it('allow no block at all with a lag of 0', () => {
    const { learn, lagging } = setUp('ab', 0);
    learn('a', 1_000);
    learn('b', 1_000);
    expect(lagging()).toEqual([]);
    learn('b', 999);
    expect(lagging()).toEqual(['b']);
  });

  it('take no notice of one that is down', () => {
    const { learn, lagging, of } = setUp('ab');
    learn('a', 1_000);
    of('a').down = { reason: 'probe-failed', sinceMs: 1_000 };
    learn('b', 500);
    expect(lagging()).toEqual([]);
  });

  it('are compared on the same chain only', () => {
    const { learn, lagging, of } = setUp('abc');
    of('b').chainId = '5';
    of('c').chainId = undefined;
    learn('a', 1_000);
    learn('b', 500);
    learn('c', 500);
    expect(lagging()).toEqual([]);
    expect(of('c').blockHeight).toBe(500);
  });

  it('of three are not spoilt by one that tells an absurd one', () => {
    const { learn, lagging } = setUp('abc');
    learn('a', 2 ** 50);
    learn('b', 1_000);
    learn('c', 1_000);
    learn('b', 1_001);
    learn('c', 1_001);
    // As long as only two had told theirs, the higher one counted.
    expect(lagging()).toEqual([]);
  });

  it('are forgotten without a word', () => {
    const { learn, heights, events, of } = setUp('ab');
    learn('a', 1_000);
    learn('b', 500);
    heights.forget(of('b'));
    expect(of('b')).toMatchObject({ blockHeight: undefined, lagging: undefined });
    expect(events).toHaveLength(1);
  });
});
