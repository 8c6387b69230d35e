import type { Upstream } from '../upstreams/upstream.ts';
import { KeySort } from './key-sort.ts';
import type { StrategyFactory } from './strategy.ts';
import { stateByUpstream } from './upstream-state.ts';

/** What was seen this long ago counts 1/e, about 37 %: the default of Finagle and linkerd. */
const TAU_MS = 10_000;
/** A cost of 0 would hide the attempts in flight and the weight. */
const LEAST_MS = 0.01;

interface Latency {
  /** As of `stampMs`; undefined while nothing is known. */
  ms: number | undefined;
  stampMs: number;
}

/**
 * Finagle's peak EWMA (`com.twitter.finagle.loadbalancer.PeakEwma`): lowest decayed latency × (attempts in
 * flight + 1) per weight first, equals in random order.
 *
 * A latency above the decayed one replaces it at once. One below changes nothing: Finagle averages it in by the
 * time since it last looked, and it looks at each choice, so that nothing but the decay towards 0 is left of
 * the average. By that decay an upstream that was slow is tried again: one that was 100 times as slow as the
 * others after 46 s (ln 100 × tau).
 *
 * An upstream that was never observed starts at the mean of the others; while none was, all are alike.
 */
export const peakEwma: StrategyFactory = ({ random, clock }) => {
  const latencies = stateByUpstream<Latency>(() => ({ ms: undefined, stampMs: 0 }));
  const sorter = new KeySort();
  return {
    order(upstreams) {
      const held = latencies.of(upstreams);
      const nowMs = clock.monotonicMs();
      startUnobserved(held, nowMs);
      const cost = ({ inFlight, weight }: Upstream, i: number) =>
        (decayedMs(held[i], nowMs) * (inFlight + 1)) / weight;
      return sorter.sort(upstreams, cost, random);
    },

    observe(upstream, latencyMs) {
      const latency = latencies.one(upstream);
      const nowMs = clock.monotonicMs();
      latency.ms = Math.max(latencyMs, decayedMs(latency, nowMs));
      latency.stampMs = nowMs;
    },
  };
};

function decayedMs(latency: Latency | undefined, nowMs: number): number {
  if (latency?.ms === undefined) return LEAST_MS;
  return Math.max(LEAST_MS, latency.ms * Math.exp((latency.stampMs - nowMs) / TAU_MS));
}

function startUnobserved(latencies: readonly Latency[], nowMs: number): void {
  if (latencies.every(({ ms }) => ms !== undefined)) return;
  const observed = latencies.filter(({ ms }) => ms !== undefined);
  if (observed.length === 0) return;
  const meanMs = observed.reduce((sum, latency) => sum + decayedMs(latency, nowMs), 0) / observed.length;
  for (const latency of latencies) {
    if (latency.ms !== undefined) continue;
    latency.ms = meanMs;
    latency.stampMs = nowMs;
  }
}
