/** The peak-ewma strategy: the upstream that is likely to answer soonest comes first. */

import type { Upstream } from '../upstreams/upstream.ts';
import { FirstThenOthers } from './first-then-others.ts';
import { KeySort } from './key-sort.ts';
import type { StrategyFactory } from './strategy.ts';
import { stateByUpstream } from './upstream-state.ts';

/** A latency observed this long ago counts 1/e, about 37 %: the default of Finagle and linkerd. */
const TAU_MS = 10_000;
/** With a cost of 0 the attempts in flight and the weight would not count. */
const LEAST_MS = 0.01;

/** The time of reference is moved before latencies scaled to it grow too large for a number: e^100 still fits. */
const MAX_REFERENCE_AGE_MS = 100 * TAU_MS;

interface Latency {
  isKnown: boolean;
  /** Scaled to the time of reference. 0 while nothing is known. */
  scaledMs: number;
  /** The time of reference that it is scaled to. */
  referenceMs: number;
}

/**
 * Finagle's `com.twitter.finagle.loadbalancer.PeakEwma`: lowest decayed latency × (attempts in flight + 1) per weight
 * first, equals in random order.
 *
 * A latency above the decayed one replaces it at once. One below changes nothing: Finagle averages it in by the
 * time since its last update, which happens at each choice, so that only the decay towards 0 is left of the average.
 * Through that decay a slow upstream is tried again: one that was 100 times as slow as the others after 46 s
 * (ln 100 × tau).
 *
 * The decay is one factor for all. So each latency is stored as it would be at a common time of reference, and a
 * choice computes the factor once.
 *
 * An upstream that was never observed starts at the mean of the others; while none was observed, all are equal.
 */
export const peakEwma: StrategyFactory = ({ random, clock }) => {
  let referenceMs = clock.monotonicMs();
  /** From the time of reference until now. */
  let decay = 1;
  const latencies = stateByUpstream<Latency>(() => ({ isKnown: false, scaledMs: 0, referenceMs }));
  let held: readonly Latency[] = [];
  const sorter = new KeySort();

  const readClock = () => {
    const nowMs = clock.monotonicMs();
    if (nowMs - referenceMs > MAX_REFERENCE_AGE_MS) referenceMs = nowMs;
    decay = Math.exp((referenceMs - nowMs) / TAU_MS);
  };
  const decayedMs = (latency: Latency) => {
    if (latency.referenceMs !== referenceMs) {
      latency.scaledMs *= Math.exp((latency.referenceMs - referenceMs) / TAU_MS);
      latency.referenceMs = referenceMs;
    }
    return Math.max(LEAST_MS, latency.scaledMs * decay);
  };
  const learn = (latency: Latency, latencyMs: number) => {
    latency.scaledMs = Math.max(latencyMs, decayedMs(latency)) / decay;
    latency.isKnown = true;
  };
  const cost = (latency: Latency, { inFlight, inFlightElsewhere, weight }: Upstream) =>
    (decayedMs(latency) * (inFlight + inFlightElsewhere + 1)) / weight;
  // An index of the list whose latencies these are.
  const costAt = (upstream: Upstream, i: number) => cost(held[i] as Latency, upstream);
  const arrange = (others: Upstream[]) => {
    readClock();
    return sorter.sort(others, (upstream) => cost(latencies.one(upstream), upstream), random);
  };

  return {
    order(upstreams) {
      held = latencies.of(upstreams);
      readClock();
      if (!held.every(({ isKnown }) => isKnown)) startUnknown(held, decayedMs, learn);
      return new FirstThenOthers(upstreams, sorter.first(upstreams, costAt, random), arrange);
    },

    observe(upstream, latencyMs) {
      readClock();
      learn(latencies.one(upstream), latencyMs);
    },
  };
};

/** Unknown upstreams start at the mean of the known ones. */
function startUnknown(
  latencies: readonly Latency[],
  msOf: (latency: Latency) => number,
  learn: (latency: Latency, latencyMs: number) => void,
): void {
  const known = latencies.filter(({ isKnown }) => isKnown);
  if (known.length === 0) return;
  const meanMs = known.reduce((sum, latency) => sum + msOf(latency), 0) / known.length;
  for (const latency of latencies) if (!latency.isKnown) learn(latency, meanMs);
}
