// Four sample upstreams and the load balancer in front of them, to play with: npm run demo
// With `npm run demo -- --quiet` nobody calls but you.
import { fork, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { fileURLToPath } from 'node:url';

/** What is wrong with each comes and goes: it is on at the end of each period, so that all begin in good health. */
const SAMPLES = [
  { name: 'steady', about: 'always answers', faults: { LATENCY_MS: '20' } },
  {
    name: 'limited',
    about: 'allows 5 requests a second, at times only 1; beyond that 429',
    faults: { RATE_LIMIT: '5', LOW_RATE_LIMIT: '1', FAULTS_EVERY: '70', FAULTS_FOR: '25', LATENCY_MS: '30' },
  },
  {
    name: 'flaky',
    about: 'answers half with 503, every other half minute',
    faults: { FAIL_RATE: '0.5', FAULTS_EVERY: '60', FAULTS_FOR: '30', LATENCY_MS: '10' },
  },
  {
    name: 'silent',
    about: 'answers nothing, for 8 s in 45 s',
    faults: { HANG_RATE: '1', FAULTS_EVERY: '45', FAULTS_FOR: '8', LATENCY_MS: '40' },
  },
];
/** What the demo itself calls, the usual more often. */
const CALLS = [
  ...['eth_blockNumber', 'eth_blockNumber', 'eth_call', 'eth_call', 'eth_chainId', 'eth_gasPrice'],
  ...['eth_getBalance', 'eth_getBlockByNumber', 'net_version', 'web3_clientVersion'],
];
const PARAMS = {
  eth_call: [{ to: `0x${'11'.repeat(20)}`, data: '0x' }, 'latest'],
  eth_getBalance: [`0x${'22'.repeat(20)}`, 'latest'],
  eth_getBlockByNumber: ['latest', false],
};
/** Calls a second: in waves of a minute, between half and twice as many. */
const CALLS_PER_SECOND = 5;
const WAVE_MS = 60_000;
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
const USUAL_ADMIN_PORT = 9090;
/** Of the live page; `off` for none. */
let adminPort = process.env.ADMIN_PORT;
const isQuiet = process.argv.includes('--quiet');
const HELP = `npm run demo [-- --quiet]

Four sample upstreams and the load balancer in front of them, to play with. Ctrl-C ends everything.

  --quiet     the demo itself calls nobody
  --help      this text

In the environment, such as PORT=8081 npm run demo:

  PORT        where the load balancer listens; 8080
  ADMIN_PORT  where its live page is, off for none; 9090, or any other where that is taken
  LOG_LEVEL   what it logs here: info, debug, …; error, with --quiet warn`;

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

function startBalancer(alertPort) {
  const child = keep(
    spawn(process.execPath, [main], {
      // A folder without an .env file.
      cwd: here,
      env: cleanEnvironment({
        PORT: String(port),
        HOST,
        RPC_URLS: SAMPLES.map((sample) => `http://${HOST}:${sample.port} name=${sample.name}`).join(', '),
        FALLBACK_RPC_URLS: 'none',
        ADMIN_PORT: String(adminPort),
        WEBHOOK_URL: `http://${HOST}:${alertPort}`,
        // Clients of the silent one need not wait for as long as usual.
        ATTEMPT_TIMEOUT: '3s',
        HEALTH_CHECK_INTERVAL: '5s',
        SHUTDOWN_TIMEOUT: '2s',
        // Each change of state has a line, which would push the explanation away.
        LOG_LEVEL: process.env.LOG_LEVEL || (isQuiet ? 'warn' : 'error'),
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

/** Where the load balancer sends what would go to Slack. Resolves to its port. */
function receiveAlerts() {
  const receiver = http.createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    response.writeHead(204).end();
    if (request.method === 'POST')
      console.log(`\nAn alert, as Slack would get it:\n${JSON.parse(body).text}\n`);
  });
  // Alone it keeps nothing running.
  receiver.unref();
  return new Promise((resolve, reject) => {
    receiver.once('error', reject);
    receiver.listen(0, HOST, () => resolve(receiver.address().port));
  });
}

/** Ends every child, by force if it takes too long, then this process. */
function stop(exitCode) {
  if (stopping) return;
  stopping = true;
  for (const child of children) child.kill('SIGTERM');
  const deadline = performance.now() + END_WITHIN_MS;
  setInterval(() => {
    if (children.size === 0) {
      if (exitCode === 0) console.log('Stopped.');
      process.exit(exitCode);
    }
    if (performance.now() > deadline) for (const child of children) child.kill('SIGKILL');
  }, POLL_MS);
}

/** The port if it can be had, any for 0; undefined if it is taken. */
function freePort(wanted) {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.once('error', (error) => (error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error)));
    probe.listen(wanted, HOST, () => {
      const { port: found } = probe.address();
      probe.close(() => resolve(found));
    });
  });
}

/** The usual one, or any other where that is taken; the one that was asked for, or none. */
async function chooseAdminPort() {
  if (adminPort) return adminPort;
  return (await freePort(USUAL_ADMIN_PORT)) ?? (await freePort(0));
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

/** Calls now and then, so that there is something to see. What comes of it the load balancer counts. */
function keepCalling() {
  const agent = new http.Agent({ keepAlive: true });
  const callOnce = () => {
    if (stopping) return;
    const method = CALLS[Math.floor(Math.random() * CALLS.length)];
    const request = http.request({ host: HOST, port, agent, method: 'POST' }, (response) =>
      response.resume(),
    );
    request.once('error', () => {});
    request.end(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: PARAMS[method] ?? [] }));
    const wave = 2 ** Math.sin((2 * Math.PI * performance.now()) / WAVE_MS);
    setTimeout(callOnce, ((0.5 + Math.random()) * 1_000) / (CALLS_PER_SECOND * wave));
  };
  callOnce();
}

function pageUrl() {
  return `http://localhost:${adminPort}/`;
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

${isQuiet ? '' : 'The demo itself makes a few calls a second (npm run demo -- --quiet: none).\nLOG_LEVEL=info npm run demo shows the log, too.\n'}
In another terminal:

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
  const unknown = process.argv.slice(2).find((word) => word !== '--quiet');
  if (unknown !== undefined) throw new Error(`${unknown} is unknown; allowed: --quiet, --help`);
  if ((await freePort(port)) === undefined) {
    throw new Error(`Port ${port} is taken. Stop what uses it, or take another: PORT=8081 npm run demo`);
  }
  adminPort = await chooseAdminPort();
  if (adminPort !== 'off') console.log(`The live page: ${pageUrl()}`);
  await Promise.all(SAMPLES.map(startSample));
  if (stopping) return;
  const balancer = startBalancer(await receiveAlerts());
  await waitUntilReady();
  if (stopping) return;
  explain(balancer);
  if (!isQuiet) keepCalling();
}

if (process.argv.includes('--help')) {
  console.log(HELP);
  process.exit(0);
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
