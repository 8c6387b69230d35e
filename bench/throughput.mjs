// How much work is one request? The daemon against other proxies, each on one core: bench/README.md
import { ensureBuilt } from './lib/build.mjs';
import { chooseCores } from './lib/cores.mjs';
import { median, printTable, shown } from './lib/figures.mjs';
import { readFlags } from './lib/flags.mjs';
import { load } from './lib/load.mjs';
import { stopAll } from './lib/programs.mjs';
import { startSubject, startUpstream, subjectNames } from './lib/subjects.mjs';

const CONNECTIONS = 64;
/** Until compilers have compiled and connections are open. */
const WARM_UP_MS = 2_000;
/** Under this share of its core a proxy was not at its limit. */
const BUSY = 0.9;

/** Starts all that can be started; says what is left out, and why. */
async function startSubjects(names, upstream, core) {
  const subjects = [];
  for (const name of names) {
    try {
      subjects.push(await startSubject(name, upstream.port, core));
    } catch (error) {
      console.log(`Left out: ${error.message}`);
    }
  }
  return subjects;
}

/** One turn of one subject: the columns of the table. */
async function measure(subject, upstream, { seconds, core }) {
  const watched = { subject: subject.pid, upstream: upstream.pid };
  const plan = {
    port: subject.port,
    path: subject.path,
    connections: CONNECTIONS,
    warmUpMs: WARM_UP_MS,
    watched,
  };
  const report = await load({ ...plan, measureMs: seconds * 1_000 }, core);
  const { cpuMs, good, wrong, sample } = report;
  const wallMs = report.seconds * 1_000;
  return {
    perSecond: good / report.seconds,
    p50Ms: report.p50Ms,
    p99Ms: report.p99Ms,
    // Undefined less something is NaN, which is shown as a dash.
    cpuMicros: (cpuMs.subject * 1_000) / good,
    proxyBusy: cpuMs.subject / wallMs,
    loadBusy: (cpuMs.upstream + cpuMs.generator) / wallMs,
    wrong,
    sample,
  };
}

/** Each subject in turn, round after round, so that a slow minute of the machine meets them all. */
async function measureAll(subjects, upstream, { rounds, ...how }) {
  const turns = new Map(subjects.map(({ name }) => [name, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const subject of subjects) {
      const turn = await measure(subject, upstream, how);
      turns.get(subject.name).push(turn);
      console.log(`round ${round}  ${subject.name.padEnd(10)}  ${shown(turn.perSecond)} requests/s`);
      if (turn.wrong > 0) console.log(`  ${turn.wrong} wrong, the first: ${turn.sample}`);
    }
  }
  return turns;
}

function printTurns(turns) {
  const row = ([name, list]) => {
    const middle = (column) => median(list.map((turn) => turn[column]));
    return [
      name,
      shown(middle('perSecond')),
      shown(middle('p50Ms'), 2),
      shown(middle('p99Ms'), 2),
      shown(middle('cpuMicros'), 1),
      `${shown(middle('proxyBusy') * 100)} %`,
      `${shown(middle('loadBusy') * 100)} %`,
      list.reduce((sum, { wrong }) => sum + wrong, 0),
    ];
  };
  const headings = [
    '',
    'requests/s',
    'p50 ms',
    'p99 ms',
    'CPU µs/request',
    'proxy core',
    'load core',
    'wrong',
  ];
  printTable(headings, [...turns].map(row));
  for (const [name, list] of turns) sayWhatLimited(name, list);
}

/** A proxy whose core had time to spare could have answered more. */
function sayWhatLimited(name, list) {
  const busy = (column) => median(list.map((turn) => turn[column]));
  // False where the system doesn't tell, too.
  if (!(busy('proxyBusy') < BUSY)) return;
  const what = busy('loadBusy') < BUSY ? 'other work of the machine' : 'the load generator and the upstream';
  console.log(`${name} was held back by ${what}: take its CPU time, not its requests/s.`);
}

/** The median of the rounds' ratios, since what disturbs a round disturbs both of its turns. */
function printRatio(turns, { column, label, over, goal, fits }) {
  const [ours, theirs] = [turns.get('daemon'), turns.get(over)];
  if (ours === undefined || theirs === undefined) return;
  const ratio = median(ours.map((turn, round) => turn[column] / theirs[round][column]));
  console.log(`${label}: ${shown(ratio, 2)} (goal ${goal}: ${fits(ratio) ? 'met' : 'missed'})`);
}

const defaults = { seconds: 5, rounds: 5, subjects: subjectNames };
const { seconds, rounds, subjects: names } = readFlags(defaults);
ensureBuilt();
const cores = chooseCores();
console.log(cores.sentence);
const upstream = await startUpstream(cores.load);
const subjects = await startSubjects(names, upstream, cores.proxy);
const turns = await measureAll(subjects, upstream, { seconds, rounds, core: cores.load });
printTurns(turns);
printRatio(turns, {
  column: 'cpuMicros',
  label: 'CPU per request, daemon / naive',
  over: 'naive',
  goal: 'at most 1.35',
  fits: (ratio) => ratio <= 1.35,
});
printRatio(turns, {
  column: 'cpuMicros',
  label: 'CPU per request, daemon / earlier',
  over: 'earlier',
  goal: 'at most 1.03',
  fits: (ratio) => ratio <= 1.03,
});
printRatio(turns, {
  column: 'cpuMicros',
  label: 'CPU per request, daemon / the same beside 100 pools',
  over: 'pools',
  goal: 'at least 0.95',
  fits: (ratio) => ratio >= 0.95,
});
printRatio(turns, {
  column: 'perSecond',
  label: 'requests/s, daemon / http-proxy',
  over: 'http-proxy',
  goal: 'at least 1.3',
  fits: (ratio) => ratio >= 1.3,
});
await stopAll();
