// An upstream that fails on command. Usage: node faulty-upstream.mjs PORT, as a child with an IPC channel;
// each message is the name of a fault, or `none`. It answers a call with the call's own first parameter.
import { createServer } from 'node:http';

/** What becomes of a request, by fault. */
const behaviours = {
  none: (response, body) => {
    const { id, params } = JSON.parse(body);
    const answer = JSON.stringify({ jsonrpc: '2.0', id, result: params[0] });
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length });
    response.end(answer);
  },
  reset: (response) => response.socket?.resetAndDestroy(),
  cut: (response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': 5_000 });
    response.write('{"jsonrpc":"2.0","id":', () => response.destroy());
  },
  unavailable: (response) => response.writeHead(503).end('Service Unavailable'),
  hang: () => {},
};

let fault = 'none';
const sockets = new Set();

const server = createServer((request, response) => {
  // The daemon asks for the health of its upstreams, too.
  if (request.method === 'GET') return void response.writeHead(404).end();
  const chunks = [];
  request.on('error', () => {});
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => behaviours[fault](response, Buffer.concat(chunks).toString()));
});
server.on('connection', (socket) => {
  if (fault === 'reset') return void socket.resetAndDestroy();
  sockets.add(socket);
  socket.once('close', () => sockets.delete(socket));
});
server.listen(Number(process.argv[2]), '127.0.0.1');

process.on('message', (name) => {
  fault = name;
  // Those that are open already, with whatever is in flight on them.
  if (fault === 'reset') for (const socket of sockets) socket.resetAndDestroy();
});
process.once('disconnect', () => process.exit());
