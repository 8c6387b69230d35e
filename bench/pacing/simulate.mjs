// What do learnt budgets get out of upstreams of each kind, beside other rules and an oracle? bench/README.md
import { ensureBuilt } from '../lib/build.mjs';
import { readFlags } from '../lib/flags.mjs';
import { runChange } from './lib/change.mjs';
import { kinds } from './lib/kinds.mjs';
import { runBans, runBuckets, runOutage } from './lib/pool.mjs';
import { rivals } from './lib/rivals.mjs';
import { oracleOf, run } from './lib/run.mjs';

const { seed, rtt, only } = readFlags({ seed: 1, rtt: 50, only: '' });
ensureBuilt();
const { Pacer } = await import('../../dist/pacing/pacer.js');
const { Scout } = await import('../../dist/pacing/scout.js');

const makePacers = (count) => {
  const scout = new Scout();
  return Array.from({ length: count }, () => new Pacer({ scout }));
};

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
  const found = ({ foundSeconds }) => (foundSeconds === Infinity ? 'not' : `${foundSeconds} s`);
  const percent = (share, digits = 1) => `${(100 * share).toFixed(digits)} %`;
  console.log('\nFive upstreams behind one daemon, in shuffled order; a refused request moves on at once.\n');
  console.log('| limits | offered | good, from the first request on | then of the limits | refused |');
  console.log('|---|---|---|---|---|');
  for (const [name, runPool, limits] of [
    ['small buckets, 50 to 250/s', runBuckets, 750],
    ['fixed seconds, 10 to 50/s, refusals ban for 30 s', runBans, 150],
  ]) {
    for (const load of [0.8, 2]) {
      const figures = runPool(makePacers, { offered: load * limits, seed, rttMs: rtt });
      const { goodShare, perSecond, waste, refusedOfEach } = figures;
      const cells = [
        `${load * limits}/s`,
        percent(goodShare, 2),
        percent(perSecond / limits),
        percent(waste, 2),
      ];
      console.log(`| ${name} | ${cells.join(' | ')} (${refusedOfEach.join(', ')}) |`);
    }
  }
  console.log('\nAll refuse everything for a time.\n');
  console.log('| upstreams | offered | out | first good answer after | good share by 2 s from then on |');
  console.log('|---|---|---|---|---|');
  for (const upstreams of [1, 3, 5]) {
    for (const offered of [20, 100, 400]) {
      const options = { upstreams, offered, seed, beforeSeconds: 60, outSeconds: 12 };
      const { backSeconds, goodShares } = runOutage(makePacers, options);
      const shares = goodShares.map((share) => percent(share, 0)).join(', ');
      console.log(`| ${upstreams} | ${offered}/s | 12 s | ${backSeconds.toFixed(2)} s | ${shares} |`);
    }
  }
  console.log(
    '\nA limit that changes after two minutes, offered twice the higher one, seen for two minutes more.\n',
  );
  console.log('| limiter | halved: found after / refused in the first minute | doubled: found after |');
  console.log('|---|---|---|');
  for (const kind of kinds.filter(({ bans }) => !bans)) {
    const [halved, doubled] = [0.5, 2].map((factor) =>
      runChange(kind, () => new Pacer(), { factor, seed, rttMs: rtt }),
    );
    const cells = [`${found(halved)} / ${percent(halved.waste)}`, found(doubled)];
    console.log(`| ${kind.name} | ${cells.join(' | ')} |`);
  }
}
