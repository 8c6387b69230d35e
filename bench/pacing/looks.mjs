// What does it cost a replica to share its budgets with many others? bench/README.md
import { ensureBuilt } from '../lib/build.mjs';
import { readFlags } from '../lib/flags.mjs';
import { seededRandom } from '../lib/seeded-random.mjs';

const flags = readFlags({ replicas: 100, budgets: 50, seconds: 60, news: 2 });
ensureBuilt();
const built = new URL('../../dist/', import.meta.url);
const { Pacer } = await import(new URL('pacing/pacer.js', built).href);
const { FactTable } = await import(new URL('sharing/fact-table.js', built).href);
const { BudgetSharing } = await import(new URL('sharing/budget-sharing.js', built).href);
const { SharedBuckets } = await import(new URL('clients/shared-buckets.js', built).href);

const random = seededRandom(1);
let nowMs = 0;
let due = [];
const clock = {
  monotonicMs: () => nowMs,
  wallMs: () => 1_700_000_000_000 + nowMs,
  after(delayMs, run) {
    const timer = { atMs: nowMs + delayMs, run };
    due.push(timer);
    return () => {
      due = due.filter((each) => each !== timer);
    };
  },
};
const keys = Array.from({ length: flags.budgets }, (_, i) => `${i}`.padStart(32, '0'));
const pacers = keys.map(() => new Pacer({ ceilingRps: 1_000 }));
const table = new FactTable({ clock, origin: 'a00' });
const sharing = new BudgetSharing({
  ...{ table, clock, role: 'alone', workers: 1, buckets: new SharedBuckets() },
  budgets: () => keys.map((key, i) => ({ key, pacer: pacers[i], learns: true, waiting: () => 0 })),
  inFlight: () => new Map(),
  setInFlightElsewhere() {},
});
table.connect({ reach: 'fleet', send() {} });
sharing.start();

/** What another replica tells: about the same again and again, as under steady load. */
const accepted = Array.from({ length: flags.replicas }, () => keys.map(() => 0));
function tell(replica) {
  const use = (i) => {
    accepted[replica][i] += 10;
    return [accepted[replica][i], 18 + Math.round(4 * random()), 20 + 4 * random(), 1];
  };
  const budgets = Object.fromEntries(keys.map((key, i) => [key, use(i)]));
  const origin = `b${replica}`;
  return JSON.stringify([
    { key: `use ${origin}`, version: clock.wallMs(), origin, leftMs: 6_000, value: { budgets } },
  ]);
}

const from = { reach: 'fleet', send() {} };
let heardMs = 0;
let lookedMs = 0;
const timed = (run) => {
  const began = performance.now();
  run();
  return performance.now() - began;
};
for (; nowMs < flags.seconds * 1_000; nowMs += 10) {
  for (const pacer of pacers) {
    if (random() > 0.2) continue;
    pacer.sent(1, nowMs);
    pacer.answered(1, nowMs, nowMs);
  }
  const texts = [];
  for (let other = 1; other < flags.replicas; other += 1)
    if (random() < flags.news / 100) texts.push(tell(other));
  heardMs += timed(() => {
    for (const text of texts) table.receive(JSON.parse(text), from);
  });
  const now = due.filter(({ atMs }) => atMs <= nowMs);
  due = due.filter(({ atMs }) => atMs > nowMs);
  lookedMs += timed(() => {
    for (const { run } of now) run();
  });
}
const share = (ms) => `${((100 * ms) / (flags.seconds * 1_000)).toFixed(2)} %`;
console.log(`${flags.replicas} replicas, ${flags.budgets} budgets, ${flags.news} messages a second of each`);
console.log(`of a core: ${share(lookedMs)} for looks, ${share(heardMs)} for what others tell`);
