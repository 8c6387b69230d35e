import { ALL, five } from './shapes.mjs';

const RATE = 60;
const [HALVED, DOUBLED] = [2, 3];
const limit = (perSecond) => ({ perSecond, burst: perSecond / 10 });
const allow =
  (perSecond) =>
  ({ providers }) =>
    providers.change(ALL, { limit: limit(perSecond) });

/** How well the halved limit is used, and how soon the doubled one is. */
function remark(run) {
  const halved = run.phase(HALVED);
  const refused = halved.upstream.refused / halved.calls;
  const soon = run.secondsUntil(DOUBLED, 0.95);
  return (
    `halved: ${(100 * halved.ofCapacity).toFixed(0)} % of it used, ${(100 * refused).toFixed(1)} % refused; ` +
    `doubled: 95 % used ${soon === undefined ? 'never' : `after ${soon} s`}`
  );
}

/** A limit that halves, and doubles. */
export const changingLimit = [
  {
    name: 'changing-limit',
    group: 'two-x',
    title: `token buckets of ${RATE}/s that halve for 10 s, offered ${2 * RATE}/s each`,
    providers: five(() => ({ limit: { kind: 'bucket', ...limit(RATE) } })),
    load: { perSecond: 2 * RATE * ALL.length },
    phases: [
      { seconds: 10, capacity: RATE * ALL.length },
      { seconds: 5, capacity: RATE * ALL.length, measured: true },
      { seconds: 10, capacity: (RATE / 2) * ALL.length, measured: true, begin: allow(RATE / 2) },
      { seconds: 15, capacity: RATE * ALL.length, measured: true, begin: allow(RATE) },
    ],
    share: 0.4,
    remark,
  },
];
