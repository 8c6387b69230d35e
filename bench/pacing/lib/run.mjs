// One controller in front of one limiter: what it got of what an oracle gets.
import { seededRandom } from '../../lib/seeded-random.mjs';
import { simulate } from './simulation.mjs';

/** Asks the limiter itself, which is next to it: nothing is on the way, nothing refused. */
class Oracle {
  constructor(limiter) {
    this.limiter = limiter;
  }
  freeAtMs(nowMs, method) {
    return this.limiter.shape.roomAt(this.limiter.costOf(method), nowMs);
  }
  sent() {}
  answered() {}
  refused() {}
  lost() {}
}

/**
 * @param kind of limiters/
 * @param makeController of the kind
 * @param load offered, as a share of the limit
 * @returns goodput in the limiter's units a second, refused share of calls, good share of requests
 */
export function run(kind, makeController, { load, seed, rttMs = 50, changes = [] }) {
  const random = seededRandom(seed);
  const limiter = kind.make({ random: seededRandom(seed + 1) });
  const windowSeconds = kind.windowSeconds ?? 1;
  const learnSeconds = kind.learnSeconds ?? Math.max(60, 3 * windowSeconds);
  const from = learnSeconds * 1000;
  const seconds = kind.seconds ?? learnSeconds + Math.max(180, 5 * windowSeconds);
  const figures = { units: 0, accepted: 0, refused: 0, arrived: 0, good: 0, refusedSeries: [], series: [] };
  const controller = makeController(kind, limiter);
  simulate({
    upstreams: [{ limiter, controller }],
    offered: () => kind.rps * load,
    mix: mixOf(kind),
    random,
    seconds,
    rttMs,
    serviceShare: controller instanceof Oracle ? 1 : kind.serviceShare,
    at: changes.map(([second, scale]) => [second * 1000, () => rescale(limiter.shape, scale)]),
    onEvent(what, _index, { kind: { method }, arrivedMs }, nowMs) {
      if (what === 'accepted') {
        const second = Math.floor(nowMs / 1000);
        figures.series[second] = (figures.series[second] ?? 0) + 1;
      }
      if (what === 'refused') {
        const second = Math.floor(nowMs / 1000);
        figures.refusedSeries[second] = (figures.refusedSeries[second] ?? 0) + 1;
      }
      if (nowMs < from) return;
      if (what === 'accepted') {
        figures.units += kind.costs?.[method] ?? 1;
        figures.accepted += 1;
      } else if (what === 'refused') figures.refused += 1;
      else if (what === 'arrived') figures.arrived += 1;
      else if (what === 'good' && arrivedMs >= from) figures.good += 1;
    },
  });
  const { units, accepted, refused, arrived, good } = figures;
  return {
    unitsPerSecond: units / (seconds - from / 1000),
    waste: refused / Math.max(1, accepted + refused),
    goodShare: good / arrived,
    refused,
    refusedSeries: figures.refusedSeries,
    series: figures.series,
  };
}

export function oracleOf(_kind, limiter) {
  return new Oracle(limiter);
}

function rescale(shape, scale) {
  if (shape.rate !== undefined) shape.rate *= scale;
  if (shape.most !== undefined) shape.most *= scale;
  if (shape.high !== undefined) shape.high *= scale;
}

function mixOf(kind) {
  const shares = Object.entries(kind.shares ?? { eth_call: 1 });
  return shares.map(([method, share]) => ({ share, method }));
}
