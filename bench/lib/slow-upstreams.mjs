// Upstreams that take their time, on command. Usage: node slow-upstreams.mjs PORT…, as a child with an IPC channel;
// each message is the name of a fault, or `none`; it is answered with the number of calls since the last message.
// A call is answered with its own first parameter, after 8 to 12 ms and a short tail.
import { createServer } from 'node:http';

const LEAST_MS = 8;
const SPREAD_MS = 4;
const TAIL_MS = 2;

/** What takes how long, by fault: the first upstream alone is silent or slow, any of them stalls. */
const delays = {
  none: () => usualMs(),
  silent: (index) => (index === 0 ? undefined : usualMs()),
  slow: (index) => (index === 0 ? 100 * usualMs() : usualMs()),
  stalls: () => usualMs() + (Math.random() < 0.01 ? 1_000 : 0),
};

function usualMs() {
  return LEAST_MS + Math.random() * SPREAD_MS - Math.log(1 - Math.random()) * TAIL_MS;
}

let fault = 'none';
let calls = 0;

function answer(response, body) {
  const { id, params } = JSON.parse(body);
  const text = JSON.stringify({ jsonrpc: '2.0', id, result: params[0] });
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length });
  response.end(text);
}

process.argv.slice(2).forEach((port, index) => {
  const server = createServer((request, response) => {
    // The daemon asks for the health of its upstreams, too.
    if (request.method === 'GET') return void response.writeHead(404).end();
    const chunks = [];
    request.on('error', () => {});
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      calls += 1;
      const ms = delays[fault](index);
      if (ms !== undefined) setTimeout(answer, ms, response, Buffer.concat(chunks).toString());
    });
  });
  server.listen(Number(port), '127.0.0.1');
});

process.on('message', (name) => {
  fault = name;
  process.send(calls);
  calls = 0;
});
process.once('disconnect', () => process.exit());
