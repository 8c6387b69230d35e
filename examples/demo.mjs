// Three sample upstreams and the load balancer in front of them, to play with: npm run demo
import { fork, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { fileURLToPath } from 'node:url';

const SAMPLES = [
  { name: 'steady', about: 'always answers', faults: {} },
  { name: 'limited', about: '5 requests a second, then 429', faults: { RATE_LIMIT: '5' } },
  { name: 'flaky', about: 'answers one in four with 503', faults: { FAIL_RATE: '0.25' } },
];
const HOST = '127.0.0.1';
const RESTART_MS = 20_000;
const READY_WITHIN_MS = 20_000;
const POLL_MS = 50;
/** Longer than what the children take to end by themselves. */
const END_WITHIN_MS = 6_000;

const here = fileURLToPath(new URL('.', import.meta.url));
const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const sampleFile = fileURLToPath(new URL('backend/server.mjs', import.meta.url));
const port = Number(process.env.PORT || 8080);

const children = new Set();
let stopping = false;

function keep(child) {
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

/** Only what the demo names: your own RPC_URLS or Slack webhook must not leak into it. */
function cleanEnvironment(settings) {
  const env = { ...settings };
  for (const name of ['PATH', 'SystemRoot', 'NO_COLOR']) {
    if (process.env[name] !== undefined) env[name] = process.env[name];
  }
  return env;
}

function startSample(sample) {
  return new Promise((resolve, reject) => {
    const child = keep(
      fork(sampleFile, {
        env: cleanEnvironment({ HOST, NAME: sample.name, PORT: String(sample.port ?? 0), ...sample.faults }),
        // In a process group of its own, so that Ctrl-C reaches it once, through us.
        detached: true,
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      }),
    );
    child.once('message', (message) => {
      sample.port = message.port;
      sample.pid = child.pid;
      resolve();
    });
    child.once('exit', (code, signal) => {
      reject(new Error(`the sample upstream ${sample.name} ended (${signal ?? code})`));
      if (!stopping && sample.pid === child.pid) restartLater(sample, signal ?? `status ${code}`);
    });
  });
}

function restartLater(sample, how) {
  console.log(
    `\n${sample.name} has ended (${how}); it comes back in ${RESTART_MS / 1_000} s. Keep asking.\n`,
  );
  setTimeout(() => {
    if (stopping) return;
    startSample(sample).then(
      () => console.log(`\n${sample.name} is back as process ${sample.pid}\n`),
      (error) => console.log(`\n${error.message}\n`),
    );
  }, RESTART_MS).unref();
}

function startBalancer() {
  const child = keep(
    spawn(process.execPath, [main], {
      // A folder without an .env file.
      cwd: here,
      env: cleanEnvironment({
        PORT: String(port),
        HOST,
        RPC_URLS: SAMPLES.map((sample) => `http://${HOST}:${sample.port} name=${sample.name}`).join(', '),
        FALLBACK_RPC_URLS: 'none',
        ADMIN_PORT: process.env.ADMIN_PORT || 'off',
        HEALTH_CHECK_INTERVAL: '5s',
        SHUTDOWN_TIMEOUT: '2s',
        LOG_LEVEL: process.env.LOG_LEVEL || 'warn',
        LOG_FORMAT: 'pretty',
      }),
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit'],
    }),
  );
  child.once('exit', (code, signal) => {
    if (stopping) return;
    console.error(`The load balancer has ended (${signal ?? `status ${code}`}); its last words are above.`);
    stop(1);
  });
  return child;
}

/** Ends every child, by force if it takes too long, then this process. */
function stop(exitCode) {
  if (stopping) return;
  stopping = true;
  for (const child of children) child.kill('SIGTERM');
  const deadline = performance.now() + END_WITHIN_MS;
  setInterval(() => {
    if (children.size === 0) process.exit(exitCode);
    if (performance.now() > deadline) for (const child of children) child.kill('SIGKILL');
  }, POLL_MS);
}

function portIsFree() {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.once('error', (error) => (error.code === 'EADDRINUSE' ? resolve(false) : reject(error)));
    probe.listen(port, HOST, () => probe.close(() => resolve(true)));
  });
}

function isReady() {
  return new Promise((resolve) => {
    const request = http.get({ host: HOST, port, path: '/readyz', agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.once('error', () => resolve(false));
  });
}

async function waitUntilReady() {
  const deadline = performance.now() + READY_WITHIN_MS;
  while (!stopping) {
    if (await isReady()) return;
    if (performance.now() > deadline) throw new Error(`not ready after ${READY_WITHIN_MS / 1_000} s`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function explain(balancer) {
  const url = `http://localhost:${port}`;
  const call = `curl -s ${url} -d '{"jsonrpc":"2.0","id":1,"method":"web3_clientVersion"}'`;
  const steady = SAMPLES[0];
  const rows = SAMPLES.map(
    (sample) =>
      `  ${sample.name.padEnd(8)} http://${HOST}:${sample.port}  process ${sample.pid}  ${sample.about}`,
  );
  console.log(`
The load balancer listens on ${url} (process ${balancer.pid}), in front of
${rows.join('\n')}

Now, in another terminal:

  a call, and who answered it:
    ${call}
    curl -si ${url} | grep -i x-forwarded-server
  forty calls, of which none may fail:
    for i in $(seq 40); do ${call}; done
  what the load balancer thinks of its upstreams:
    curl -s ${url}/stats
  end the steady one, go on calling, and watch (it comes back after ${RESTART_MS / 1_000} s):
    kill ${steady.pid}
    while sleep 1; do curl -s ${url}/stats | tr , '\\n' | grep -E '"(name|state|reason)"'; echo; done

Ctrl-C ends everything.
`);
}

async function run() {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new Error(`PORT=${process.env.PORT} is not a port; take one from 1 to 65535`);
  }
  if (!existsSync(main)) throw new Error('dist/main.js is missing: npm run build');
  if (!(await portIsFree())) {
    throw new Error(`Port ${port} is taken. Stop what uses it, or take another: PORT=8081 npm run demo`);
  }
  await Promise.all(SAMPLES.map(startSample));
  if (stopping) return;
  const balancer = startBalancer();
  await waitUntilReady();
  if (!stopping) explain(balancer);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop(0));
// However this process ends, no child may outlive it.
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});
run().catch((error) => {
  if (stopping) return;
  console.error(error.message);
  stop(1);
});
