import type { Order, Strategy } from '../../src/strategies/strategy.ts';
import { Upstream } from '../../src/upstreams/upstream.ts';

/** One upstream for each name, with these weights (1 when none is given). */
export function makeUpstreams(names: string, weights: readonly number[] = []): Upstream[] {
  return [...names].map((name, i) => {
    const spec = {
      url: new URL(`http://${name}.test/`),
      name,
      tier: 'primary',
      weight: weights[i] ?? 1,
    } as const;
    return new Upstream(spec, 1);
  });
}

/** All of an order. */
export function listOf(order: Order): Upstream[] {
  const upstreams: Upstream[] = [];
  for (;;) {
    const upstream = order.next();
    if (!upstream) return upstreams;
    upstreams.push(upstream);
  }
}

/** The order that a strategy gives now, to its end. */
export const orderOf = (strategy: Strategy, upstreams: readonly Upstream[]): Upstream[] =>
  listOf(strategy.order(upstreams));

/** The names in one word. */
export const word = (upstreams: readonly Upstream[]): string => upstreams.map(({ name }) => name).join('');

/** The names of those who were first in so many orders, in one word. */
export function firsts(strategy: Strategy, upstreams: readonly Upstream[], times: number): string {
  return Array.from({ length: times }, () => strategy.order(upstreams).next()?.name).join('');
}

/** How often each name stood at each place in so many orders: `shares.a[0]` is the part in which a was first. */
export function shares(
  strategy: Strategy,
  upstreams: readonly Upstream[],
  times: number,
): Record<string, number[]> {
  const counts = Object.fromEntries(upstreams.map(({ name }) => [name, upstreams.map(() => 0)]));
  for (let i = 0; i < times; i++) {
    orderOf(strategy, upstreams).forEach(({ name }, place) => {
      const places = counts[name] ?? [];
      places[place] = (places[place] ?? 0) + 1 / times;
    });
  }
  return counts;
}
