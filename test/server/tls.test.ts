// The client port with TLS: who gets in, by which protocol, and that HTTP/1.1 is as strict as without.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { Agent, request } from 'undici';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { answer, cutChunked, Gate, held } from '../support/behaviours.ts';
import { folder } from '../support/certificates.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { releaseAfterwards } from '../support/leftovers.ts';
import { RawClient, rawRequest, requestBytes } from '../support/raw-client.ts';
import { within } from '../support/waiting.ts';
import { authority, type SecureApp, startSecureApp } from './secure.ts';

let upstream: FakeUpstream;
let app: SecureApp;

beforeAll(async () => {
  upstream = await FakeUpstream.start('A');
  app = await startSecureApp({ primaries: [upstream] });
});

beforeEach(() => upstream.reset());

const call = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_blockNumber', params: [] });

function open(options: ConnectionOptions = {}, { port } = app): TLSSocket {
  const socket = connect({ port, host: 'localhost', ca: authority.cert, ...options });
  socket.on('error', () => {});
  releaseAfterwards(() => socket.destroy());
  return socket;
}

/** How a handshake ends: the protocol and the version that were agreed on, or the error. */
async function shakeHands(options: ConnectionOptions, at = app): Promise<string> {
  const socket = open(options, at);
  const failed = once(socket, 'error').then(([error]) => `${error.code}`);
  const secure = new Promise<string>((resolve) => {
    socket.once('secureConnect', () => resolve(`${socket.getProtocol()} ${socket.alpnProtocol}`));
  });
  return within(Promise.race([secure, failed]), 5_000, 'the end of a handshake');
}

async function overTls(bytes: Buffer, at = app): Promise<string> {
  const socket = open({}, at);
  socket.write(bytes);
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  await within(once(socket, 'close'), 10_000, 'the end of a connection');
  return text;
}

describe('a handshake', () => {
  it.each([
    [['h2', 'http/1.1'], 'h2'],
    [['http/1.1'], 'http/1.1'],
    [undefined, 'false'],
  ])('that offers %j agrees on %s', async (ALPNProtocols, agreed) => {
    expect(await shakeHands(ALPNProtocols ? { ALPNProtocols } : {})).toBe(`TLSv1.3 ${agreed}`);
  });

  it('is refused below TLS 1.2', async () => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    expect(await shakeHands(old)).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
    expect(await shakeHands({ maxVersion: 'TLSv1.2' })).toBe('TLSv1.2 false');
  });

  it('is refused below TLS_MIN_VERSION', async () => {
    const strict = await startSecureApp({ primaries: [upstream], flags: ['--tls-min-version=1.3'] });
    expect(await shakeHands({ maxVersion: 'TLSv1.2' }, strict)).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
    expect(await shakeHands({}, strict)).toBe('TLSv1.3 false');
  });

  it('that takes longer than CLIENT_HEADER_TIMEOUT is given up', async () => {
    const { port } = await startSecureApp({ primaries: [upstream], flags: ['--client-header-timeout=1s'] });
    const client = await RawClient.connect(port);
    expect(await client.ended(2_000)).not.toBe('open');
  });

  it('that is none costs that connection only', async () => {
    await expect(rawRequest(app.port, requestBytes('GET /x'))).rejects.toThrow();
    expect(upstream.requests).toHaveLength(0);
    expect(await overTls(requestBytes('GET /x', ['Connection: close']))).toMatch(/^HTTP\/1\.1 200 .*A$/s);
  });
});

describe('HTTP/1.1 over TLS', () => {
  it('is answered, and the upstream is told of https', async () => {
    const text = await overTls(requestBytes('POST /x', ['Connection: close'], call));
    expect(text).toMatch(/"result":"A"}$/);
    expect(upstream.requests[0]?.headers('x-forwarded-proto')).toEqual(['https']);
    expect(upstream.requests[0]?.headers('via')).toEqual([expect.stringMatching(/^1\.1 /)]);
  });

  it.each([
    ['two hosts', requestBytes('GET /x', ['Host: a', 'Host: b']), 400],
    ['no host', Buffer.from('GET /x HTTP/1.1\r\n\r\n'), 400],
    [
      'a length and chunks',
      requestBytes('POST /x', ['Content-Length: 3', 'Transfer-Encoding: chunked'], 'abc'),
      400,
    ],
    [
      '101 lines',
      requestBytes(
        'GET /x',
        Array.from({ length: 100 }, (_, i) => `X${i}: 1`),
      ),
      431,
    ],
    [
      '3000 lines before a length',
      requestBytes(
        'POST /x',
        [...Array.from({ length: 3_000 }, (_, i) => `X${i}: 1`), 'Content-Length: 35'],
        'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n',
      ),
      431,
    ],
    ['100 kB of headers', requestBytes('GET /x', [`X: ${'x'.repeat(100_000)}`]), 431],
    ['a long target', requestBytes(`GET /${'x'.repeat(9_000)}`), 414],
    ['CONNECT', Buffer.from('CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n'), 405],
    ['another expectation', requestBytes('GET /x', ['Expect: a miracle', 'Connection: close']), 417],
  ])('with %s is refused as without', async (_, bytes, status) => {
    expect(await overTls(bytes)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(upstream.requests).toHaveLength(0);
  });

  it('with no end of its headers is refused as without', async () => {
    const hasty = await startSecureApp({ primaries: [upstream], flags: ['--client-header-timeout=1s'] });
    expect(await overTls(Buffer.from('GET /x HTTP/1.1\r\nHost: a\r\n'), hasty)).toMatch(/^HTTP\/1.1 408 /);
    expect(upstream.requests).toHaveLength(0);
  });

  it('does not pass off a cut body as whole, to an HTTP/1.0 client either', async () => {
    upstream.use(cutChunked('fin', 'x'.repeat(100_000)));
    const socket = open();
    socket.write('GET /x HTTP/1.0\r\n\r\n');
    socket.resume();
    const [error] = await within(once(socket, 'error'), 5_000, 'a reset');
    expect(error.code).toBe('ECONNRESET');
  });

  it('drains: idle connections at once, the others after their answers', async () => {
    const own = await startSecureApp({ primaries: [upstream] });
    const gate = new Gate();
    upstream.use(held(gate, answer({ body: 'finished' })));
    const idle = open({}, own);
    await once(idle, 'secureConnect');
    const busy = overTls(requestBytes('GET /x'), own);
    await upstream.arrived();
    const stopped = own.app.stop();
    idle.resume();
    await within(once(idle, 'close'), 5_000, 'the end of an idle connection');
    gate.release();
    expect(await busy).toMatch(/connection: close.*finished$/is);
    expect(await within(stopped, 5_000, 'the end')).toBe(0);
  });

  it('is bounded by MAX_CONNECTIONS', async () => {
    const few = await startSecureApp({ primaries: [upstream], flags: ['--max-connections=1'] });
    const first = open({}, few);
    await once(first, 'secureConnect');
    expect(await shakeHands({}, few)).toBe('ECONNRESET');
  });
});

describe('clients of all kinds are served', () => {
  it('undici, with HTTP/2', async () => {
    const agent = new Agent({ allowH2: true, connect: { ca: authority.cert } });
    releaseAfterwards(() => agent.close());
    const ask = () => request(`${app.url}/`, { dispatcher: agent, method: 'POST', body: call });
    const answers = await Promise.all([ask(), ask(), ask()]);
    for (const { statusCode, body } of answers) {
      expect([statusCode, await body.json()]).toEqual([200, { jsonrpc: '2.0', id: 1, result: 'A' }]);
    }
    expect(upstream.requests[0]?.headers('via')).toEqual([expect.stringMatching(/^2\.0 /)]);
  });

  it('fetch, with HTTP/1.1', async () => {
    const agent = new Agent({ connect: { ca: authority.cert } });
    releaseAfterwards(() => agent.close());
    const { statusCode, body } = await request(`${app.url}/x`, { dispatcher: agent });
    expect([statusCode, await body.text()]).toEqual([200, 'A']);
  });

  it.each(['--http2', '--http1.1'])('curl %s, where there is one', async (protocol) => {
    const run = promisify(execFile);
    const version = await run('curl', ['--version']).catch(() => ({ stdout: '' }));
    if (!/HTTP2/.test(version.stdout)) return;
    const ca = `${folder()}/ca.pem`;
    const { writeFile } = await import('node:fs/promises');
    await writeFile(ca, authority.cert);
    const format = ['-s', '-w', ' %{http_version} %{ssl_verify_result}'];
    const { stdout } = await run('curl', [...format, protocol, '--cacert', ca, '-d', call, `${app.url}/`]);
    const spoken = protocol === '--http2' ? '2' : '1.1';
    expect(stdout).toBe(`{"jsonrpc":"2.0","id":1,"result":"A"} ${spoken} 0`);
  });
});

it('a WebSocket goes through', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  releaseAfterwards(() => server.close());
  await once(server, 'listening');
  server.on('connection', (socket) => socket.on('message', (data) => socket.send(`echo ${data}`)));
  // A TCP server that listens has an address with a port.
  const { port } = server.address() as AddressInfo;
  const own = await startSecureApp({ primaries: [`http://127.0.0.1:${port}`] });
  const socket = new WebSocket(`wss://localhost:${own.port}/`, { ca: authority.cert });
  releaseAfterwards(() => socket.terminate());
  await within(once(socket, 'open'), 5_000, 'a WebSocket');
  socket.send('hello');
  const [message] = await within(once(socket, 'message'), 5_000, 'a message');
  expect(String(message)).toBe('echo hello');
});
