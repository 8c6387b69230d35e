import { describe, expect, it } from 'vitest';
import { hashOf, Rendezvous } from '../../src/strategies/rendezvous.ts';
import { Upstream } from '../../src/upstreams/upstream.ts';
import { listOf, makeUpstreams, word } from './draws.ts';

/** Two kinds of names that are alike but for their ends. */
const CLIENTS = Array.from({ length: 20_000 }, (_, i) =>
  i % 2 === 0 ? `10.0.${(i >> 9) & 255}.${(i >> 1) & 255}` : `client-${i}`,
).map(hashOf);

const rendezvous = new Rendezvous();
const orderFor = (upstreams: readonly Upstream[], client: number) =>
  word(listOf(rendezvous.order(upstreams, client)));
const firstFor = (upstreams: readonly Upstream[], client: number) =>
  rendezvous.order(upstreams, client).next()?.name;
const firsts = (upstreams: readonly Upstream[]) => CLIENTS.map((client) => firstFor(upstreams, client));

/** How many clients have each upstream at a place of their order. */
function countAt(place: number, upstreams: readonly Upstream[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const client of CLIENTS) {
    const name = orderFor(upstreams, client)[place] ?? '';
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

/** Five standard deviations of so many draws, of which this part is expected. */
const tolerance = (part: number) => 5 * Math.sqrt(CLIENTS.length * part * (1 - part));

function makeOne(url: string, name = 'x'): Upstream {
  return new Upstream({ url: new URL(url), name, tier: 'primary', weight: 1 }, 1);
}

describe('the order for a client', () => {
  it('is the same in every process and after each restart: it follows from the client and the URLs', () => {
    const urls = ['https://a.test/v2/one', 'https://a.test/v2/two', 'https://b.test/?key=1', 'http://b.test'];
    const upstreams = urls.map((url, i) => makeOne(url, `${i}`));
    const orders = ['alice', 'bob', '192.0.2.1', '192.0.2.2', '2001:db8:0:1'].map((client) =>
      orderFor(upstreams, hashOf(client)),
    );
    expect(orders).toEqual(['0321', '3102', '2310', '1230', '0123']);
    // Neither the place in the list nor a name or another option counts, nor who was asked for before.
    const renamed = urls.map((url, i) => makeOne(url.replace('://', '://:password@'), `${i}`)).reverse();
    expect(['alice', 'bob'].map((client) => orderFor(renamed, hashOf(client)))).toEqual(orders.slice(0, 2));
    expect(new Rendezvous().order(upstreams, hashOf('bob')).next()?.name).toBe(orders[1]?.[0]);
  });

  it('tells servers apart by each part of their URLs but the password', () => {
    const differs = (one: string, other: string) => {
      const both = [makeOne(one, 'A'), makeOne(other, 'B')];
      return CLIENTS.some((client) => firstFor(both, client) === 'B');
    };
    expect(differs('http://a.test/', 'http://a.test/x')).toBe(true);
    expect(differs('http://a.test/x', 'http://a.test/?x')).toBe(true);
    expect(differs('http://a.test/', 'http://a.test:81/')).toBe(true);
    expect(differs('http://a.test/', 'https://a.test/')).toBe(true);
    expect(differs('http://one:p@a.test/', 'http://two:p@a.test/')).toBe(true);
    expect(differs('http://one:p@a.test/', 'http://one:q@a.test/')).toBe(false);
  });

  it('has each upstream once, at every place as often as the others', () => {
    const upstreams = makeUpstreams('abcde');
    for (const client of CLIENTS.slice(0, 500))
      expect([...orderFor(upstreams, client)].sort().join('')).toBe('abcde');
    for (const place of [0, 1, 4])
      for (const count of Object.values(countAt(place, upstreams)))
        expect(Math.abs(count - CLIENTS.length / 5)).toBeLessThan(tolerance(0.2));
    expect(rendezvous.order([], 1).next()).toBeUndefined();
    const order = rendezvous.order(upstreams, 1);
    listOf(order);
    expect(order.next()).toBeUndefined();
  });

  it('follows the weights, also among those that are left', () => {
    const upstreams = makeUpstreams('abc', [6, 3, 1]);
    for (const [name, part] of Object.entries({ a: 0.6, b: 0.3, c: 0.1 }))
      expect(Math.abs((countAt(0, upstreams)[name] ?? 0) - CLIENTS.length * part)).toBeLessThan(
        tolerance(part),
      );
    const ofA = CLIENTS.filter((client) => firstFor(upstreams, client) === 'a');
    const then = ofA.filter((client) => orderFor(upstreams, client)[1] === 'b').length;
    expect(Math.abs(then - ofA.length * 0.75)).toBeLessThan(tolerance(0.75));
  });

  it('gives each of 300 its place, and its part of the clients', () => {
    const upstreams = Array.from({ length: 300 }, (_, i) => makeOne(`https://rpc.test/v2/${i}`, `${i}`));
    expect(new Set(listOf(rendezvous.order(upstreams, 7))).size).toBe(300);
    const counts = new Map<string | undefined, number>();
    for (const name of firsts(upstreams)) counts.set(name, (counts.get(name) ?? 0) + 1);
    // 66.7 on average, eight standard deviations of 8.2 among 300 draws.
    expect(counts.size).toBe(300);
    expect(Math.max(...counts.values())).toBeLessThan(133);
  });
});

describe('when something changes, only those move that must', () => {
  const all = makeUpstreams('abcde', [1, 2, 1, 3, 1]);
  const before = firsts(all);

  it('one that leaves is missed by its own clients only, who go to their second, and come back with it', () => {
    for (const gone of all) {
      const left = all.filter((each) => each !== gone);
      const after = firsts(left);
      const moved = CLIENTS.filter((_, i) => before[i] !== after[i]);
      const own = CLIENTS.filter((_, i) => before[i] === gone.name);
      expect(moved).toEqual(own);
      expect(moved.length).toBeGreaterThan(1_000);
      expect(moved.map((client) => firstFor(left, client))).toEqual(
        moved.map((client) => orderFor(all, client)[1]),
      );
    }
    expect(firsts(all)).toEqual(before);
  });

  it('one that joins takes its part of each of the others, and nobody else moves', () => {
    const after = firsts([...makeUpstreams('f', [2]), ...all]);
    const moved = CLIENTS.flatMap((_, i) => (before[i] === after[i] ? [] : [i]));
    expect(moved.every((i) => after[i] === 'f')).toBe(true);
    expect(Math.abs(moved.length - CLIENTS.length / 5)).toBeLessThan(tolerance(0.2));
    expect(new Set(moved.map((i) => before[i])).size).toBe(5);
  });

  it('one that gets a greater weight gains clients, and nobody else moves', () => {
    const after = firsts(makeUpstreams('abcde', [1, 2, 5, 3, 1]));
    const moved = CLIENTS.flatMap((_, i) => (before[i] === after[i] ? [] : [i]));
    expect(moved.every((i) => after[i] === 'c')).toBe(true);
    // From one part in eight to five in twelve.
    expect(Math.abs(moved.length - CLIENTS.length * (5 / 12 - 1 / 8))).toBeLessThan(tolerance(0.3));
  });
});
