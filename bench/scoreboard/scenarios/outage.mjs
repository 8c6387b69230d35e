import { ALL, five } from './shapes.mjs';

const OUTAGE = 1;

const seconds = (ms) => (ms === undefined ? 'never' : `${(ms / 1_000).toFixed(1)} s`);

function callsPerRequest(run) {
  const { calls, requests } = run.phase(OUTAGE);
  return `${(calls / requests).toFixed(2)} calls upstream per request in the outage`;
}

/** How soon all is good again, besides. */
function remark(run) {
  const [first, lastBad] = [run.firstGoodAfter(OUTAGE + 1), run.lastBadAfter(OUTAGE + 1)];
  return `${callsPerRequest(run)}; first good answer after ${seconds(first)}, none bad after ${seconds(lastBad)}`;
}

/** Nobody answers, then everybody does. */
export const outage = [
  {
    name: 'outage',
    group: 'faults',
    title: 'all answer 503 for 8 s, then none does',
    providers: five(),
    load: { perSecond: 100 },
    phases: [
      { seconds: 3 },
      { seconds: 8, begin: ({ providers }) => providers.change(ALL, { fault: 'unavailable' }) },
      { seconds: 10, measured: true, begin: ({ providers }) => providers.change(ALL, { fault: 'none' }) },
    ],
    share: 1 / 3,
    remark,
    summary: (run) => `${callsPerRequest(run)}; all good after ${seconds(run.lastBadAfter(OUTAGE + 1))}`,
  },
];
