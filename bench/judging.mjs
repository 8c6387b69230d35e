// What does judging cost? The same body as JSON-RPC (POST) and as any request (PUT): bench/README.md
import { ensureBuilt } from './lib/build.mjs';
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
const KINDS = [
  ['judged', 'POST'],
  ['not judged', 'PUT'],
];
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

/** Turns of both kinds, one after the other, so that a slow minute of the machine meets both. */
async function measureSize(bytes, { rounds, seconds, cores }) {
  const upstream = await startUpstream(cores.load, bytes);
  const daemon = await startSubject('daemon', upstream.port, cores.proxy);
  const turns = new Map(KINDS.map(([kind]) => [kind, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const [kind, method] of KINDS) {
      const turn = await measure(daemon, method, bytes, { seconds, core: cores.load });
      turns.get(kind).push(turn);
      console.log(`round ${round}  ${bytes} bytes, ${kind}: ${shown(turn.cpuMicros, 1)} CPU µs/request`);
    }
  }
  await stopProgram(daemon.program);
  await stopProgram(upstream.program);
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
    const [judged, plain] = KINDS.map(([kind]) => turns.get(kind));
    const ratio = median(judged.map(({ cpuMicros }, round) => cpuMicros / plain[round].cpuMicros));
    const met = ratio < 1 + GOAL ? 'met' : 'missed';
    console.log(`${bytes} bytes, judged / not judged: ${shown(ratio, 3)} (goal below ${1 + GOAL}: ${met})`);
  }
}

const { seconds, rounds, sizes: names } = readFlags({ seconds: 5, rounds: 5, sizes: ['200', '100000'] });
if (!hasProc()) {
  console.error('This bench reads /proc, which only Linux has.');
  process.exit(1);
}
ensureBuilt();
const cores = chooseCores();
console.log(cores.sentence);
const sizes = new Map();
for (const name of names) sizes.set(name, await measureSize(Number(name), { rounds, seconds, cores }));
printSizes(sizes);
await stopAll();
