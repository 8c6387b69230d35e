// Header lines on their way through: what passes as it is, what is dropped, what is set.
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { answer, raw } from '../support/behaviours.ts';
import { type Daemon, startBalancer } from '../support/daemon.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { RawClient, type RawResponse, rawRequest, requestBytes } from '../support/raw-client.ts';
import type { RecordedRequest } from '../support/recorded-request.ts';

let upstream: FakeUpstream;
let daemon: Daemon;

beforeAll(async () => {
  upstream = await FakeUpstream.start();
  // A quarantine that is over before the next test asks.
  const env = { ERROR_TIME_TO_LIVE_MINUTES: '0.00002' };
  daemon = await startBalancer({ primaries: [`${upstream.url} name=solo.1`], env });
});

beforeEach(async () => {
  await daemon.allUsable();
  upstream.reset();
});

/** The request as it arrived at the upstream. */
async function sent(...headerLines: string[]): Promise<RecordedRequest> {
  const response = await rawRequest(daemon.port, requestBytes('GET /x', headerLines));
  expect(response.status).toBe(200);
  return upstream.arrived();
}

/** The answer as it arrived at the client. */
async function answered(...headers: [string, string][]): Promise<RawResponse> {
  upstream.use(answer({ headers, body: 'ok' }));
  const response = await rawRequest(daemon.port, requestBytes('GET /x'));
  expect([response.status, response.text]).toEqual([200, 'ok']);
  return response;
}

describe('towards the upstream', () => {
  it('repeated lines keep their number and order', async () => {
    const lines = [
      'X-A: 1',
      'Cookie: a=1',
      'X-B: 2',
      'X-A: 3',
      'Cookie: b=2',
      'User-Agent: x',
      'User-Agent: y',
    ];
    const request = await sent(...lines);
    expect(request.headerLines.filter((line) => lines.includes(line))).toEqual(lines);
  });

  it('bytes over 127 pass unchanged', async () => {
    expect((await sent('X-Name: caf\xe9 \xff')).header('x-name')).toBe('caf\xe9 \xff');
  });

  it('Host is that of the upstream, once', async () => {
    expect((await sent()).headers('host')).toEqual([`127.0.0.1:${upstream.port}`]);
  });

  it('hop-by-hop lines and all that Connection names are dropped', async () => {
    const request = await sent(
      'Connection: keep-alive, X-Hop',
      'Connection: x-other-hop',
      'X-Hop: 1',
      'X-Other-Hop: 1',
      'Keep-Alive: timeout=5',
      'Proxy-Connection: keep-alive',
      'Proxy-Authorization: Basic eDp5',
      'TE: gzip',
      'Trailer: X-T',
      'HTTP2-Settings: AAMAAABkAAQAAP__',
      'X-Kept: 1',
    );
    const names = request.headerLines.map((line) => line.slice(0, line.indexOf(':')).toLowerCase());
    for (const name of ['x-hop', 'x-other-hop', 'proxy-connection', 'proxy-authorization', 'te', 'trailer']) {
      expect(names).not.toContain(name);
    }
    expect(names).not.toContain('http2-settings');
    expect(request.headers('keep-alive')).not.toContain('timeout=5');
    expect(request.headers('connection').join()).not.toMatch(/hop/i);
    expect(request.header('x-kept')).toBe('1');
  });

  it("Connection can't remove what must stay", async () => {
    const request = await sent(
      'Connection: Authorization, Cookie, Host, X-Forwarded-For, Via',
      'Authorization: Bearer t',
      'Cookie: c=1',
      'Via: 1.0 before',
    );
    expect(request.header('authorization')).toBe('Bearer t');
    expect(request.header('cookie')).toBe('c=1');
    expect(request.header('x-forwarded-for')).toBe('127.0.0.1');
    expect(request.headers('via').join()).toMatch(/^1\.0 before/);
  });

  it('claims about the client are replaced, not extended', async () => {
    const request = await sent(
      'Host: shop.test:8080',
      'X-Forwarded-For: 6.6.6.6',
      'X-Forwarded-For: 7.7.7.7',
      'X-Forwarded-Proto: https',
      'X-Forwarded-Host: evil.test',
      'Forwarded: for=6.6.6.6',
      'X-Real-IP: 6.6.6.6',
      'X_Forwarded_For: 6.6.6.6',
    );
    expect(request.headers('x-forwarded-for')).toEqual(['127.0.0.1']);
    expect(request.headers('x-forwarded-proto')).toEqual(['http']);
    expect(request.headers('x-forwarded-host')).toEqual(['shop.test:8080']);
    expect(request.headerLines.join('\n')).not.toMatch(/6\.6\.6\.6|7\.7\.7\.7|evil/);
  });

  it('Via is appended', async () => {
    expect((await sent('Via: 1.0 fred')).headers('via').join(', ')).toMatch(/^1\.0 fred, 1\.1 \S+$/);
  });

  it('a request that was here before is refused', async () => {
    const via = (await sent()).header('via');
    const response = await rawRequest(daemon.port, requestBytes('GET /x', [`Via: ${via}`]));
    expect(response.status).toBe(508);
    expect(upstream.requests).toHaveLength(1);
  });

  it("the URL's user-info takes the place of the client's Authorization", async () => {
    const url = upstream.url.replace('http://', 'http://us%40er:pa%3Ass@');
    const withUser = await startBalancer({ primaries: [url] });
    await rawRequest(withUser.port, requestBytes('GET /x', ['Authorization: Bearer mine']));
    const expected = `Basic ${Buffer.from('us@er:pa:ss').toString('base64')}`;
    expect(upstream.requests[0]?.headers('authorization')).toEqual([expected]);
  });

  it('two connections, one of them by an HTTP/1.0 client, carry the same lines', async () => {
    await rawRequest(daemon.port, 'GET /x HTTP/1.0\r\nHost: a\r\nX-A: 1\r\n\r\n');
    expect((await upstream.arrived()).header('x-a')).toBe('1');
  });
});

describe('X-Request-Id', () => {
  it.each(['abc-1._~:/+=@Z', 'x'.repeat(128)])('%s is kept', async (id) => {
    const response = await rawRequest(daemon.port, requestBytes('GET /x', [`X-Request-Id: ${id}`]));
    expect(response.headers('x-request-id')).toEqual([id]);
    expect(upstream.requests[0]?.headers('x-request-id')).toEqual([id]);
    await daemon.logged((line) => JSON.stringify(line).includes(`"${id}"`), id);
  });

  it.each(['', 'two words', 'x'.repeat(129), 'caf\xe9', '<script>', 'a"b'])(
    '"%s" is replaced',
    async (id) => {
      const response = await rawRequest(daemon.port, requestBytes('GET /x', [`X-Request-Id: ${id}`]));
      const made = response.header('x-request-id');
      expect(made).toMatch(/^[A-Za-z0-9._~:/+=@-]{1,128}$/);
      expect(made).not.toBe(id);
      expect(upstream.requests[0]?.headers('x-request-id')).toEqual([made]);
    },
  );

  it('is made anew for each request that has none', async () => {
    const client = await RawClient.connect(daemon.port);
    client.send(requestBytes('GET /x'));
    client.send(requestBytes('GET /x'));
    const ids = [
      (await client.response()).header('x-request-id'),
      (await client.response()).header('x-request-id'),
    ];
    expect(new Set(ids).size).toBe(2);
  });
});

describe('towards the client', () => {
  it('repeated lines stay apart, in their order', async () => {
    const response = await answered(
      ['Set-Cookie', 'a=1; Path=/'],
      ['X-A', '1'],
      ['Set-Cookie', 'b=2, c'],
      ['X-A', '2'],
    );
    expect(response.headers('set-cookie')).toEqual(['a=1; Path=/', 'b=2, c']);
    expect(response.headers('x-a')).toEqual(['1', '2']);
  });

  it('bytes over 127 pass unchanged', async () => {
    expect((await answered(['X-Name', 'caf\xe9 \xff'])).header('x-name')).toBe('caf\xe9 \xff');
  });

  it('hop-by-hop lines and all that Connection names are dropped', async () => {
    const response = await answered(
      ['Connection', 'keep-alive, X-Inner'],
      ['X-Inner', '1'],
      ['Keep-Alive', 'timeout=9'],
      ['Proxy-Authenticate', 'Basic'],
      ['Upgrade', 'h2c'],
      ['Trailer', 'X-T'],
      ['X-Kept', '1'],
    );
    for (const name of ['x-inner', 'proxy-authenticate', 'upgrade', 'trailer']) {
      expect(response.headers(name)).toEqual([]);
    }
    expect(response.headers('keep-alive')).not.toContain('timeout=9');
    expect(response.header('x-kept')).toBe('1');
  });

  it('who answered is told, and the way is noted', async () => {
    const response = await answered(
      ['Via', '1.0 inner'],
      ['X-Forwarded-Server', 'someone'],
      ['X-Request-Id', 'theirs'],
    );
    expect(response.headers('x-forwarded-server')).toEqual(['solo.1']);
    expect(response.headers('via').join(', ')).toMatch(/^1\.0 inner, 1\.1 \S+$/);
    expect(response.headers('x-request-id')).toHaveLength(1);
  });

  it('the length is that of the body, once', async () => {
    expect((await answered()).headers('content-length')).toEqual(['2']);
  });

  it.each([
    ['a status of 000', 'HTTP/1.1 000 Odd\r\nContent-Length: 0\r\n\r\n'],
    ['a status of 99', 'HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n'],
    [
      'a switch of protocols that nobody asked for',
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
    ],
    ['a control character in a value', 'HTTP/1.1 200 OK\r\nX-A: a\x01b\r\nContent-Length: 0\r\n\r\n'],
    ['a trailer with a length', 'HTTP/1.1 200 OK\r\nTrailer: X-T\r\nContent-Length: 2\r\n\r\nok'],
    ['more body than its length', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more'],
    ['300 header lines', `HTTP/1.1 200 OK\r\n${'X-A: 1\r\n'.repeat(300)}Content-Length: 0\r\n\r\n`],
    ['100 kB of header lines', `HTTP/1.1 200 OK\r\nX-A: ${'a'.repeat(100_000)}\r\nContent-Length: 0\r\n\r\n`],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nokk'],
  ])('%s ends nothing but its own request', async (_, bytes) => {
    upstream.use(raw(bytes));
    const response = await rawRequest(daemon.port, requestBytes('GET /x'));
    expect([200, 502]).toContain(response.status);
    upstream.reset();
    await daemon.allUsable();
    expect((await rawRequest(daemon.port, requestBytes('GET /x'))).text).toBe('A');
  });
});
