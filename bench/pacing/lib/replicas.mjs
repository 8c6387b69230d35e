// Several processes in front of one limiter: what they get together of what one oracle gets.
import { seededRandom } from '../../lib/seeded-random.mjs';
import { oracleOf, run } from './run.mjs';
import { startDaemon, Time } from './simulation.mjs';

/**
 * @param kind of limiters/
 * @param makeControllers (count, kind, time) => one for each process, with `begin(daemons)` called before the start
 * @param loads what each process is offered, as a share of the limit, of the time in ms
 * @returns goodput as a share of the oracle's, refused share of the calls, and accepted calls of each process
 */
export function runTogether(
  kind,
  makeControllers,
  { loads, seed, rttMs = 50, seconds, learnSeconds, oracle },
) {
  const time = new Time();
  const limiter = kind.make({ random: seededRandom(seed + 1) });
  const windowSeconds = kind.windowSeconds ?? 1;
  const learnMs = 1000 * (learnSeconds ?? kind.learnSeconds ?? Math.max(60, 3 * windowSeconds));
  const endMs =
    seconds === undefined
      ? 1000 * (kind.seconds ?? learnMs / 1000 + Math.max(180, 5 * windowSeconds))
      : 1000 * seconds;
  const controllers = makeControllers(loads.length, kind, time);
  const figures = {
    units: 0,
    accepted: 0,
    refused: 0,
    of: loads.map(() => 0),
    refusedSeries: [],
    series: [],
  };
  const shares = Object.entries(kind.shares ?? { eth_call: 1 });
  const daemons = loads.map((load, index) =>
    startDaemon({
      time,
      upstreams: [{ limiter, controller: controllers[index] }],
      offered: (nowMs) => kind.rps * (typeof load === 'function' ? load(nowMs) : load),
      mix: shares.map(([method, share]) => ({ share, method })),
      random: seededRandom(seed + 100 * index),
      rttMs,
      serviceShare: kind.serviceShare,
      onEvent(what, _index, { kind: { method } }, nowMs) {
        const second = Math.floor(nowMs / 1000);
        if (what === 'accepted') figures.series[second] = (figures.series[second] ?? 0) + 1;
        if (what === 'refused') figures.refusedSeries[second] = (figures.refusedSeries[second] ?? 0) + 1;
        if (nowMs < learnMs) return;
        if (what === 'accepted') {
          figures.units += kind.costs?.[method] ?? 1;
          figures.accepted += 1;
          figures.of[index] += 1;
        } else if (what === 'refused') figures.refused += 1;
      },
    }),
  );
  controllers.begin?.(daemons);
  time.runUntil(endMs);
  const perSecond = figures.units / ((endMs - learnMs) / 1000);
  const best = oracle ?? run(kind, oracleOf, { load: 2, seed, rttMs }).unitsPerSecond;
  return {
    goodput: perSecond / best,
    waste: figures.refused / Math.max(1, figures.accepted + figures.refused),
    of: figures.of,
    series: figures.series,
    refusedSeries: figures.refusedSeries,
  };
}
