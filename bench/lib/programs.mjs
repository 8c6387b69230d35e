import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pinned } from './cores.mjs';

const HOST = '127.0.0.1';
const READY_WITHIN_MS = 20_000;
const END_WITHIN_MS = 5_000;
const POLL_MS = 50;
/** A nice value. */
const FIRST = '-10';

const running = new Set();
let folder;

/** A folder for logs and configurations, deleted when this process ends. */
export function scratchFolder() {
  folder ??= mkdtempSync(join(tmpdir(), 'rpc-load-balancer-bench-'));
  return folder;
}

/**
 * Starts a program that is ended with this process at the latest. `how`: command, args, env (all of it, but
 * for PATH), core, stdout and stderr (file descriptors), ipc. Without stderr its errors appear on ours.
 */
export function startProgram(
  name,
  { command = process.execPath, args, env = {}, core, stdout, stderr, ipc },
) {
  const [file, words] = pinned(core, command, args);
  const child = spawn(file, words, {
    // Without our settings, and without the .env file of the folder we are in.
    env: { PATH: process.env.PATH, ...env },
    cwd: scratchFolder(),
    // A process group of its own: nginx has children, and Ctrl-C should reach us alone.
    detached: true,
    // NaN stays NaN.
    serialization: 'advanced',
    stdio: ['ignore', stdout ?? 'ignore', stderr ?? 'inherit', ...(ipc ? ['ipc'] : [])],
  });
  goFirst(child.pid);
  const program = { name, child, pid: child.pid, ended: undefined };
  program.ended = new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ?? `status ${code}`));
  });
  running.add(program);
  program.ended.then(() => running.delete(program));
  return program;
}

/** Before what else the machine does, where that is allowed (to root). Linux shares time out by session first. */
function goFirst(pid) {
  try {
    writeFileSync(`/proc/${pid}/autogroup`, FIRST);
  } catch {
    // Another system, not allowed, or it didn't start: then it takes its turn like the others.
  }
}

/** Ends a program and what it started: in good order, by force after 5 s or with `SIGKILL`. */
export async function stopProgram(program, signal = 'SIGTERM') {
  if (!running.has(program)) return;
  signalGroup(program, signal);
  const late = setTimeout(() => signalGroup(program, 'SIGKILL'), END_WITHIN_MS);
  await program.ended;
  clearTimeout(late);
}

/** Ends all that was started, in good order. */
export async function stopAll() {
  await Promise.all([...running].map((program) => stopProgram(program)));
}

function signalGroup({ pid }, signal) {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** A port that nobody listens on now. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, HOST, () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Resolves once a POST of `body` gets a 200. Throws when the program ends before that, or after 20 s. */
export async function untilAnswers(program, port, body) {
  const early = program.ended.then((how) => `ended (${how})`);
  const deadline = performance.now() + READY_WITHIN_MS;
  while (performance.now() < deadline) {
    const status = await Promise.race([early, statusOf(port, body)]);
    if (status === 200) return;
    if (typeof status === 'string') throw new Error(`${program.name} ${status} before it answered`);
    await sleep(POLL_MS);
  }
  await stopProgram(program, 'SIGKILL');
  throw new Error(`${program.name} gave no answer within ${READY_WITHIN_MS / 1_000} s`);
}

function statusOf(port, body) {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const outgoing = request({ host: HOST, port, method: 'POST', agent: false, headers }, (response) => {
      response.resume().once('error', () => resolve(0));
      response.once('end', () => resolve(response.statusCode));
    });
    outgoing.setTimeout(READY_WITHIN_MS, () => outgoing.destroy());
    outgoing.once('error', () => resolve(0));
    outgoing.end(body);
  });
}

process.on('exit', () => {
  for (const program of running) signalGroup(program, 'SIGKILL');
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));
