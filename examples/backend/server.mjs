// A small upstream to try the load balancer with: JSON-RPC and plain HTTP, and faults on request.
// The settings are environment variables; README.md beside this file names them.
import { createHash } from 'node:crypto';
import http from 'node:http';

const name = process.env.NAME || 'sample';
const host = process.env.HOST || '0.0.0.0';
const port = number('PORT', 8545, 0, 65_535);
const rateLimit = number('RATE_LIMIT', Number.POSITIVE_INFINITY, 0);
const lowRateLimit = number('LOW_RATE_LIMIT', rateLimit, 0);
const failRate = number('FAIL_RATE', 0, 0, 1);
const failStatus = number('FAIL_STATUS', 503, 400, 599);
const hangRate = number('HANG_RATE', 0, 0, 1);
const faultsEveryMs = 1_000 * number('FAULTS_EVERY', 0, 0);
const faultsForMs = 1_000 * number('FAULTS_FOR', 0, 0);
const latencyMs = number('LATENCY_MS', 0, 0);
const sleepMs = number('SLEEP_MS', 1_000, 0);
const blockMs = number('BLOCK_MS', 2_000, 1);
const blockLag = number('BLOCK_LAG', 0, 0);
const chainId = Math.floor(number('CHAIN_ID', 31_337, 1, Number.MAX_SAFE_INTEGER));

let stopping = false;

const MAX_BODY_BYTES = 1024 * 1024;
const WINDOW_MS = 1_000;
/** How long requests in flight may finish after SIGTERM; a hanging one never does. */
const FINISH_MS = 1_000;

function number(variable, fallback, min, max = Number.POSITIVE_INFINITY) {
  const text = process.env[variable];
  if (text === undefined || text.trim() === '') return fallback;
  const value = Number(text);
  if (value >= min && value <= max) return value;
  console.error(`${variable}=${text} is not a number from ${min} to ${max}`);
  process.exit(1);
}

/** Counted from the wall clock, so that all samples agree on the newest block, like nodes in step. */
function blockNumber() {
  const newest = Math.floor((Date.now() - Date.UTC(2026, 0, 1)) / blockMs);
  return `0x${Math.max(0, newest - Math.floor(blockLag)).toString(16)}`;
}

function block() {
  const hashed = (text) => `0x${createHash('sha256').update(text).digest('hex')}`;
  const height = blockNumber();
  const parent = `0x${(Number(height) - 1).toString(16)}`;
  return {
    number: height,
    hash: hashed(height),
    parentHash: hashed(parent),
    timestamp: `0x${Math.floor(Date.now() / 1_000).toString(16)}`,
    transactions: [],
  };
}

const rpcMethods = {
  eth_chainId: () => `0x${chainId.toString(16)}`,
  eth_blockNumber: blockNumber,
  eth_getBlockByNumber: block,
  eth_gasPrice: () => '0x3b9aca00',
  eth_getBalance: () => '0xde0b6b3a7640000',
  eth_call: () => '0x',
  net_version: () => String(chainId),
  web3_clientVersion: () => `sample/${name}`,
};

function rpcError(id, code, message) {
  return { jsonrpc: '2.0', id, error: { code, message } };
}

/** The answer to one call; undefined for a notification. */
function answerCall(call) {
  if (typeof call !== 'object' || call === null || typeof call.method !== 'string') {
    return rpcError(null, -32600, 'Invalid Request');
  }
  if (call.id === undefined) return undefined;
  if (!Object.hasOwn(rpcMethods, call.method)) {
    return rpcError(call.id, -32601, `the method ${call.method} does not exist/is not available`);
  }
  return { jsonrpc: '2.0', id: call.id, result: rpcMethods[call.method]() };
}

/** The answer to a whole body; undefined when nothing in it wants one. */
function answerBody(text) {
  let message;
  try {
    message = JSON.parse(text);
  } catch {
    return rpcError(null, -32700, 'Parse error');
  }
  if (!Array.isArray(message)) return answerCall(message);
  if (message.length === 0) return rpcError(null, -32600, 'Invalid Request');
  const answers = message.map(answerCall).filter((answer) => answer !== undefined);
  return answers.length > 0 ? answers : undefined;
}

async function readBody(request) {
  const chunks = [];
  let size = 0;
  // Not destroyed on return: the refusal of a large body still has to go out on this connection.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function send(response, status, body, headers = {}) {
  const text = typeof body === 'string' ? body : `${JSON.stringify(body)}\n`;
  response.writeHead(status, {
    'Content-Type': typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json',
    'Content-Length': Buffer.byteLength(text),
    ...(stopping && { Connection: 'close' }),
    ...headers,
  });
  response.end(text);
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Always, or at the end of each period. */
function areFaultsOn() {
  return faultsEveryMs === 0 || (performance.now() % faultsEveryMs) + faultsForMs >= faultsEveryMs;
}

let windowEndsMs = 0;
let requestsInWindow = 0;

/** Whether the budget of this second is used up. */
function isOverBudget() {
  const nowMs = performance.now();
  if (nowMs >= windowEndsMs) {
    windowEndsMs = nowMs + WINDOW_MS;
    requestsInWindow = 0;
  }
  requestsInWindow += 1;
  return requestsInWindow > (areFaultsOn() ? lowRateLimit : rateLimit);
}

/** Ten lines, one after each pause, to see that a stream is not held back. */
async function drip(response, ms) {
  response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8' });
  for (let line = 1; line <= 10 && !response.destroyed; line += 1) {
    response.write(`${name} line ${line} of 10\n`);
    await pause(ms);
  }
  response.end();
}

async function answerGet(url, response) {
  const ms = Number(url.searchParams.get('ms') ?? Number.NaN);
  const chosenMs = ms >= 0 ? ms : sleepMs;
  switch (url.pathname) {
    case '/':
      return send(response, 200, `Hello from ${name} (process ${process.pid})\n`);
    case '/sleep':
      await pause(chosenMs);
      return send(response, 200, `${name} slept for ${chosenMs} ms\n`);
    case '/slow':
      return drip(response, chosenMs);
    default:
      return send(response, 404, `${name} has no ${url.pathname}\n`);
  }
}

async function handle(request, response) {
  const url = new URL(request.url, 'http://sample');
  if (url.pathname === '/health') {
    // Told even while faults are on: it is the machine's health, not the service's.
    return send(response, 200, { status: 'ok', memory_usage: process.memoryUsage().rss });
  }
  const body = await readBody(request);
  if (body === undefined) return send(response, 413, 'The body is too large\n', { Connection: 'close' });
  if (latencyMs > 0) await pause(latencyMs);
  if (isOverBudget()) {
    return send(response, 429, `${name}: too many requests\n`, { 'Retry-After': String(WINDOW_MS / 1_000) });
  }
  if (areFaultsOn() && Math.random() < hangRate) return;
  if (areFaultsOn() && Math.random() < failRate)
    return send(response, failStatus, `${name}: fails on purpose\n`);
  if (request.method === 'GET' || request.method === 'HEAD') return answerGet(url, response);
  if (request.method !== 'POST') return send(response, 405, 'GET or POST\n', { Allow: 'GET, HEAD, POST' });
  const answer = answerBody(body);
  if (answer === undefined) return response.writeHead(204).end();
  return send(response, 200, answer);
}

const server = http.createServer((request, response) => {
  handle(request, response).catch((error) => {
    // A client that left in the middle of its body ends here; nobody is there to be answered.
    if (request.destroyed || response.headersSent) return response.destroy();
    send(response, 500, `${name}: ${error.message}\n`);
  });
});

server.on('error', (error) => {
  console.error(`${name} can't listen on ${host}:${port}: ${error.message}`);
  process.exit(1);
});
server.listen(port, host, () => {
  const { port: chosenPort } = server.address();
  console.log(`${name} listens on ${host}:${chosenPort} (process ${process.pid})`);
  process.send?.({ port: chosenPort });
});

function stop() {
  stopping = true;
  server.close(() => process.exit(0));
  setTimeout(() => server.closeAllConnections(), FINISH_MS).unref();
}
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
// Started by demo.mjs: never outlive it, however it ended.
if (process.send) process.once('disconnect', stop);
