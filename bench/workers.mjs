// What do two workers bring, beside one process? bench/README.md
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureBuilt } from './lib/build.mjs';
import { limitCpu, removeLimits } from './lib/cpu-share.mjs';
import { median, printTable, shown } from './lib/figures.mjs';
import { readFlags } from './lib/flags.mjs';
import { load } from './lib/load.mjs';
import { stopAll } from './lib/programs.mjs';
import { startSubject, startUpstream } from './lib/subjects.mjs';

const CONNECTIONS = 64;
const WARM_UP_MS = 2_000;
/** Without a limit: under one it would take minutes. */
const COMPILED_AFTER_MS = 8_000;

/** The processes that this one has started. */
function childrenOf(pid) {
  const list = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
  return list === '' ? [] : list.split(' ').map(Number);
}

/** A daemon whose code is compiled. */
async function startDaemon(name, upstream) {
  const { pid, port } = await startSubject(name, upstream.port);
  await load({ port, connections: CONNECTIONS, warmUpMs: 0, measureMs: COMPILED_AFTER_MS, watched: {} });
  return { name, pid, port, workers: childrenOf(pid) };
}

/** One turn: the columns of the table. */
async function measure({ pid, port, workers }, seconds) {
  const watched = {
    all: pid,
    ...Object.fromEntries(workers.map((worker, index) => [`worker${index}`, worker])),
  };
  const plan = { port, path: '/', connections: CONNECTIONS, warmUpMs: WARM_UP_MS, watched };
  const { cpuMs, good, wrong, seconds: measured } = await load({ ...plan, measureMs: seconds * 1_000 });
  const ofWorkers = workers.map((_, index) => (cpuMs[`worker${index}`] * 1_000) / good);
  const all = (cpuMs.all * 1_000) / good;
  const ofFirst = all - ofWorkers.reduce((sum, each) => sum + each, 0);
  return {
    perSecond: good / measured,
    all,
    ofFirst,
    // What limits the daemon when every process has a core.
    busiest: Math.max(ofFirst, ...ofWorkers),
    wrong,
  };
}

async function main() {
  const { seconds, rounds, part } = readFlags({ seconds: 5, rounds: 5, part: 0.2 });
  ensureBuilt();
  const upstream = await startUpstream();
  limitCpu(upstream.pid, Number.POSITIVE_INFINITY);
  const subjects = [await startDaemon('daemon', upstream), await startDaemon('two-workers', upstream)];
  const served = subjects.flatMap(({ pid, workers }) => [pid, ...workers]);
  const isLimited = served.map((pid) => limitCpu(pid, part)).every(Boolean);
  console.log(
    isLimited
      ? `Each process that serves gets ${part * 100} % of a core; load and upstream have the rest.`
      : 'Processes have no limit (no cpu control groups of version 1): only the CPU figures say something.',
  );
  const turns = subjects.map(() => []);
  for (let round = 1; round <= rounds; round++) {
    for (const [index, subject] of subjects.entries()) {
      const turn = await measure(subject, seconds);
      turns[index].push(turn);
      console.log(`round ${round}  ${subject.name.padEnd(12)}  ${shown(turn.perSecond)} requests/s`);
      await sleep(200);
    }
  }
  const middle = (list, column) => median(list.map((turn) => turn[column]));
  printTable(
    ['', 'requests/s', 'CPU us/request', 'of the first process', 'of the busiest', 'wrong'],
    subjects.map(({ name }, index) => [
      name,
      shown(middle(turns[index], 'perSecond')),
      ...['all', 'ofFirst', 'busiest'].map((column) => shown(middle(turns[index], column), 1)),
      turns[index].reduce((sum, { wrong }) => sum + wrong, 0),
    ]),
  );
  const ratios = (column, invert) =>
    turns[0].map((one, round) => {
      const ratio = turns[1][round][column] / one[column];
      return invert ? 1 / ratio : ratio;
    });
  if (isLimited)
    console.log(`Requests/s of two workers: ${shown(median(ratios('perSecond')), 2)} times one process`);
  console.log(`By CPU time of the busiest process: ${shown(median(ratios('busiest', true)), 2)} times`);
}

try {
  await main();
} finally {
  await stopAll();
  removeLimits();
}
