// Load for a load balancer that runs already, each answer checked: npm run load -- --help
import { connect } from 'node:net';
import { createHistogram, performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';

const USAGE = `npm run load -- [flags]

  --url=URL          where to (http://localhost:8080)
  --connections=N    how many at the same time, each with one request under way (10)
  --seconds=N        for how long (10)
  --rate=N           requests per second in all (as many as possible)
  --get              GET requests instead of JSON-RPC calls of eth_blockNumber; any 2xx is right

Ends with status 1 if a request got no answer, no 2xx, a JSON-RPC error, or another request's answer.
`;
/** So many requests of each connection fail in a row before the rest is given up: nobody is there any more. */
const GIVE_UP_AFTER = 50;
/** A request that takes longer got no answer. */
const ANSWER_SECONDS = 30;
const SHOWN_CHARACTERS = 200;
const MICROSECONDS = 1_000;

class UsageError extends Error {}

function count(flags, name) {
  const value = Number(flags[name]);
  if (Number.isInteger(value) && value > 0) return value;
  throw new UsageError(`--${name}=${flags[name]}: a whole number above 0 is needed`);
}

function readFlags() {
  try {
    return parseArgs({
      options: {
        url: { type: 'string', default: 'http://localhost:8080' },
        connections: { type: 'string', default: '10' },
        seconds: { type: 'string', default: '10' },
        rate: { type: 'string' },
        get: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error.message);
  }
}

function readUrl(text) {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol)) return url;
  throw new UsageError(`--url=${text}: a URL such as http://localhost:8080 is needed`);
}

/** Rejects when no connection can be made. */
function tryToConnect(url) {
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
  return new Promise((resolve, reject) => {
    const socket = connect(port, url.hostname.replace(/^\[|\]$/g, ''), () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', (error) => {
      reject(
        new UsageError(
          `Nothing answers at ${url.origin} (${error.code}). Start the load balancer, ` +
            'for example with npm run demo, or name another --url.',
        ),
      );
    });
  });
}

/** What became of all requests. */
class Tally {
  latencies = createHistogram();
  statuses = new Map();
  right = 0;
  wrong = 0;
  unanswered = 0;
  unansweredInARow = 0;
  example = undefined;

  answered(status, body, isRight, milliseconds) {
    this.unansweredInARow = 0;
    this.latencies.record(Math.max(1, Math.round(milliseconds * MICROSECONDS)));
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
    const isOk = status >= 200 && status < 300;
    if (isOk && isRight) {
      this.right += 1;
      return;
    }
    if (isOk) this.wrong += 1;
    this.example ??= `${status} ${body.trim().slice(0, SHOWN_CHARACTERS)}`;
  }

  lost() {
    this.unanswered += 1;
    this.unansweredInARow += 1;
  }

  non2xx() {
    return [...this.statuses].filter(([status]) => status < 200 || status > 299);
  }

  hasFailed() {
    return this.unanswered + this.wrong + this.non2xx().length > 0 || this.right === 0;
  }

  print(seconds) {
    const others = this.non2xx();
    const sum = others.reduce((total, [, requests]) => total + requests, 0);
    const each = others.map(([status, requests]) => `${status}: ${requests}`).join(', ');
    const milliseconds = (percent) => `${(this.latencies.percentile(percent) / MICROSECONDS).toFixed(1)} ms`;
    const rows = [
      ['answers', `${this.latencies.count}, ${Math.round(this.latencies.count / seconds)} per second`],
      ['p50', this.latencies.count > 0 ? milliseconds(50) : '-'],
      ['p99', this.latencies.count > 0 ? milliseconds(99) : '-'],
      ['non-2xx', sum > 0 ? `${sum} (${each})` : '0'],
      ['wrong answers', `${this.wrong}`],
      ['no answer', `${this.unanswered}`],
    ];
    for (const [name, value] of rows) console.log(`  ${name.padEnd(14)} ${value}`);
    if (this.example) console.log(`  the first of the failed ones: ${this.example}`);
  }
}

function isAnswerTo(id, body) {
  try {
    const answer = JSON.parse(body);
    return answer.id === id && Object.hasOwn(answer, 'result') && !Object.hasOwn(answer, 'error');
  } catch {
    return false;
  }
}

let lastId = 0;

/** A request that counts what comes back. autocannon has one of them under way on each connection. */
function countedRequest(client, tally, isGet) {
  let id = 0;
  let isUnderWay = false;
  let startedMs = 0;
  client.on('request', () => {
    // A connection that broke is replaced without a word, and its request with it.
    if (isUnderWay) tally.lost();
    isUnderWay = true;
    startedMs = performance.now();
  });
  const onResponse = (status, body) => {
    isUnderWay = false;
    tally.answered(status, body, isGet || isAnswerTo(id, body), performance.now() - startedMs);
  };
  if (isGet) return { method: 'GET', onResponse };
  const setupRequest = (request) => {
    lastId += 1;
    id = lastId;
    return {
      ...request,
      body: JSON.stringify({ jsonrpc: '2.0', id, method: 'eth_blockNumber', params: [] }),
    };
  };
  const headers = { 'Content-Type': 'application/json' };
  return { method: 'POST', headers, setupRequest, onResponse };
}

async function load(url, { connections, seconds, rate, isGet }) {
  // Takes half a second, which a misspelt flag need not wait for.
  const { default: autocannon } = await import('autocannon');
  const tally = new Tally();
  const running = autocannon({
    url: url.href,
    connections,
    // At a rate so many requests are sent, at the beginning of each second, and the last ones may take their time.
    duration: rate === undefined ? seconds : seconds + ANSWER_SECONDS,
    timeout: ANSWER_SECONDS,
    ...(rate !== undefined && { overallRate: rate }),
    setupClient: (client) => {
      client.setRequests([countedRequest(client, tally, isGet)]);
      if (rate !== undefined) client.responseMax = client.rate * seconds;
      client.on('connError', () => {
        if (tally.unansweredInARow > GIVE_UP_AFTER * connections) running.stop();
      });
    },
  });
  process.once('SIGINT', () => running.stop());
  const { duration } = await running;
  // autocannon looks once a second whether it is over.
  const isInTime = rate !== undefined && duration >= seconds && duration < seconds + 1;
  return { tally, duration: isInTime ? seconds : duration };
}

async function run() {
  const flags = readFlags();
  if (flags.help) return console.log(USAGE);
  const url = readUrl(flags.url);
  const connections = count(flags, 'connections');
  const seconds = count(flags, 'seconds');
  const rate = flags.rate === undefined ? undefined : count(flags, 'rate');
  await tryToConnect(url);
  const what = flags.get ? 'GET' : 'eth_blockNumber';
  const pace = rate === undefined ? '' : `, ${rate} requests per second`;
  console.log(`${what} to ${url.origin} for ${seconds} s, ${connections} connections${pace}`);
  const { tally, duration } = await load(url, { connections, seconds, rate, isGet: flags.get });
  tally.print(duration);
  if (tally.hasFailed()) process.exitCode = 1;
}

run().catch((error) => {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
});
