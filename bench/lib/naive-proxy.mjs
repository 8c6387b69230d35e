// The least that can be called a proxy: node:http piped into node:http. No retry, no limit, no log.
// Usage: node naive-proxy.mjs PORT UPSTREAM_PORT
import { Agent, createServer, request } from 'node:http';

const [port, upstreamPort] = process.argv.slice(2).map(Number);
const agent = new Agent({ keepAlive: true });

createServer((incoming, response) => {
  const { method, url: path, headers } = incoming;
  const outgoing = request(
    { host: '127.0.0.1', port: upstreamPort, agent, method, path, headers },
    (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    },
  );
  outgoing.on('error', () => {
    if (response.headersSent) response.destroy();
    else response.writeHead(502).end();
  });
  incoming.pipe(outgoing);
}).listen(port, '127.0.0.1');
