// Does it grow? Memory and sockets of the daemon under a minute of load: bench/README.md
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureBuilt } from './lib/build.mjs';
import { chooseCores } from './lib/cores.mjs';
import { printTable, shown, slope } from './lib/figures.mjs';
import { readFlags } from './lib/flags.mjs';
import { load } from './lib/load.mjs';
import { hasProc, openFiles, rssMb } from './lib/proc.mjs';
import { stopAll, stopProgram } from './lib/programs.mjs';
import { startSubject, startUpstream, subjectNames } from './lib/subjects.mjs';

const CONNECTIONS = 64;
/** Connections come and go, as clients do: a socket that is forgotten then shows. */
const CALLS_PER_CONNECTION = 500;
const SAMPLE_MS = 1_000;
/** A heap that is young grows for good reasons; from here on it is judged. */
const SETTLED_SECONDS = 15;
/** Longer than the daemon keeps an idle connection to an upstream. */
const QUIET_MS = 6_000;

/** Samples a process each second until the work is done; `seconds` counts from the start. */
async function sampleWhile(work, pid) {
  const samples = [];
  const start = performance.now();
  const take = () => {
    samples.push({
      seconds: (performance.now() - start) / 1_000,
      rssMb: rssMb(pid),
      ...openFiles(pid),
    });
  };
  const timer = setInterval(take, SAMPLE_MS);
  try {
    const report = await work;
    return { samples, report };
  } finally {
    clearInterval(timer);
  }
}

async function measure(name, upstream, { seconds, cores }) {
  const subject = await startSubject(name, upstream.port, cores.proxy);
  const before = openFiles(subject.pid);
  const plan = {
    port: subject.port,
    path: subject.path,
    connections: CONNECTIONS,
    callsPerConnection: CALLS_PER_CONNECTION,
  };
  const work = load({ ...plan, warmUpMs: 0, measureMs: seconds * 1_000, watched: {} }, cores.load);
  const { samples, report } = await sampleWhile(work, subject.pid);
  if (report.wrong > 0) console.log(`${name}: ${report.wrong} wrong, the first: ${report.sample}`);
  await sleep(QUIET_MS);
  const after = openFiles(subject.pid);
  await stopProgram(subject.program);
  // A run too short for that is judged from its second quarter on.
  const settled = Math.min(SETTLED_SECONDS, seconds / 4);
  const judged = samples.filter((sample) => sample.seconds >= settled);
  return {
    good: report.good,
    startMb: judged[0]?.rssMb,
    endMb: judged.at(-1)?.rssMb,
    mbPerMinute: slope(judged.map((sample) => [sample.seconds / 60, sample.rssMb])),
    sockets: [before.sockets, Math.max(...samples.map((sample) => sample.sockets)), after.sockets],
    files: [before.all, Math.max(...samples.map((sample) => sample.all)), after.all],
  };
}

function printResults(results, seconds) {
  const settled = shown(Math.min(SETTLED_SECONDS, seconds / 4));
  const headings = ['', 'requests', `MiB after ${settled} s`, 'MiB at the end', 'MiB/minute'];
  const counts = ' before, most, after';
  const row = ([name, result]) => [
    name,
    result.good,
    shown(result.startMb, 1),
    shown(result.endMb, 1),
    shown(result.mbPerMinute, 1),
    result.sockets.join(', '),
    result.files.join(', '),
  ];
  printTable([...headings, `sockets${counts}`, `descriptors${counts}`], [...results].map(row));
  for (const [name, { startMb, endMb }] of results) {
    console.log(`${name}: at the end ${shown(endMb / startMb, 2)} of what it was after ${settled} s`);
  }
  const [daemon, naive] = [results.get('daemon'), results.get('naive')];
  if (daemon && naive) console.log(`daemon / naive at the end: ${shown(daemon.endMb / naive.endMb, 2)}`);
}

const flags = readFlags({ seconds: 60, subjects: ['daemon', 'naive'] }, { subjects: subjectNames });
if (!hasProc()) {
  console.error('This bench reads /proc, which only Linux has.');
  process.exit(1);
}
ensureBuilt();
const cores = chooseCores();
console.log(cores.sentence);
const upstream = await startUpstream(cores.load);
const results = new Map();
for (const name of flags.subjects) {
  console.log(`${name}: ${flags.seconds} s of load`);
  try {
    results.set(name, await measure(name, upstream, { seconds: flags.seconds, cores }));
  } catch (error) {
    console.log(`Left out: ${error.message}`);
  }
}
printResults(results, flags.seconds);
await stopAll();
