import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { check, listenHttp, listenRaw, nobodyConnected, UP } from './servers.ts';

describe('the http probe', () => {
  it.each([200, 204, 301, 302, 304, 399])(
    'takes status %i for up, and follows no redirect',
    async (status) => {
      let requests = 0;
      const server = await listenHttp((_, response) => {
        requests += 1;
        response.writeHead(status, { location: '/elsewhere' }).end();
      });
      expect(await check('http', `http://127.0.0.1:${server.port}`)).toEqual(UP);
      expect(requests).toBe(1);
      await nobodyConnected(server);
    },
  );

  it.each([400, 401, 404, 429, 500, 503])('takes status %i for down', async (status) => {
    const server = await listenHttp((_, response) => response.writeHead(status).end('seCret'));
    const result = await check('http', `http://127.0.0.1:${server.port}`);
    expect(result).toEqual({ up: false, problem: `status ${status}` });
    await nobodyConnected(server);
  });

  it.each([
    ['http://HOST', '/', '/'],
    ['http://HOST', '/health', '/health'],
    ['http://HOST/v2/KEY', '/', '/v2/KEY'],
    ['http://HOST/v2/KEY/', '/', '/v2/KEY/'],
    ['http://HOST/v2/KEY', '/health', '/v2/KEY/health'],
    ['http://HOST/v2/KEY/', '/health', '/v2/KEY/health'],
    ['http://HOST/v2/KEY/', 'health', '/v2/KEY/health'],
    ['http://HOST/v2?key=K', '/health?full=1', '/v2/health?key=K&full=1'],
    ['http://HOST/v2?key=K', '/', '/v2?key=K'],
  ])('asks %s with path %s for %s', async (url, path, target) => {
    const seen: string[] = [];
    const server = await listenHttp((request, response) => {
      seen.push(`${request.method} ${request.url}`);
      response.end();
    });
    expect(await check('http', url.replace('HOST', `127.0.0.1:${server.port}`), { path })).toEqual(UP);
    expect(seen).toEqual([`GET ${target}`]);
  });

  it("sends the upstream's Host and, only where there is a user-info, its Authorization", async () => {
    const seen: IncomingMessage['headers'][] = [];
    const server = await listenHttp((request, response) => {
      seen.push(request.headers);
      response.end();
    });
    await check('http', `http://us%40er:pass@127.0.0.1:${server.port}`);
    await check('http', `http://127.0.0.1:${server.port}`);
    const authorization = `Basic ${Buffer.from('us@er:pass').toString('base64')}`;
    expect(seen[0]).toMatchObject({ host: `127.0.0.1:${server.port}`, authorization });
    expect(seen[1]).not.toHaveProperty('authorization');
  });

  it('gives up on a server that accepts and never answers', async () => {
    const server = await listenRaw((socket) => socket.resume());
    const result = await check('http', `http://127.0.0.1:${server.port}`, { timeoutMs: 1_000 });
    expect(result).toEqual({ up: false, problem: 'no answer within 1000 ms' });
    await nobodyConnected(server);
  });

  it('reads a body to its end when the connection closes right behind it', async () => {
    const body = 'x'.repeat(50_000);
    const server = await listenRaw((socket) => {
      socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n${body}`));
    });
    expect(await check('http', `http://127.0.0.1:${server.port}`)).toEqual(UP);
  });

  it('does not take a body without an end for a fault', async () => {
    const server = await listenHttp((_, response) => response.writeHead(200).write('data: 1\n\n'));
    expect(await check('http', `http://127.0.0.1:${server.port}`, { timeoutMs: 3_000 })).toEqual(UP);
    await nobodyConnected(server);
  });

  it('does not read a huge body to its end', async () => {
    let written = 0;
    const server = await listenHttp((_, response) => {
      const chunk = Buffer.alloc(65_536);
      const write = () => {
        while (!response.destroyed && response.write(chunk)) written += chunk.length;
      };
      response.on('drain', write);
      write();
    });
    expect(await check('http', `http://127.0.0.1:${server.port}`)).toEqual(UP);
    await nobodyConnected(server);
    expect(written).toBeLessThan(64 * 1_048_576);
  });

  it.each([
    ['closes without a word', '', 'connection reset (ECONNRESET)'],
    ['speaks no HTTP', 'SSH-2.0-OpenSSH_9.6\r\n', 'not valid HTTP (HPE_INVALID_CONSTANT)'],
    ['cuts its answer off', 'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nseCret', 'answer cut off'],
    [
      'answers 101 unasked',
      'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
      'connection closed without an answer',
    ],
  ])('finds a server down that %s', async (_, bytes, problem) => {
    const server = await listenRaw((socket) => {
      socket.once('data', () => socket.end(bytes));
    });
    const result = await check('http', `http://127.0.0.1:${server.port}`);
    expect(result).toEqual({ up: false, problem });
    await nobodyConnected(server);
  });

  it('finds an https: upstream down that speaks no TLS', async () => {
    const server = await listenRaw((socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    });
    const result = await check('http', `https://127.0.0.1:${server.port}`);
    expect(result).toMatchObject({
      up: false,
      problem: expect.stringMatching(/^connection failed \(\w+\)$/),
    });
  });

  it('calls a path that cannot be sent a failed check', async () => {
    const server = await listenHttp((_, response) => response.end());
    const result = await check('http', `http://127.0.0.1:${server.port}`, { path: '/a b' });
    expect(result).toEqual({ up: false, problem: 'connection failed (ERR_UNESCAPED_CHARACTERS)' });
  });
});
