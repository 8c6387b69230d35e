// Does anyone notice? One of five upstreams fails under load, in five ways: bench/README.md
import { closeSync, openSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { daemonFile, ensureBuilt } from './lib/build.mjs';
import { checkedLoad, question } from './lib/checked-load.mjs';
import { printTable, shown } from './lib/figures.mjs';
import { readFlags } from './lib/flags.mjs';
import {
  freePort,
  scratchFolder,
  startProgram,
  stopAll,
  stopProgram,
  untilAnswers,
} from './lib/programs.mjs';

const UPSTREAMS = 5;
/** The fault begins after this share of the time, and is over after that one. */
const [BEGINS, ENDS] = [0.25, 0.75];

/** What the first upstream does meanwhile (see lib/faulty-upstream.mjs), or `crash`; and settings of the daemon. */
const scenarios = {
  calm: { about: 'all five are well', fault: 'none' },
  crash: { about: 'one is killed, and comes back', fault: 'crash' },
  reset: { about: 'one resets each connection', fault: 'reset' },
  cut: { about: 'one cuts each body', fault: 'cut' },
  unavailable: { about: 'one answers 503', fault: 'unavailable' },
  hang: { about: 'one never answers', fault: 'hang', env: { ATTEMPT_TIMEOUT: '500ms' } },
};

const upstreamFile = fileURLToPath(new URL('lib/faulty-upstream.mjs', import.meta.url));

async function startUpstream(port) {
  const program = startProgram('upstream', { args: [upstreamFile, `${port}`], ipc: true });
  await untilAnswers(program, port, question(0).body);
  return { port, program };
}

async function startDaemon(upstreams, env = {}) {
  const port = await freePort();
  const listed = upstreams.map(
    (upstream, index) => `http://127.0.0.1:${upstream.port} name=upstream-${index}`,
  );
  const settings = { PORT: `${port}`, HOST: '127.0.0.1', ADMIN_PORT: '0', FALLBACK_RPC_URLS: 'none' };
  const stdout = openSync(join(scratchFolder(), 'daemon.log'), 'a');
  const program = startProgram('daemon', {
    args: [daemonFile],
    env: { ...settings, RPC_URLS: listed.join(', '), ...env },
    stdout,
  });
  closeSync(stdout);
  await untilAnswers(program, port, question(0).body);
  return { port, program };
}

/** Lets the fault begin and end while the load runs. Resolves to the upstream's process of the end. */
async function misbehave({ port, program }, fault, seconds) {
  await sleep(BEGINS * seconds * 1_000);
  if (fault === 'crash') await stopProgram(program, 'SIGKILL');
  else program.child.send(fault);
  await sleep((ENDS - BEGINS) * seconds * 1_000);
  if (fault === 'crash') return startUpstream(port);
  program.child.send('none');
  return { port, program };
}

/** Failed attempts that the daemon has counted: on the faulty upstream, and on the others, where none belongs. */
function failedAttempts(port) {
  return new Promise((resolve, reject) => {
    const outgoing = get({ host: '127.0.0.1', port, path: '/stats', agent: false }, async (response) => {
      const rows = JSON.parse(Buffer.concat(await response.toArray()).toString());
      const sum = (fits) => rows.filter(fits).reduce((total, { failures }) => total + failures, 0);
      resolve([sum(({ name }) => name === 'upstream-0'), sum(({ name }) => name !== 'upstream-0')]);
    });
    outgoing.once('error', reject);
  });
}

async function run({ fault, env }, { rate, seconds }) {
  const upstreams = [];
  for (let index = 0; index < UPSTREAMS; index++) upstreams.push(await startUpstream(await freePort()));
  const daemon = await startDaemon(upstreams, env);
  const [report, first] = await Promise.all([
    checkedLoad({ port: daemon.port, perSecond: rate, seconds }),
    misbehave(upstreams[0], fault, seconds),
  ]);
  upstreams[0] = first;
  const failed = await failedAttempts(daemon.port);
  await Promise.all([daemon, ...upstreams].map(({ program }) => stopProgram(program)));
  return { ...report, failed };
}

const defaults = { seconds: 20, rate: 400, scenarios: Object.keys(scenarios) };
const { seconds, rate, scenarios: names } = readFlags(defaults);
ensureBuilt();
console.log(`${UPSTREAMS} upstreams, ${rate} requests/s for ${seconds} s; the fault lasts the middle half.`);
const rows = [];
let perfect = true;
for (const name of names) {
  console.log(`${name}: ${scenarios[name].about}`);
  const { good, total, latencies, faults, failed } = await run(scenarios[name], { rate, seconds });
  for (const [fault, count] of faults) console.log(`  ${count} times ${fault}`);
  perfect &&= good === total;
  const times = [latencies.percentile(0.5), latencies.percentile(0.99), latencies.maxMs];
  const percent = Math.floor((good / total) * 10_000) / 100;
  rows.push([name, `${good}/${total}`, `${percent} %`, ...times.map((ms) => shown(ms, 1)), ...failed]);
}
const headings = [
  '',
  'good/total',
  'good',
  'p50 ms',
  'p99 ms',
  'longest ms',
  'failed attempts: its',
  "others'",
];
printTable(headings, rows);
console.log(`Every answer good: ${perfect ? 'yes' : 'no'} (goal: yes)`);
await stopAll();
