// Known clients: keys in all their places, and that nobody else ever sees one.
import { once } from 'node:events';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { AdminClient } from '../support/admin-client.ts';
import { balanceHere } from '../support/app.ts';
import { answer } from '../support/behaviours.ts';
import type { Balancer } from '../support/daemon.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { type HttpResponse, http, post } from '../support/http-client.ts';
import { rawRequest, requestBytes } from '../support/raw-client.ts';
import { Echo, open } from '../support/web-sockets.ts';

const ALICE = 'alice+Key~Of-Some.Length_1=';
const BOB = 'bobs-Key:Of-Some.(Length)$*2';
const SHORT = 'k3y';
const CALL = '{"jsonrpc":"2.0","id":7,"method":"eth_chainId"}';

let upstream: FakeUpstream;
let balancer: Balancer;
let url: string;

beforeAll(async () => {
  upstream = await FakeUpstream.start();
  balancer = await balanceHere({
    primaries: [`${upstream.url}/v2 name=node`],
    env: { API_KEYS: `alice:${ALICE}, bob:${BOB}, carl:${SHORT}`, TRUST_PROXY: 'loopback', ADMIN_PORT: '0' },
  });
  url = `http://127.0.0.1:${balancer.port}`;
});

beforeEach(() => upstream.reset());

const basic = (user: string, password: string) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

/** What has arrived at the upstream, as text. */
function arrived(): string {
  return upstream.requests
    .map(({ target, headerLines, body }) => [target, ...headerLines, body.toString('latin1')].join('\n'))
    .join('\n');
}

async function lineOf(response: HttpResponse) {
  const id = response.headers['x-request-id'];
  return balancer.logged((line) => line.id === id && line.msg === 'Request', 'the line of the request');
}

describe('a key opens', () => {
  it.each([
    ['as a bearer token', '/', { authorization: `Bearer ${ALICE}` }, '/v2'],
    ['in any case of the scheme', '/', { authorization: `bearer  ${ALICE} ` }, '/v2'],
    ['as X-API-Key', '/x?y=1', { 'X-Api-Key': ALICE }, '/v2/x?y=1'],
    ['as the password of any user', '/', { authorization: basic('any', ALICE) }, '/v2'],
    ['as the password of nobody', '/', { authorization: basic('', ALICE) }, '/v2'],
    ['in the path', `/${ALICE}`, {}, '/v2'],
    ['in the path with a slash', `/${ALICE}/`, {}, '/v2'],
    ['in front of a path and a query', `/${ALICE}/x//y?z=/1`, {}, '/v2/x//y?z=/1'],
    ['in the path, percent-encoded', `/${encodeURIComponent(ALICE).replace('a', '%61')}/x`, {}, '/v2/x'],
  ])('%s', async (_, path, headers, target) => {
    const response = await post(url + path, CALL, headers);
    expect(response.json()).toMatchObject({ id: 7, result: 'A' });
    expect(upstream.requests.map((request) => request.target)).toEqual([target]);
    expect(arrived()).not.toMatch(/key|authorization/i);
    expect(await lineOf(response)).toMatchObject({ clientName: 'alice', client: '127.0.0.1' });
  });

  it('with every method of HTTP', async () => {
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'])
      expect((await http(`${url}/${BOB}/x`, { method })).status).toBe(200);
    expect(upstream.requests.map(({ target }) => target)).toEqual(Array(5).fill('/v2/x'));
  });

  it('and credentials of the client’s own pass when it came another way', async () => {
    await post(`${url}/${ALICE}`, CALL, { authorization: 'Bearer own-token', 'x-api-key': 'own-key' });
    await post(url, CALL, { authorization: basic('own', 'login'), 'x-api-key': ALICE });
    const bytes = requestBytes('GET /', [
      `Authorization: Bearer ${ALICE}`,
      'Authorization: Bearer own-second',
    ]);
    expect((await rawRequest(balancer.port, bytes)).status).toBe(200);
    expect(upstream.requests.map((request) => request.headers('authorization'))).toEqual([
      ['Bearer own-token'],
      [basic('own', 'login')],
      ['Bearer own-second'],
    ]);
    expect(upstream.requests[0]?.headers('x-api-key')).toEqual(['own-key']);
  });

  it('a client’s key is none of its own: who is refused for it is put out', async () => {
    const own = await balanceHere({ primaries: [upstream], env: { API_KEYS: `alice:${ALICE}` } });
    upstream.use(answer({ status: 429, headers: [['Retry-After', '60']] }));
    const ask = () => post(`http://127.0.0.1:${own.port}/${ALICE}`, CALL, { 'x-api-key': ALICE });
    expect([(await ask()).status, (await ask()).status, upstream.requests.length]).toEqual([429, 429, 1]);
  });
});

describe('nobody gets in', () => {
  it.each([
    ['without a key', '/secret-path', {}],
    ['with none of the keys', '/', { authorization: 'Bearer nobody' }],
    ['with an empty one', '/', { authorization: 'Bearer ', 'x-api-key': '' }],
    ['with the key of an empty Basic', '/', { authorization: 'Basic ' }],
    ['with one in another case', '/', { authorization: `Bearer ${BOB.toUpperCase()}` }],
    ['with the beginning of one', `/${ALICE.slice(0, -1)}`, {}],
    ['with one as a user', '/', { authorization: basic(ALICE, 'x') }],
    ['with one in the query', `/?key=${ALICE}`, {}],
    ['with one further on in the path', `/x/${ALICE}`, {}],
    ['with one behind two slashes', `//${ALICE}`, {}],
    ['to a path that is malformed', `/%${ALICE}`, {}],
  ])('%s', async (_, path, headers) => {
    const [call, other] = [await post(url + path, CALL, headers), await http(url + path, { headers })];
    expect(call.json()).toEqual({
      jsonrpc: '2.0',
      id: 7,
      error: { code: -32001, message: expect.any(String), data: { code: 'UNAUTHORIZED' } },
    });
    expect(other.json()).toMatchObject({ status: 401, code: 'UNAUTHORIZED' });
    for (const response of [call, other]) {
      expect([response.status, response.headers['www-authenticate']]).toEqual([401, 'Bearer']);
      const line = await lineOf(response);
      expect([line['status'], line['code'], 'path' in line, 'clientName' in line]).toEqual([
        401,
        'UNAUTHORIZED',
        false,
        false,
      ]);
    }
    expect(upstream.requests).toEqual([]);
  });

  it('and each call of a batch is told so', async () => {
    const response = await post(url, `[${CALL},{"jsonrpc":"2.0","method":"x"},{"id":"a","method":"y"}]`);
    expect(response.json()).toMatchObject([
      { id: 7, error: { code: -32001 } },
      { id: 'a', error: { code: -32001 } },
    ]);
  });

  it('with a large body, which is not read for an id', async () => {
    const large = `{"id":7,"method":"x","params":["${'x'.repeat(3_000_000)}"]}`;
    const json = await post(url, large, { 'content-type': 'application/json' }).catch(() => undefined);
    if (json) expect([json.status, json.json()]).toMatchObject([401, { id: null, error: { code: -32001 } }]);
    const other = await rawRequest(
      balancer.port,
      requestBytes('POST /', ['Content-Length: 5000000', 'Expect: 100-continue']),
    );
    expect([other.status, other.interim ?? []]).toMatchObject([401, []]);
  });

  it('as a WebSocket', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${balancer.port}/`);
    socket.on('error', () => {});
    const [, response] = await once(socket, 'unexpected-response');
    expect([response.statusCode, response.headers['www-authenticate']]).toEqual([401, 'Bearer']);
    socket.terminate();
  });

  it('but whoever asks whether the process is well', async () => {
    const status = async (path: string, method = 'GET') => (await http(url + path, { method })).status;
    expect(await status('/healthz')).toBe(200);
    expect(await status('/readyz', 'HEAD')).toBe(200);
    expect(await status(`/${ALICE}/healthz`)).toBe(200);
    expect([
      await status('/healthz', 'POST'),
      await status('/stats'),
      await status('/stats', 'HEAD'),
    ]).toEqual([401, 401, 401]);
    expect([await status(`/${ALICE}/stats`), await status(`/${ALICE}/stats/`)]).toEqual([200, 200]);
    const withKey = await http(`${url}/stats`, { headers: { 'x-api-key': ALICE } });
    expect(withKey.json()).toMatchObject([{ name: 'node' }]);
    const own = await balanceHere({
      primaries: [upstream],
      env: { API_KEYS: `a:${ALICE}`, STATUS_PATHS: 'off' },
    });
    expect((await http(`http://127.0.0.1:${own.port}/healthz`)).status).toBe(401);
  });
});

describe('a key is seen by nobody', () => {
  it('in whatever line, and however often, it stands', async () => {
    upstream.use(answer({ status: 502, body: 'no' }));
    const encoded = encodeURIComponent(ALICE);
    const headers = {
      authorization: `Token ${ALICE}`,
      'x-api-key': BOB,
      host: `${ALICE}.example`,
      referer: `http://lb/${encoded}/page`,
      'x-request-id': ALICE,
      'x-forwarded-uri': `/${ALICE}/page`,
      'x-forwarded-prefix': `/${ALICE}`,
      'x-forwarded-for': `192.0.2.7, ${BOB}`,
      'x-forwarded-host': `${BOB}.example`,
      'x-original-authorization': basic('alice', ALICE),
      cookie: `login=${encodeURIComponent(basic('bob', BOB))}; key="${ALICE}"`,
      'user-agent': `me/${BOB}`,
    };
    const response = await post(`${url}/${ALICE}/${ALICE}/x?a=${encoded}&b=${BOB}`, CALL, headers);
    const line = await lineOf(response);
    const attempts = balancer.logs().filter(({ id }) => id === line.id);
    const admin = new AdminClient(balancer.adminUrl);
    const pages = await Promise.all(
      ['/stats', '/config', '/metrics', '/servers'].map((path) => admin.get(path)),
    );
    const base64 = [ALICE, BOB].flatMap((key) =>
      [basic('alice', key), basic('bob', key)].map((text) => text.slice(6)),
    );
    const seen = [
      arrived(),
      JSON.stringify([line, attempts]),
      response.text,
      ...pages.map(({ text }) => text),
    ].join('\n');
    for (const secret of [ALICE, BOB, encoded, ...base64, ...base64.map(encodeURIComponent)])
      expect(seen).not.toContain(secret);
    expect(response.headers['x-request-id']).not.toContain(ALICE);
    expect(seen).toContain('/v2/***/x?a=***&b=***');
    expect(line).toMatchObject({ path: '/***/x', clientName: 'bob' });
    expect(pages[1]?.json()).toMatchObject({ API_KEYS: { value: 'alice:***, bob:***, carl:***' } });
  });

  it('and a short one is taken out where it is a word', async () => {
    await http(`${url}/${SHORT}/monk3ys`, { headers: { referer: `/${SHORT}/k3yk3y`, 'x-mine': 'k3yboard' } });
    expect(upstream.requests[0]?.target).toBe('/v2/monk3ys');
    expect(upstream.requests[0]?.header('referer')).toBe('/***/k3yk3y');
    expect(upstream.requests[0]?.header('x-mine')).toBe('k3yboard');
  });

  it('nor in the line of a request that is refused for its head', async () => {
    const response = await rawRequest(balancer.port, requestBytes(`GET /${ALICE}/../x`));
    expect(response.status).toBe(400);
    const line = await balancer.logged(({ code }) => code === 'BAD_REQUEST', 'the refusal');
    expect(line).toMatchObject({ path: '/../x', clientName: 'alice' });
  });

  it('but gets back what leads to it', async () => {
    upstream.use(
      answer({
        status: 302,
        headers: [
          ['Location', '/v2/there'],
          ['Set-Cookie', 'a=b; Path=/v2/x'],
        ],
      }),
    );
    const response = await http(`${url}/${ALICE}/here`);
    expect([response.headers.location, response.headers['set-cookie']]).toEqual([
      `/${ALICE}/there`,
      [`a=b; Path=/${ALICE}/x`],
    ]);
    const byLine = await http(`${url}/here`, { headers: { 'x-api-key': ALICE } });
    expect(byLine.headers.location).toBe('/there');
  });
});

it('a key stands behind the path of its pool, in front of all else', async () => {
  const base = await FakeUpstream.start('B');
  const env = { RPC_URLS_BASE: base.url, FALLBACK_RPC_URLS_BASE: 'none', API_KEYS: `alice:${ALICE}` };
  const own = await balanceHere({ primaries: [upstream], env });
  const ask = (path: string, headers = {}) => http(`http://127.0.0.1:${own.port}${path}`, { headers });
  const texts = async (path: string) => (await ask(path)).text;
  expect([await texts(`/base/${ALICE}/x`), await texts(`/${ALICE}/base`)]).toEqual(['B', 'A']);
  expect(base.requests.map(({ target }) => target)).toEqual(['/x']);
  expect(upstream.requests.map(({ target }) => target)).toEqual(['/base']);
  const named = await ask('/base/x', { 'x-api-key': ALICE });
  expect([named.status, named.text]).toEqual([200, 'B']);
  expect([(await ask('/base')).status, (await ask('/base/healthz')).status]).toEqual([401, 401]);
  expect([(await ask('/readyz/base')).status, (await ask('/stats/base')).status]).toEqual([200, 401]);
  expect((await ask(`/${ALICE}/stats/base`)).json()).toHaveLength(1);
  base.use(answer({ status: 302, headers: [['Location', '/there']] }));
  expect((await ask(`/base/${ALICE}/x`)).headers.location).toBe(`/base/${ALICE}/there`);
});

it('a WebSocket opens with a key, in its path as well', async () => {
  const echo = await Echo.start();
  const own = await balanceHere({ primaries: [echo], env: { API_KEYS: `alice:${ALICE} rps=5` } });
  const paths: (string | undefined)[] = [];
  echo.server.on('connection', (_, request) => paths.push(request.url));
  const socket = await open(own as never, `/${ALICE}/any?thing=1`);
  socket.send('hello');
  expect(`${(await once(socket, 'message'))[0]}`).toBe('hello');
  expect(paths).toEqual(['/any?thing=1']);
  socket.close();
  const line = await own.logged(({ msg }) => msg === 'Request', 'the line of the WebSocket');
  expect(line).toMatchObject({ status: 101, path: '/any', clientName: 'alice' });
});
