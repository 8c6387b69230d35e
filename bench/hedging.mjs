// Who waits when an upstream is slow? One of five falls silent, or is 100 times slower, or calls stall: bench/README.md

import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
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
const OFF = { HEDGE: 'off', AVOID_SLOW: 'off' };

/** The fault (see lib/slow-upstreams.mjs), whether it lasts all the time, and settings of the daemon. */
const scenarios = {
  calm: { fault: 'none' },
  silent: { fault: 'silent' },
  'silent, unhedged': { fault: 'silent', env: { HEDGE: 'off' } },
  'silent, off': { fault: 'silent', env: OFF },
  slow: { fault: 'slow' },
  'slow, unhedged': { fault: 'slow', env: { HEDGE: 'off' } },
  'slow, off': { fault: 'slow', env: OFF },
  stalls: { fault: 'stalls', always: true },
  'stalls, off': { fault: 'stalls', always: true, env: OFF },
};

const upstreamsFile = fileURLToPath(new URL('lib/slow-upstreams.mjs', import.meta.url));

async function startUpstreams() {
  const ports = [];
  for (let index = 0; index < UPSTREAMS; index++) ports.push(await freePort());
  const program = startProgram('upstreams', { args: [upstreamsFile, ...ports.map(String)], ipc: true });
  for (const port of ports) await untilAnswers(program, port, question(0).body);
  return { ports, program };
}

async function startDaemon(ports, env = {}) {
  const port = await freePort();
  const listed = ports.map((each, index) => `http://127.0.0.1:${each} name=upstream-${index}`);
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

/** Returns how many calls there were until now. */
async function order({ child }, fault) {
  child.send(fault);
  const [calls] = await once(child, 'message');
  return calls;
}

/** Lets the fault begin and end while the load runs. */
async function misbehave(program, { fault, always }, seconds) {
  await order(program, always ? fault : 'none');
  if (always) return 0;
  await sleep(BEGINS * seconds * 1_000);
  const before = await order(program, fault);
  await sleep((ENDS - BEGINS) * seconds * 1_000);
  return before + (await order(program, 'none'));
}

async function run(scenario, { rate, seconds }) {
  const { ports, program } = await startUpstreams();
  const daemon = await startDaemon(ports, scenario.env);
  const [report, calls] = await Promise.all([
    checkedLoad({ port: daemon.port, perSecond: rate, seconds }),
    misbehave(program, scenario, seconds),
  ]);
  const all = calls + (await order(program, 'none'));
  await Promise.all([daemon.program, program].map((each) => stopProgram(each)));
  return { ...report, extra: all / report.total - 1 };
}

const defaults = { seconds: 20, rate: 200, scenarios: Object.keys(scenarios) };
const { seconds, rate, scenarios: names } = readFlags(defaults);
ensureBuilt();
console.log(`${UPSTREAMS} upstreams, ${rate} requests/s for ${seconds} s; one fails in the middle half.`);
const rows = [];
for (const name of names) {
  const { good, total, latencies, faults, extra } = await run(scenarios[name], { rate, seconds });
  for (const [fault, count] of faults) console.log(`  ${name}: ${count} times ${fault}`);
  const times = [0.5, 0.99, 0.999].map((share) => latencies.percentile(share));
  rows.push([
    name,
    `${good}/${total}`,
    ...[...times, latencies.maxMs].map((ms) => shown(ms, 1)),
    `${shown(100 * extra, 1)} %`,
  ]);
  console.log(rows.at(-1).join('  '));
}
printTable(['', 'good/total', 'p50 ms', 'p99 ms', 'p99.9 ms', 'longest ms', 'calls besides'], rows);
await stopAll();
