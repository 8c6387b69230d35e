// What does judging cost? The daemon beside one that judges nothing: bench/README.md
import { buildUnjudging, daemonFile, ensureBuilt } from './lib/build.mjs';
import { chooseCores } from './lib/cores.mjs';
import { median, printTable, shown } from './lib/figures.mjs';
import { readFlags } from './lib/flags.mjs';
import { load } from './lib/load.mjs';
import { hasProc } from './lib/proc.mjs';
import { stopAll, stopProgram } from './lib/programs.mjs';
import { startSubject, startUpstream } from './lib/subjects.mjs';

const CONNECTIONS = 64;
/** Until compilers have compiled and connections are open. */
const WARM_UP_MS = 2_000;
/** JSON-RPC is asked for by POST only; PUT is as repeatable as a call that reads. */
const KINDS = ['judged', 'not judged', 'no JSON-RPC'];
const GOAL = 0.05;

/** One turn: CPU time of the daemon per request, and how many it answered. */
async function measure(daemon, method, answerLength, { seconds, core }) {
  const plan = { port: daemon.port, connections: CONNECTIONS, warmUpMs: WARM_UP_MS, method, answerLength };
  const report = await load({ ...plan, measureMs: seconds * 1_000, watched: { daemon: daemon.pid } }, core);
  if (report.wrong > 0) console.log(`  ${report.wrong} wrong, the first: ${report.sample}`);
  return {
    cpuMicros: (report.cpuMs.daemon * 1_000) / report.good,
    perSecond: report.good / report.seconds,
  };
}

/** Turns of all kinds, one after the other, so that a slow minute of the machine meets each. */
async function measureSize(bytes, { rounds, seconds, cores, unjudging }) {
  const upstream = await startUpstream(cores.load, bytes);
  const start = (file) => startSubject('daemon', upstream.port, cores.proxy, file);
  const [daemon, trusting] = [await start(daemonFile), await start(unjudging)];
  const subjects = {
    judged: [daemon, 'POST'],
    'not judged': [trusting, 'POST'],
    'no JSON-RPC': [daemon, 'PUT'],
  };
  const turns = new Map(KINDS.map((kind) => [kind, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const kind of KINDS) {
      const [subject, method] = subjects[kind];
      const turn = await measure(subject, method, bytes, { seconds, core: cores.load });
      turns.get(kind).push(turn);
      console.log(`round ${round}  ${bytes} bytes, ${kind}: ${shown(turn.cpuMicros, 1)} CPU µs/request`);
    }
  }
  for (const { program } of [daemon, trusting, upstream]) await stopProgram(program);
  return turns;
}

function printSizes(sizes) {
  const rows = [...sizes].flatMap(([bytes, turns]) =>
    [...turns].map(([kind, list]) => [
      `${bytes} bytes, ${kind}`,
      shown(median(list.map(({ perSecond }) => perSecond))),
      shown(median(list.map(({ cpuMicros }) => cpuMicros)), 1),
    ]),
  );
  printTable(['', 'requests/s', 'CPU µs/request'], rows);
  for (const [bytes, turns] of sizes) {
    const added = ratio(turns, 'judged', 'not judged');
    const met = added < 1 + GOAL ? 'met' : 'missed';
    console.log(`${bytes} bytes, judged / not judged: ${shown(added, 3)} (goal below ${1 + GOAL}: ${met})`);
    console.log(`${bytes} bytes, judged / no JSON-RPC: ${shown(ratio(turns, 'judged', 'no JSON-RPC'), 3)}`);
  }
}

/** The median of the rounds' ratios of CPU time. */
function ratio(turns, kind, other) {
  const others = turns.get(other);
  return median(turns.get(kind).map(({ cpuMicros }, round) => cpuMicros / others[round].cpuMicros));
}

const { seconds, rounds, sizes: names } = readFlags({ seconds: 5, rounds: 5, sizes: ['200', '100000'] });
if (!hasProc()) {
  console.error('This bench reads /proc, which only Linux has.');
  process.exit(1);
}
ensureBuilt();
const unjudging = buildUnjudging();
const cores = chooseCores();
console.log(cores.sentence);
const sizes = new Map();
for (const name of names)
  sizes.set(name, await measureSize(Number(name), { rounds, seconds, cores, unjudging }));
printSizes(sizes);
await stopAll();
