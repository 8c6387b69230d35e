// What do several processes get out of one limiter that they share: workers, replicas with Redis, replicas alone?
// bench/README.md
import { ensureBuilt } from '../lib/build.mjs';
import { readFlags } from '../lib/flags.mjs';
import { kinds } from './lib/kinds.mjs';
import { runTogether } from './lib/replicas.mjs';
import { oracleOf, run } from './lib/run.mjs';
import { sharingPacers } from './lib/sharing.mjs';

const { seed, rtt, only } = readFlags({ seed: 1, rtt: 50, only: '' });
ensureBuilt();
const built = new URL('../../dist/', import.meta.url);
const { Pacer } = await import(new URL('pacing/pacer.js', built).href);
const { FactTable } = await import(new URL('sharing/fact-table.js', built).href);
const { BudgetSharing } = await import(new URL('sharing/budget-sharing.js', built).href);
const { SharedBuckets } = await import(new URL('clients/shared-buckets.js', built).href);

const LONGEST_SECONDS = 1_500;
const parts = { Pacer, FactTable, BudgetSharing, SharedBuckets };
const alone = (count) => Array.from({ length: count }, () => new Pacer());
const even = (count) => new Array(count).fill(2 / count);
/** Idle for twenty seconds, at twice the limit for twenty, in turn. */
const waking = (nowMs) => (Math.floor(nowMs / 20_000) % 2 === 0 ? 0.001 : 2);
const columns = [
  ['2 workers', () => sharingPacers(parts, 'workers'), even(2)],
  ['4 workers', () => sharingPacers(parts, 'workers'), even(4)],
  ['3 workers, 80:10:10', () => sharingPacers(parts, 'workers'), [1.6, 0.2, 0.2]],
  ['3 workers, one wakes', () => sharingPacers(parts, 'workers'), [1, 1, waking]],
  ['3 replicas', () => sharingPacers(parts, 'replicas'), even(3)],
  ['3 replicas, 80:10:10', () => sharingPacers(parts, 'replicas'), [1.6, 0.2, 0.2]],
  ['3 replicas, one wakes', () => sharingPacers(parts, 'replicas'), [1, 1, waking]],
  ['3 alone', () => alone, even(3)],
];
const cell = (goodput, waste) => `${(100 * goodput).toFixed(1)} / ${(100 * waste).toFixed(1)}`;
console.log(
  'Goodput of all as a share of the oracle, in % / share of calls refused, in %; offered twice the limit.\n',
);
console.log(`| limiter | one process | ${columns.map(([name]) => name).join(' | ')} |`);
console.log(`|---|${'---|'.repeat(columns.length + 1)}`);
for (const kind of kinds.filter(({ name }) => name.includes(only))) {
  // The hours that bans take tell nothing more of sharing.
  if (kind.seconds > LONGEST_SECONDS) kind.seconds = LONGEST_SECONDS;
  const options = { load: 2, seed, rttMs: rtt };
  const oracle = run(kind, oracleOf, options).unitsPerSecond;
  const one = run(kind, () => new Pacer(), options);
  const cells = columns.map(([, make, loads]) => {
    const { goodput, waste } = runTogether(kind, make(), { loads, seed, rttMs: rtt, oracle });
    return cell(goodput, waste);
  });
  console.log(`| ${kind.name} | ${cell(one.unitsPerSecond / oracle, one.waste)} | ${cells.join(' | ')} |`);
}
