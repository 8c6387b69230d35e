import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { askMemoryUsage, type MemoryAnswer } from '../../src/probes/memory-usage.ts';
import { realDialer } from '../support/dialer.ts';
import { releasedPort } from '../support/fake-upstream.ts';
import { upstream } from '../support/upstreams.ts';
import { within } from '../support/waiting.ts';
import { listenHttp, listenRaw, nobodyConnected } from './servers.ts';

const ask = (url: string, timeoutMs = 5_000): Promise<MemoryAnswer> =>
  within(
    askMemoryUsage(upstream('A', { url }), { clock: systemClock, dialer: realDialer }, timeoutMs),
    8_000,
    'the end of a question',
  );

async function askOf(body: string | Buffer, status = 200): Promise<MemoryAnswer> {
  const server = await listenHttp((_, response) => response.writeHead(status).end(body));
  const answer = await ask(`http://127.0.0.1:${server.port}`);
  await nobodyConnected(server);
  return answer;
}

describe('the question for the memory of an upstream', () => {
  it.each([
    ['{"memory_usage": 1258291}', 1_258_291],
    ['{"status":"ok","memory_usage":0}', 0],
    ['\n{"memory_usage":1.5e9} \n', 1_500_000_000],
  ])('is answered by %s', async (body, bytes) => {
    expect(await askOf(body)).toEqual({ bytes });
  });

  it.each([
    '',
    'OK',
    '<html>',
    'null',
    '7',
    '[{"memory_usage":1}]',
    '{}',
    '{"memory_usage":"12"}',
    '{"memory_usage":null}',
    '{"memory_usage":-1}',
    '{"memory_usage":1e400}',
    '{"memory_usage":1e300}',
    '{"memory_usage":{"rss":1}}',
    '{"memory_usage":1',
  ])('is not answered by %j', async (body) => {
    expect(await askOf(body)).toBe('silent');
  });

  it.each([204, 301, 401, 404, 429, 500, 503])('is not answered with status %i', async (status) => {
    expect(await askOf('{"memory_usage":1}', status)).toBe('silent');
  });

  it('goes to /health at the root of the server, with nothing of the URL but its user-info', async () => {
    const seen: Pick<IncomingMessage, 'method' | 'url' | 'headers'>[] = [];
    const server = await listenHttp(({ method, url, headers }, response) => {
      seen.push({ method, url, headers });
      response.end('{"memory_usage":1}');
    });
    await ask(`http://user:pass@127.0.0.1:${server.port}/v2/seCret?key=seCret`);
    await ask(`http://127.0.0.1:${server.port}/v2/seCret?key=seCret`);
    expect(seen.map(({ method, url }) => `${method} ${url}`)).toEqual(['GET /health', 'GET /health']);
    expect(seen[0]?.headers).toMatchObject({
      host: `127.0.0.1:${server.port}`,
      authorization: `Basic ${Buffer.from('user:pass').toString('base64')}`,
    });
    expect(seen[1]?.headers).not.toHaveProperty('authorization');
    expect(JSON.stringify(seen)).not.toContain('seCret');
  });

  it('reads no more than 64 kB', async () => {
    const padding = ' '.repeat(65_536 - '{"memory_usage":1}'.length);
    expect(await askOf(`{"memory_usage":1}${padding}`)).toEqual({ bytes: 1 });
    expect(await askOf(`{"memory_usage":1}${padding} `)).toBe('silent');
  });

  it('is given up after its time', async () => {
    const server = await listenRaw((socket) => socket.resume());
    expect(await ask(`http://127.0.0.1:${server.port}`, 80)).toBe('no-answer');
    await nobodyConnected(server);
  });

  it('takes a page without an end for one that tells nothing', async () => {
    const server = await listenHttp((_, response) => response.write('{"memory_usage":1}'));
    expect(await ask(`http://127.0.0.1:${server.port}`, 1_500)).toBe('silent');
    await nobodyConnected(server);
  });

  it.each([
    ['closes without a word', ''],
    ['speaks no HTTP', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['cuts its answer off', 'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"memory_usage":1}'],
    ['answers 101 unasked', 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'],
  ])('gets no answer from a server that %s', async (_, bytes) => {
    const server = await listenRaw((socket) => socket.once('data', () => socket.end(bytes)));
    expect(await ask(`http://127.0.0.1:${server.port}`)).toBe('no-answer');
    await nobodyConnected(server);
  });

  it('gets no answer from a released port, nor over TLS from one that speaks none', async () => {
    expect(await ask(`http://127.0.0.1:${await releasedPort()}`)).toBe('no-answer');
    const server = await listenRaw((socket) => socket.once('data', () => socket.end('no TLS\r\n')));
    expect(await ask(`https://127.0.0.1:${server.port}`)).toBe('no-answer');
  });
});
