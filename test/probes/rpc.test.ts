import type { IncomingMessage, ServerResponse } from 'node:http';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { Upstream } from '../../src/upstreams/upstream.ts';
import { Authority } from '../support/certificates.ts';
import { TlsUpstream } from '../support/tls-upstream.ts';
import {
  check,
  checkAgain,
  checkWritten,
  listenHttp,
  listenRaw,
  nobodyConnected,
  upstreamAt,
} from './servers.ts';

interface Seen {
  readonly line: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

type Answer = (method: string, response: ServerResponse) => void;

const result = (value: unknown) => JSON.stringify({ jsonrpc: '2.0', id: 1, result: value });
const error = (value: unknown, id: unknown = 1) => JSON.stringify({ jsonrpc: '2.0', id, error: value });

/** Chain 1, block 436. */
const inOrder: Answer = (method, response) =>
  response.end(result(method === 'eth_chainId' ? '0x1' : '0x1b4'));

/** A server that takes down what it is asked. */
async function listen(answer: Answer = inOrder) {
  const seen: Seen[] = [];
  const server = await listenHttp(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    seen.push({ line: `${request.method} ${request.url}`, headers: request.headers, body });
    answer(JSON.parse(body).method, response);
  });
  const methods = () => seen.map(({ body }) => JSON.parse(body).method);
  return { ...server, server, seen, methods, url: `http://127.0.0.1:${server.port}` };
}

describe('the rpc probe', () => {
  it('finds chain id and height, and leaves no socket behind', async () => {
    const { url, server } = await listen();
    expect(await check('rpc', url)).toEqual({ up: true, found: { chainId: '1', blockHeight: 436 } });
    await nobodyConnected(server);
  });

  it.each([
    ['gzip', gzipSync],
    ['BR', brotliCompressSync],
  ])('unpacks answers that are compressed although it asks for plain ones: %s', async (coding, pack) => {
    const { url } = await listen((method, response) =>
      response
        .writeHead(200, { 'Content-Encoding': coding })
        .end(pack(result(method === 'eth_chainId' ? '0x1' : '0x1b4'))),
    );
    expect(await check('rpc', url)).toEqual({ up: true, found: { chainId: '1', blockHeight: 436 } });
  });

  it('does not unpack without a bound', async () => {
    const { url } = await listen((_, response) =>
      response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(gzipSync(Buffer.alloc(1_000_000))),
    );
    expect(await check('rpc', url)).toEqual({
      up: false,
      problem: 'eth_chainId: far too long an answer',
    });
  });

  it('understands an answer that only says it is compressed', async () => {
    const { url } = await listen((method, response) => {
      response.setHeader('Content-Encoding', 'gzip');
      inOrder(method, response);
    });
    expect(await check('rpc', url)).toEqual({ up: true, found: { chainId: '1', blockHeight: 436 } });
  });

  it('asks for the chain id once, and for the height each time', async () => {
    const { url, methods } = await listen();
    const upstream = upstreamAt(url);
    await checkWritten('rpc', upstream);
    expect(await checkWritten('rpc', upstream)).toEqual({ up: true, found: { blockHeight: 436 } });
    expect(methods()).toEqual(['eth_chainId', 'eth_blockNumber', 'eth_blockNumber']);
    expect(upstream.probeCalls).toBe(3);
  });

  it('asks for the chain id again after a failed check and while the upstream is down', async () => {
    let fails = false;
    const { url, methods } = await listen((method, response) => {
      if (fails) response.writeHead(500).end();
      else inOrder(method, response);
    });
    const upstream = upstreamAt(url);
    await checkWritten('rpc', upstream);
    fails = true;
    await checkWritten('rpc', upstream);
    fails = false;
    await checkWritten('rpc', upstream);
    upstream.down = { reason: 'probe-failed', sinceMs: 1_000 };
    await checkWritten('rpc', upstream);
    upstream.down = undefined;
    await checkWritten('rpc', upstream);
    const both = ['eth_chainId', 'eth_blockNumber'];
    expect(methods()).toEqual([...both, 'eth_blockNumber', ...both, ...both, 'eth_blockNumber']);
  });

  it('asks one that is on the wrong chain for its chain only', async () => {
    const { url, methods } = await listen();
    const upstream = upstreamAt(url);
    upstream.down = { reason: 'wrong-chain', sinceMs: 1_000 };
    expect(await checkAgain('rpc', upstream)).toEqual({ up: true, found: { chainId: '1' } });
    expect(methods()).toEqual(['eth_chainId']);
  });

  it("asks the upstream's own path with its query, Host and credentials, in plain JSON-RPC", async () => {
    const { port, seen } = await listen();
    await check('rpc', `http://us%40er:pass@127.0.0.1:${port}/v2/KEY?key=K`, { path: '/health' });
    await check('rpc', `http://127.0.0.1:${port}`);
    expect(seen[0]).toMatchObject({
      line: 'POST /v2/KEY?key=K',
      headers: {
        host: `127.0.0.1:${port}`,
        authorization: `Basic ${Buffer.from('us@er:pass').toString('base64')}`,
        'content-type': 'application/json',
        'content-length': String(seen[0]?.body.length),
      },
    });
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({
      jsonrpc: '2.0',
      id: 1,
      method: 'eth_chainId',
      params: [],
    });
    expect(seen[2]?.line).toBe('POST /');
    expect(seen[2]?.headers).not.toHaveProperty('authorization');
  });

  it('takes a chain id of any size, and a result whatever the status', async () => {
    const { url } = await listen((method, response) => {
      response.writeHead(500).end(result(method === 'eth_chainId' ? `0x${'f'.repeat(64)}` : '0x0'));
    });
    const found = { chainId: String(2n ** 256n - 1n), blockHeight: 0 };
    expect(await check('rpc', url)).toEqual({ up: true, found });
  });

  it.each(['"0x"', '"1"', '1', 'null', '{}', '"latest"', '"0x20000000000000"', '"-0x1"'])(
    'finds one down whose height is %s',
    async (text) => {
      const { url } = await listen((method, response) =>
        response.end(method === 'eth_chainId' ? result('0x1') : result(JSON.parse(text))),
      );
      const problem = 'eth_blockNumber: no block number in the answer';
      expect(await check('rpc', url)).toEqual({ up: false, problem });
    },
  );

  it.each(['"1"', '1', 'null', '"mainnet"'])('finds one down whose chain id is %s', async (text) => {
    const { url, methods } = await listen((_, response) => response.end(result(JSON.parse(text))));
    const problem = 'eth_chainId: no chain id in the answer';
    expect(await check('rpc', url)).toEqual({ up: false, problem });
    expect(methods()).toEqual(['eth_chainId']);
  });

  it.each([
    ['an HTML page', '<html>seCret</html>'],
    ['nothing', ''],
    ['cut JSON', '{"jsonrpc":"2.0","id":1,"resu'],
    ['an answer to something else', '{"jsonrpc":"2.0","id":2,"result":"0x1"}'],
    ['no id', '{"jsonrpc":"2.0","result":"0x1"}'],
    ['a list', '[{"jsonrpc":"2.0","id":1,"result":"0x1"}]'],
    ['neither result nor error', '{"jsonrpc":"2.0","id":1}'],
    ['an error to something else', '{"jsonrpc":"2.0","id":2,"error":{"code":-32005,"message":"rate limit"}}'],
    ['a number', '17'],
    ['null', 'null'],
  ])('finds one down that answers with %s', async (_, body) => {
    const { url } = await listen((_method, response) => response.end(body));
    expect(await check('rpc', url)).toEqual({ up: false, problem: 'eth_chainId: no JSON-RPC answer' });
  });

  it('takes an empty error beside a result for none', async () => {
    const { url } = await listen((_, response) =>
      response.end('{"jsonrpc":"2.0","id":1,"result":"0x1","error":null}'),
    );
    expect(await check('rpc', url)).toMatchObject({ up: true });
  });

  it.each([301, 400, 401, 403, 404, 500, 503])(
    'finds one down that answers with status %i',
    async (status) => {
      const { url, server } = await listen((_, response) =>
        response.writeHead(status, { location: '/elsewhere' }).end('seCret'),
      );
      expect(await check('rpc', url)).toEqual({ up: false, problem: `eth_chainId: status ${status}` });
      await nobodyConnected(server);
    },
  );

  it.each<[object, number, string]>([
    [{ code: -32601, message: 'the method does not exist' }, 200, 'error -32601 (method-unsupported)'],
    [{ code: -32000, message: 'no available nodes found' }, 200, 'error -32000 (upstream-broken)'],
    [{ code: -32600, message: 'Must be authenticated! seCret' }, 200, 'error -32600 (auth)'],
    [{ message: 'seCret' }, 500, 'error without a code (unknown)'],
  ])('finds one down that answers with the error %j', async (value, status, words) => {
    const { url } = await listen((_, response) => response.writeHead(status).end(error(value)));
    expect(await check('rpc', url)).toEqual({ up: false, problem: `eth_chainId: ${words}` });
  });

  it.each<[string, number, string]>([
    ['status 429', 429, ''],
    ['status 429 with a page', 429, '<html>slow down</html>'],
    ['status 402', 402, ''],
    ['an error', 200, error({ code: -32005, message: 'project ID request rate exceeded' })],
    ['an error without its id', 200, error({ code: 429, message: 'Too many requests' }, null)],
    ['a plan that is used up', 429, error({ code: 429, message: 'Monthly capacity limit exceeded' })],
  ])('finds one alive that refuses for a limit with %s, and nothing more', async (_, status, body) => {
    const { url, methods } = await listen((_method, response) => response.writeHead(status).end(body));
    expect(await check('rpc', url)).toEqual({ up: true, limited: true, found: {} });
    expect(methods()).toEqual(['eth_chainId']);
  });

  it('keeps the chain id when only the height is refused for a limit', async () => {
    const { url } = await listen((method, response) =>
      method === 'eth_chainId' ? response.end(result('0x5')) : response.writeHead(429).end(),
    );
    expect(await check('rpc', url)).toEqual({ up: true, limited: true, found: { chainId: '5' } });
  });

  it('asks again for a chain id that was refused for a limit', async () => {
    let limited = true;
    const { url } = await listen((method, response) =>
      limited ? response.writeHead(429).end() : inOrder(method, response),
    );
    const upstream = upstreamAt(url);
    await checkAgain('rpc', upstream);
    limited = false;
    expect(await checkAgain('rpc', upstream)).toMatchObject({ found: { chainId: '1' } });
  });

  it('gives up on one that accepts and never answers', async () => {
    const server = await listenRaw((socket) => socket.resume());
    const problem = 'no answer within 80 ms';
    const url = `http://127.0.0.1:${server.port}`;
    expect(await check('rpc', url, { timeoutMs: 80 })).toEqual({ up: false, problem });
    await nobodyConnected(server);
  });

  it('has one time for both questions', async () => {
    const { url, server, methods } = await listen((method, response) => {
      if (method === 'eth_chainId') response.end(result('0x1'));
    });
    const upstream = upstreamAt(url);
    const problem = 'no answer within 2000 ms';
    expect(await checkAgain('rpc', upstream, { timeoutMs: 2_000 })).toEqual({ up: false, problem });
    expect(methods()).toEqual(['eth_chainId', 'eth_blockNumber']);
    await nobodyConnected(server);
  });

  it('gives up on an answer without an end', async () => {
    const { url, server } = await listen((_, response) => {
      response.write('{"jsonrpc":"2.0",');
    });
    const problem = 'no answer within 500 ms';
    expect(await check('rpc', url, { timeoutMs: 500 })).toEqual({ up: false, problem });
    await nobodyConnected(server);
  });

  it('does not read a huge answer to its end', async () => {
    const { url, server } = await listen((_, response) => {
      const chunk = Buffer.alloc(65_536, ' ');
      const write = () => {
        while (!response.destroyed && response.write(chunk));
      };
      response.on('drain', write);
      write();
    });
    const problem = 'eth_chainId: far too long an answer';
    expect(await check('rpc', url)).toEqual({ up: false, problem });
    await nobodyConnected(server);
  });

  it.each([
    ['closes without a word', '', 'connection reset (ECONNRESET)'],
    ['speaks no HTTP', 'SSH-2.0-OpenSSH_9.6\r\n', 'not valid HTTP (HPE_INVALID_CONSTANT)'],
    [
      'cuts its answer off',
      'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"jsonrpc":"2.0","id":1,"result":"0x1"}',
      'eth_chainId: answer cut off',
    ],
    [
      'answers 101 unasked',
      'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
      'connection closed without an answer',
    ],
  ])('finds one down that %s', async (_, bytes, problem) => {
    const server = await listenRaw((socket) => {
      socket.once('data', () => socket.end(bytes));
    });
    expect(await check('rpc', `http://127.0.0.1:${server.port}`)).toEqual({ up: false, problem });
    await nobodyConnected(server);
  });

  it('speaks to an https: upstream only when its certificate is believed', async () => {
    const authority = new Authority();
    const server = await TlsUpstream.start(authority.certify(['localhost']));
    const url = new URL(server.url().replace('//', '//user:pass@'));
    const spec = { url, name: 'a', tier: 'primary', weight: 1 } as const;
    const stranger = await checkAgain('rpc', new Upstream(spec, 1_000));
    expect(stranger).toMatchObject({
      up: false,
      problem: expect.stringMatching(/^certificate of an unknown authority \(\w+\)$/),
    });
    expect(server.authorizations).toEqual([]);
    const ca = { file: 'ca.pem', pem: authority.cert };
    const known = await checkAgain('rpc', new Upstream({ ...spec, ca }, 1_000));
    expect(known).toEqual({ up: false, problem: 'eth_chainId: no JSON-RPC answer' });
    expect(server.authorizations).toHaveLength(1);
  });
});
