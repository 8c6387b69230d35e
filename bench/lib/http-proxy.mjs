// The http-proxy package as its manual shows it, with an agent that keeps connections.
// Usage: node http-proxy.mjs PORT UPSTREAM_PORT
import { Agent, createServer } from 'node:http';
import httpProxy from 'http-proxy';

const [port, upstreamPort] = process.argv.slice(2).map(Number);
const proxy = httpProxy.createProxyServer({
  target: { host: '127.0.0.1', port: upstreamPort },
  agent: new Agent({ keepAlive: true }),
});
proxy.on('error', (_error, _request, response) => {
  if (response.headersSent) response.destroy();
  else response.writeHead(502).end();
});
createServer((incoming, response) => proxy.web(incoming, response)).listen(port, '127.0.0.1');
