// Bytes as an attacker, or a broken client, would send them to the admin port.
import { setImmediate } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { AdminClient } from '../support/admin-client.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import type { StatsRow } from '../support/daemon.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { http } from '../support/http-client.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { chunked, RawClient, rawRequest, requestBytes } from '../support/raw-client.ts';
import { until } from '../support/waiting.ts';

let running: RunningApp;
let port: number;

const LOCAL = 'Host: localhost';
const JSON_TYPE = 'Content-Type: application/json';
const NEW = '{"url":"http://127.0.0.1:1","name":"intruder"}';

beforeAll(async () => {
  const upstream = await FakeUpstream.start();
  running = await startApp({ primaries: [`${upstream.url} name=a`], flags: ['--admin-port=0'] });
  port = running.app.adminAddress?.port ?? 0;
});

/** Status and problem code of the answer to these bytes; the lists must be what they were. */
async function answerTo(bytes: string | Buffer): Promise<string> {
  const response = await rawRequest(port, bytes);
  const rows = (await http(`${running.adminUrl}/servers`)).json() as StatsRow[];
  expect(rows).toMatchObject([{ name: 'a', state: 'usable', weight: 1 }]);
  expect(response.complete).toBe(true);
  const isProblem = response.header('content-type') === 'application/problem+json';
  return isProblem ? `${response.status} ${JSON.parse(response.text).code}` : `${response.status}`;
}

const post = (lines: readonly string[], body: string | Buffer = NEW) =>
  requestBytes('POST /servers', lines, body);

describe('the admin port', () => {
  it.each<[string, string | Buffer, string]>([
    ['a foreign name', requestBytes('GET /config', ['Host: evil.example']), '403 HOST_NOT_ALLOWED'],
    [
      'a foreign name for /healthz',
      requestBytes('GET /healthz', ['Host: evil.example']),
      '403 HOST_NOT_ALLOWED',
    ],
    ['no Host', 'GET /config HTTP/1.1\r\n\r\n', '400 BAD_REQUEST'],
    ['no Host in HTTP/1.0', 'GET /config HTTP/1.0\r\n\r\n', '403 HOST_NOT_ALLOWED'],
    ['a Host in HTTP/1.0', `GET /healthz HTTP/1.0\r\n${LOCAL}\r\n\r\n`, '200'],
    ['two Hosts', requestBytes('GET /config', [LOCAL, 'Host: evil.example']), '400 BAD_REQUEST'],
    ['twice the same Host', requestBytes('GET /config', [LOCAL, LOCAL]), '400 BAD_REQUEST'],
    ['a Host with a user', requestBytes('GET /config', ['Host: localhost@evil.example']), '400 BAD_REQUEST'],
    ['a Host with a path', requestBytes('GET /config', ['Host: localhost/evil']), '400 BAD_REQUEST'],
    [
      'a foreign name in the target',
      requestBytes('GET http://evil.example/config', [LOCAL]),
      '403 HOST_NOT_ALLOWED',
    ],
    ['its own name in the target', requestBytes('GET http://localhost/healthz', [LOCAL]), '200'],
    ['a user in the target', requestBytes('GET http://localhost@evil.example/', [LOCAL]), '400 BAD_REQUEST'],
    ['a fragment', requestBytes('GET /healthz#', [LOCAL]), '400 BAD_REQUEST'],
    [
      'another protocol',
      requestBytes('GET /healthz', [LOCAL, 'Connection: Upgrade', 'Upgrade: websocket']),
      '400 BAD_REQUEST',
    ],
    [
      'a protocol that is not followed',
      requestBytes('GET /healthz', [LOCAL, 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c']),
      '200',
    ],
    ['TLS', Buffer.from([0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0, 13, 10, 13, 10]), '400 BAD_REQUEST'],
    ['HTTP/2 without asking', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '400 BAD_REQUEST'],
    [
      '101 header lines',
      requestBytes('GET /healthz', [LOCAL, ...Array.from({ length: 100 }, (_, i) => `X-${i}: 1`)]),
      '431 HEADERS_TOO_LARGE',
    ],
    [
      'a line of 64 kB',
      requestBytes('GET /healthz', [LOCAL, `X: ${'x'.repeat(65_536)}`]),
      '431 HEADERS_TOO_LARGE',
    ],
    ['a long target', requestBytes(`GET /${'x'.repeat(40_000)}`, [LOCAL]), '414 URL_TOO_LONG'],
    ['CONNECT', requestBytes('CONNECT localhost:80', [LOCAL]), '405 METHOD_NOT_ALLOWED'],
    ['TRACE', requestBytes('TRACE /config', [LOCAL, JSON_TYPE]), '405 METHOD_NOT_ALLOWED'],
    ['an expectation', requestBytes('GET /healthz', [LOCAL, 'Expect: money']), '417 EXPECTATION_FAILED'],
  ])('answers %s as it should', async (_, bytes, expected) => {
    expect(await answerTo(bytes)).toBe(expected);
  });

  it.each<[string, Buffer, string]>([
    [
      'from another origin',
      post([LOCAL, JSON_TYPE, 'Origin: https://evil.example']),
      '403 ORIGIN_NOT_ALLOWED',
    ],
    ['from a sandboxed page', post([LOCAL, JSON_TYPE, 'Origin: null']), '403 ORIGIN_NOT_ALLOWED'],
    [
      'from a page that was rebound',
      post(['Host: evil.example', JSON_TYPE, 'Origin: http://evil.example']),
      '403 HOST_NOT_ALLOWED',
    ],
    ['as a form', post([LOCAL, 'Content-Type: application/x-www-form-urlencoded']), '415 NOT_JSON'],
    ['as text', post([LOCAL, 'Content-Type: text/plain']), '415 NOT_JSON'],
    ['without a type', post([LOCAL]), '415 NOT_JSON'],
    ['without a type and a body', requestBytes('POST /servers/a/release', [LOCAL]), '415 NOT_JSON'],
    [
      'with another method in a header',
      requestBytes('GET /servers/a', [LOCAL, 'X-HTTP-Method-Override: DELETE']),
      '405 METHOD_NOT_ALLOWED',
    ],
    [
      'with another method in a header of a POST',
      requestBytes('POST /servers/a', [LOCAL, JSON_TYPE, 'X-HTTP-Method-Override: PATCH'], '{"weight":9}'),
      '405 METHOD_NOT_ALLOWED',
    ],
    [
      'with a method in the query',
      requestBytes('GET /servers/a?_method=DELETE', [LOCAL]),
      '405 METHOD_NOT_ALLOWED',
    ],
    ['that is no JSON', post([LOCAL, JSON_TYPE], '{'), '400 INVALID_INPUT'],
    ['that is no UTF-8', post([LOCAL, JSON_TYPE], Buffer.from([0x22, 0xff, 0x22])), '400 INVALID_INPUT'],
    [
      'that is compressed',
      post([LOCAL, JSON_TYPE, 'Content-Encoding: gzip'], Buffer.from([31, 139, 8, 0])),
      '400 INVALID_INPUT',
    ],
    [
      'that would reach a prototype',
      post([LOCAL, JSON_TYPE], '{"__proto__":{"url":"http://x"}}'),
      '400 INVALID_INPUT',
    ],
    ['that is nested deep', post([LOCAL, JSON_TYPE], '['.repeat(30_000)), '400 INVALID_INPUT'],
    [
      'with two lengths',
      post([LOCAL, JSON_TYPE, 'Content-Length: 5', 'Content-Length: 46']),
      '400 BAD_REQUEST',
    ],
    [
      'with a length and chunks',
      post([LOCAL, JSON_TYPE, 'Content-Length: 46', 'Transfer-Encoding: chunked']),
      '400 BAD_REQUEST',
    ],
    [
      'in another coding',
      post([LOCAL, JSON_TYPE, 'Transfer-Encoding: gzip, chunked'], chunked(Buffer.from(NEW), 9)),
      '400 BAD_REQUEST',
    ],
    [
      'in broken chunks',
      post([LOCAL, JSON_TYPE, 'Transfer-Encoding: chunked'], 'zz\r\n{"url"'),
      '400 BAD_REQUEST',
    ],
    ['of 65 kB', post([LOCAL, JSON_TYPE], 'x'.repeat(66_000)), '413 BODY_TOO_LARGE'],
    ['of 2 MB', post([LOCAL, JSON_TYPE], 'x'.repeat(2_000_000)), '413 BODY_TOO_LARGE'],
    [
      'of 2 MB in chunks',
      post([LOCAL, JSON_TYPE, 'Transfer-Encoding: chunked'], chunked(Buffer.alloc(2_000_000, 32), 9_999)),
      '413 BODY_TOO_LARGE',
    ],
    [
      'that says it is huge and waits to be told to go on',
      post([LOCAL, JSON_TYPE, 'Expect: 100-continue', 'Content-Length: 9000000']),
      '413 BODY_TOO_LARGE',
    ],
    ['with a body for a DELETE', requestBytes('DELETE /servers/a', [LOCAL], NEW), '400 INVALID_INPUT'],
  ])('refuses a change %s', async (_, bytes, expected) => {
    expect(await answerTo(bytes)).toBe(expected);
  });

  it.each([
    '/servers/',
    '//servers',
    '/servers//release',
    '/Servers',
    '/./servers',
    '/servers/../config',
    '/servers/..',
    '/%73ervers',
    '/servers/a/release/',
    '/servers/a/b/c',
    '/config/',
    '/constructor',
    '/__proto__',
    '/servers;x',
    '/servers%2fa',
    '/servers\\a',
    '/',
    '/metrics2',
  ])('knows no path %s', async (path) => {
    for (const method of ['POST', 'PATCH', 'DELETE'])
      expect(await answerTo(requestBytes(`${method} ${path}`, [LOCAL, JSON_TYPE], '{}'))).toMatch(
        /^(404 (NO_SUCH_PATH|UNKNOWN_UPSTREAM)|405 METHOD_NOT_ALLOWED)$/,
      );
  });

  it('takes dots in the place of a name for a name', async () => {
    for (const name of ['..', '.', '%2e%2e', '%2e', '%2F', '%5c'])
      expect(await answerTo(requestBytes(`PATCH /servers/${name}`, [LOCAL, JSON_TYPE], '{"weight":2}'))).toBe(
        '404 UNKNOWN_UPSTREAM',
      );
  });

  it.each([
    ['PUT', '/servers', 'GET, HEAD, POST'],
    ['GET', '/servers/a', 'PATCH, DELETE'],
    ['GET', '/servers/a/release', 'POST'],
    ['POST', '/strategy', 'PUT'],
    ['DELETE', '/config', 'GET, HEAD'],
    ['OPTIONS', '/servers', 'GET, HEAD, POST'],
    ['PROPFIND', '/events', 'GET, HEAD'],
  ])(
    'tells who asks for %s %s what is allowed, and no page of another origin that it may',
    async (method, path, allowed) => {
      const response = await rawRequest(port, requestBytes(`${method} ${path}`, [LOCAL, JSON_TYPE]));
      expect([response.status, response.header('allow')]).toEqual([405, allowed]);
      const lines = response.headerLines.join('\n').toLowerCase();
      expect(lines).not.toContain('access-control');
      expect(lines).toContain('cross-origin-resource-policy: same-origin');
      expect(lines).toContain('x-content-type-options: nosniff');
    },
  );

  it('tells a client that waits for it to send its body', async () => {
    const client = await RawClient.connect(port);
    const body = '{"weight":1}';
    client.send(
      requestBytes('PATCH /servers/a', [
        LOCAL,
        JSON_TYPE,
        'Expect: 100-continue',
        `Content-Length: ${body.length}`,
      ]),
    );
    await until(() => client.socket.bytesRead > 0, 'the word to go on');
    client.send(body);
    const response = await client.response();
    expect([response.status, response.interim.length]).toEqual([200, 1]);
  });

  it('reads on when the body that it has asked for is too large, so that the answer arrives', async () => {
    const client = await RawClient.connect(port);
    client.send(
      requestBytes('POST /servers', [LOCAL, JSON_TYPE, 'Expect: 100-continue', 'Transfer-Encoding: chunked']),
    );
    await until(() => client.socket.bytesRead > 0, 'the word to go on');
    client.send(chunked(Buffer.alloc(1_000_000, 32), 50_000));
    const response = await client.response();
    expect([response.status, response.complete]).toEqual([413, true]);
    expect(await client.ended()).toBe('fin');
  });

  it('answers several requests on one connection in their order', async () => {
    const client = await RawClient.connect(port);
    client.send(
      Buffer.concat([
        requestBytes('GET /healthz', [LOCAL]),
        requestBytes('PATCH /servers/a', [LOCAL, JSON_TYPE], '{"weight":1}'),
        requestBytes('GET /nothing', [LOCAL]),
        requestBytes('GET /readyz', [LOCAL]),
      ]),
    );
    const statuses = [];
    for (let i = 0; i < 4; i++) statuses.push((await client.response()).status);
    expect(statuses).toEqual([200, 200, 404, 200]);
    expect(client.connection).toBe('open');
  });

  it('outlives a client that leaves in the middle of a body', async () => {
    for (const leave of ['leave', 'reset'] as const) {
      const client = await RawClient.connect(port);
      client.send(requestBytes('POST /servers', [LOCAL, JSON_TYPE, 'Content-Length: 100'], '{"url'));
      await setImmediate();
      client[leave]();
    }
    expect(await answerTo(requestBytes('GET /healthz', [LOCAL]))).toBe('200');
  });
});

it('a client that is refused in mid-body may send the rest, so that it does not lose the answer', async () => {
  const upstream = await FakeUpstream.start();
  const patient = await startApp({
    primaries: [upstream],
    flags: ['--admin-port=0'],
    clock: new ManualClock(),
  });
  const client = await RawClient.connect(patient.app.adminAddress?.port ?? 0);
  client.send(requestBytes('POST /servers', [LOCAL, 'Content-Length: 200000'], 'x'.repeat(1_000)));
  const response = await client.response();
  expect([response.status, response.header('connection')]).toEqual([415, 'close']);
  // By then the end of the connection would have come.
  for (let i = 0; i < 3; i++) expect((await http(`${patient.adminUrl}/healthz`)).status).toBe(200);
  expect(client.connection).toBe('open');
  client.send('x'.repeat(199_000));
  expect(await client.ended()).toBe('fin');
});

it('a body that does not come is given up', async () => {
  const clock = new ManualClock();
  const upstream = await FakeUpstream.start();
  const slow = await startApp({ primaries: [upstream], flags: ['--admin-port=0'], clock });
  const client = await RawClient.connect(slow.app.adminAddress?.port ?? 0);
  client.send(requestBytes('POST /servers', [LOCAL, JSON_TYPE, 'Content-Length: 100'], '{"url'));
  const whileTimePasses = (isDone: () => boolean, what: string) =>
    until(() => {
      clock.advance(1_000);
      return isDone();
    }, what);
  await whileTimePasses(() => client.socket.bytesRead > 0, 'an answer');
  const response = await client.response();
  expect([response.status, JSON.parse(response.text).code]).toEqual([408, 'CLIENT_TOO_SLOW']);
  expect(response.header('connection')).toBe('close');
  await whileTimePasses(() => client.connection !== 'open', 'the end of the connection');
});

describe('with a token', () => {
  it('that is short it says so in the log', async () => {
    const flags = ['--admin-port=0', '--admin-token=short'];
    const { logs } = await startApp({ primaries: ['http://127.0.0.1:1'], flags });
    await until(() => logs.some(({ msg }) => /^ADMIN_TOKEN has fewer than 16/.test(`${msg}`)), 'a warning');
    expect(JSON.stringify(logs)).not.toContain('short"');
  });

  const TOKEN = 'a-token-of-24-characters';

  it('a browser that sends the login by itself changes nothing for a page that is not ours', async () => {
    const upstream = await FakeUpstream.start();
    const flags = ['--admin-port=0', `--admin-token=${TOKEN}`];
    const secured = await startApp({ primaries: [`${upstream.url} name=a`], flags });
    const { port: securedPort = 0 } = secured.app.adminAddress ?? {};
    const own = `Host: 127.0.0.1:${securedPort}`;
    const login = `Authorization: Basic ${Buffer.from(`me:${TOKEN}`).toString('base64')}`;
    const form = 'Content-Type: application/x-www-form-urlencoded';
    const statusOf = async (bytes: Buffer) => {
      const { status, text } = await rawRequest(securedPort, bytes);
      return [status, JSON.parse(text).code ?? ''].join(' ').trim();
    };
    const add = (lines: readonly string[], body = NEW) =>
      statusOf(requestBytes('POST /servers', lines, body));
    expect([
      await add([own, login, JSON_TYPE, 'Origin: https://evil.example']),
      await add([own, login, JSON_TYPE, 'Origin: null']),
      await add([own, login, JSON_TYPE, 'Sec-Fetch-Site: cross-site']),
      // Rebound: the browser takes the page for one of this name, and has no login for it; if it had, it is its own.
      await add(['Host: evil.example', JSON_TYPE, 'Origin: http://evil.example']),
      await add([own, login, form], 'url=http://127.0.0.1:1'),
      await add([own, login, 'Content-Type: text/plain']),
      await add([own, login.replace('Basic', 'Negotiate'), JSON_TYPE]),
      await statusOf(requestBytes('POST /call', [own, login, form], '{"call":{"method":"x"}}')),
      await statusOf(requestBytes('POST /reload', [own, login, JSON_TYPE, 'Origin: null'])),
      await statusOf(requestBytes('DELETE /servers/a', [own, login, 'Origin: https://evil.example'])),
    ]).toEqual([
      '403 ORIGIN_NOT_ALLOWED',
      '403 ORIGIN_NOT_ALLOWED',
      '403 ORIGIN_NOT_ALLOWED',
      '401 UNAUTHORIZED',
      '415 NOT_JSON',
      '415 NOT_JSON',
      '401 UNAUTHORIZED',
      '415 NOT_JSON',
      '403 ORIGIN_NOT_ALLOWED',
      '403 ORIGIN_NOT_ALLOWED',
    ]);
    expect(await add([own, login, JSON_TYPE, `Origin: http://127.0.0.1:${securedPort}`])).toBe('201');
  });

  it('those who try many tokens do not fill the log', async () => {
    const clock = new ManualClock();
    const flags = ['--admin-port=0', `--admin-token=${TOKEN}`];
    const secured = await startApp({ primaries: ['http://127.0.0.1:1'], flags, clock });
    const lines = () => secured.logs.filter(({ msg }) => msg === 'Admin call refused');
    for (let i = 0; i < 50; i++) await http(`${secured.adminUrl}/stats`);
    clock.advance(61_000);
    await http(`${secured.adminUrl}/stats`);
    await until(() => lines().some(({ notLogged }) => notLogged === 30), 'the number of the others');
    expect(lines()).toHaveLength(21);
  });

  it('every call but /healthz needs it, whatever it asks for', async () => {
    const upstream = await FakeUpstream.start();
    const flags = ['--admin-port=0', `--admin-token=${TOKEN}`];
    const secured = await startApp({ primaries: [`${upstream.url} name=a`], flags });
    const knows = new AdminClient(secured.adminUrl, { authorization: `Bearer ${TOKEN}` });
    const doesNot = new AdminClient(secured.adminUrl, { authorization: 'Bearer a-token-of-24-characterS' });
    expect((await doesNot.get('/healthz')).status).toBe(200);
    expect((await http(`${secured.adminUrl}/healthz`, { headers: { host: 'evil.example' } })).status).toBe(
      200,
    );
    for (const path of ['/', '/stats', '/readyz', '/config', '/servers', '/events', '/nothing', '/metrics']) {
      const response = await doesNot.get(path);
      expect([response.status, response.headers['www-authenticate']]).toEqual([
        401,
        'Basic realm="rpc-load-balancer admin", charset="UTF-8"',
      ]);
    }
    const changes = [
      await doesNot.post('/servers', { url: 'http://x.example' }),
      await doesNot.patch('/servers/a', { weight: 2 }),
      await doesNot.put('/strategy', { strategy: 'shuffle' }),
      await doesNot.post('/servers/a/release'),
      await doesNot.delete('/servers/a'),
    ];
    expect(changes.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401]);
    expect((await knows.get('/servers')).json()).toMatchObject([{ name: 'a', weight: 1 }]);
    expect((await knows.patch('/servers/a', { weight: 2 })).status).toBe(200);
    const config = await knows.get('/config');
    expect(Object(config.json()).ADMIN_TOKEN).toEqual({ value: '***', source: 'flag --admin-token' });
    expect(config.text).not.toContain(TOKEN);
  });
});
