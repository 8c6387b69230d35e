// What do learnt budgets get out of upstreams of each kind, beside other rules and an oracle? bench/README.md
import { ensureBuilt } from '../lib/build.mjs';
import { readFlags } from '../lib/flags.mjs';
import { runFive } from './lib/five.mjs';
import { kinds } from './lib/kinds.mjs';
import { rivals } from './lib/rivals.mjs';
import { oracleOf, run } from './lib/run.mjs';

const { seed, rtt, only } = readFlags({ seed: 1, rtt: 50, only: '' });
ensureBuilt();
const { Pacer } = await import('../../dist/pacing/pacer.js');

const cell = ({ unitsPerSecond, waste }, oracle) =>
  `${((100 * unitsPerSecond) / oracle).toFixed(1)} / ${(100 * waste).toFixed(1)}`;

const columns = [['learnt', () => new Pacer()], ...rivals];
console.log(
  'Goodput as a share of the oracle, in % / share of calls refused, in %; offered twice the limit.',
);
console.log('The last column: good share of the requests at 80 % of the limit, alone / of the oracle.\n');
console.log(`| limiter | ${columns.map(([name]) => name).join(' | ')} | at 80 % |`);
console.log(`|---|${'---|'.repeat(columns.length + 1)}`);
for (const kind of kinds.filter(({ name }) => name.includes(only))) {
  const at = (load) => ({ load, seed, rttMs: rtt });
  const oracle = run(kind, oracleOf, at(2));
  const cells = columns.map(([, make]) => cell(run(kind, make, at(2)), oracle.unitsPerSecond));
  const low = [() => new Pacer(), oracleOf].map((make) =>
    (100 * run(kind, make, at(0.8)).goodShare).toFixed(1),
  );
  console.log(`| ${kind.name} | ${cells.join(' | ')} | ${low.join(' / ')} |`);
}
if (only === '') {
  console.log(
    '\nFive small buckets, 50 to 250 a second, in shuffled order; a refused request moves on at once.\n',
  );
  console.log('| offered | good | goodput of 750/s | refused |');
  console.log('|---|---|---|---|');
  for (const offered of [600, 1500]) {
    const { goodShare, perSecond, waste } = runFive(() => new Pacer(), { offered, seed, rttMs: rtt });
    console.log(
      `| ${offered}/s | ${(100 * goodShare).toFixed(2)} % | ${perSecond.toFixed(0)}/s | ${(100 * waste).toFixed(2)} % |`,
    );
  }
}
