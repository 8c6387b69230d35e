// What many scenarios have in common. A scenario is data:
//   name, kind, group   what --only can name
//   title               its line in the table
//   providers           what each simulated provider is (provider.mjs)
//   load                perSecond, mix of methods where it isn't eth_getBalance alone, byUnits where a call counts
//                       as its compute units (fleet-process.mjs)
//   phases              one after the other: seconds; begin({ providers, balancer }), what happens first;
//                       measured, whether calls that are due in it are in the table; capacity, what all
//                       providers together allow in it, units a second
//   share               how much of a machine with two cores one run with the daemon may need; those that fit run
//                       side by side
//   remark(run)         one more thing to say about a run (measurement.mjs), where there is one
//   summary(run)        what a run comes down to, where its group doesn't say (report.mjs)
import { unitsOf } from '../questions.mjs';

export const LATENCY_MS = [8, 12];

/** All of the five providers. */
export const ALL = [0, 1, 2, 3, 4];

/** Five providers, alike but for what `differs(index)` says. */
export function five(differs = () => ({})) {
  return ALL.map((index) => ({ latencyMs: LATENCY_MS, ...differs(index) }));
}

/** Five providers without limits, one of which fails for a while. */
export function oneFails({ name, title, fault, before = 3, during = 7, after = 3, share = 1 / 3 }) {
  return {
    name,
    group: 'faults',
    title,
    providers: five(),
    load: { perSecond: 200 },
    phases: [
      { seconds: before },
      { seconds: during, measured: true, begin: ({ providers }) => providers.change([0], { fault }) },
      { seconds: after, measured: true, begin: ({ providers }) => providers.change([0], { fault: 'none' }) },
    ],
    share,
  };
}

/**
 * Providers that allow `capacity` units a second together, offered 0.8 times that (below) and twice that (above).
 * below and above, each where it is wanted: seconds of learning and then of measuring; share; times, where these
 * are others. `mix` and `byUnits` as in a load; a unit is a call without them.
 */
export function underLimits({ kind, title, providers, capacity, mix, byUnits, below, above }) {
  const unitsOfCall = byUnits ? meanUnits(mix) : 1;
  const scenario = (group, usualTimes, { learning, seconds, share, times = usualTimes }) => ({
    name: `${kind}-${times}x`,
    kind,
    group,
    title: `${title}, offered ${times} × what they allow`,
    providers,
    load: { perSecond: (times * capacity) / unitsOfCall, byUnits, ...(mix && { mix }) },
    phases: [
      { seconds: learning, capacity },
      { seconds, capacity, measured: true },
    ],
    share,
  });
  return [below && scenario('four-fifths', 0.8, below), above && scenario('two-x', 2, above)].filter(Boolean);
}

/** Units of a call, on average. */
function meanUnits(mix) {
  const weights = Object.entries(mix);
  const total = weights.reduce((sum, [, weight]) => sum + weight, 0);
  return weights.reduce((sum, [method, weight]) => sum + weight * unitsOf(method), 0) / total;
}
