// Pages of other origins: their questions are answered here, and they can read every answer.
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startSecureApp } from '../server/secure.ts';
import { balanceHere, startApp } from '../support/app.ts';
import { answer, resetOnConnect } from '../support/behaviours.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { type HttpResponse, http, post } from '../support/http-client.ts';
import { Http2Client } from '../support/http2-client.ts';
import { rawRequest, requestBytes } from '../support/raw-client.ts';

const APP = 'https://app.example';
const EXPOSED = 'Retry-After, RateLimit, RateLimit-Policy, X-Request-Id, X-Forwarded-Server';
const CALL = '{"jsonrpc":"2.0","id":7,"method":"eth_chainId"}';

let upstream: FakeUpstream;
let port: number;
let url: string;

beforeAll(async () => {
  upstream = await FakeUpstream.start();
  const env = {
    CORS_ORIGINS: `${APP}, http://localhost:3000`,
    API_KEYS: 'a:a-key, b:b-key rps=1',
    MAX_BODY: '1kb',
    ERROR_TIME_TO_LIVE_MINUTES: '0.00001',
  };
  ({ port } = await balanceHere({ primaries: [upstream], env }));
  url = `http://127.0.0.1:${port}`;
});

beforeEach(() => upstream.reset());

const preflight = (origin: string, headers: Record<string, string> = {}) => ({
  method: 'OPTIONS',
  headers: { origin, 'access-control-request-method': 'POST', ...headers },
});

/** The lines about other origins, by the ends of their names. */
function cors({ headers }: Pick<HttpResponse, 'headers'>): Record<string, unknown> {
  const lines = Object.entries(headers).filter(([name]) => /^access-control-/.test(name));
  return Object.fromEntries(lines.map(([name, value]) => [name.replace(/^access-control-/, ''), value]));
}

describe('a preflight', () => {
  it('of an allowed origin is answered without a key and without an upstream', async () => {
    const asked = { 'access-control-request-headers': 'authorization,x-api-key, content-type' };
    for (const path of ['/', '/a-key', '/any/path?x=1']) {
      const response = await http(url + path, preflight(APP, asked));
      expect([response.status, response.text]).toEqual([204, '']);
      expect(cors(response)).toEqual({
        'allow-origin': APP,
        'allow-methods': 'POST',
        'allow-headers': 'authorization,x-api-key, content-type',
        'max-age': '7200',
        'expose-headers': EXPOSED,
      });
      expect(response.headers.vary).toBe(
        'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
      );
      expect(response.headers['x-request-id']).toMatch(/./);
    }
    expect(upstream.requests).toEqual([]);
  });

  it.each(['https://other.example', 'null', 'https://app.example.', 'https://APP.example'])(
    'of %s is told nothing',
    async (origin) => {
      const response = await http(url, preflight(origin));
      expect([response.status, cors(response)]).toEqual([204, {}]);
      expect(response.headers.vary).toContain('Origin');
    },
  );

  it('is none without what the browser would ask', async () => {
    expect((await http(url, { method: 'OPTIONS', headers: { origin: APP } })).status).toBe(401);
    expect(
      (await http(url, { method: 'OPTIONS', headers: { 'access-control-request-method': 'POST' } })).status,
    ).toBe(401);
    expect((await http(url, { ...preflight(APP, { 'content-length': '1' }), body: 'x' })).status).toBe(401);
    expect((await http(`${url}/a-key`, { method: 'OPTIONS', headers: { origin: APP } })).status).toBe(200);
  });

  it('of two origins is told nothing', async () => {
    const lines = [`Origin: ${APP}`, `Origin: ${APP}`, 'Access-Control-Request-Method: POST'];
    const response = await rawRequest(port, requestBytes('OPTIONS /', lines));
    expect([response.status, response.header('access-control-allow-origin')]).toEqual([204, undefined]);
  });
});

describe('every answer is one that a page can read', () => {
  const from = { origin: APP };
  const allowed = { 'allow-origin': APP, 'expose-headers': EXPOSED };

  it('an upstream’s, whose own lines are replaced', async () => {
    upstream.use(
      answer({
        body: 'x',
        headers: [
          ['Access-Control-Allow-Origin', '*'],
          ['access-control-allow-credentials', 'true'],
          ['Vary', 'Accept-Encoding'],
        ],
      }),
    );
    const response = await http(`${url}/a-key/x`, { headers: from });
    expect([cors(response), response.headers.vary]).toEqual([allowed, 'Accept-Encoding, Origin']);
    const other = await http(`${url}/a-key/x`, { headers: { origin: 'https://other.example' } });
    expect([other.status, cors(other), other.headers.vary]).toEqual([200, {}, 'Accept-Encoding, Origin']);
    expect(cors(await http(`${url}/a-key/x`))).toEqual({});
  });

  it('and those of our own', async () => {
    const answers = [await post(url, CALL, from), await post(`${url}/a-key`, 'x'.repeat(2_000), from)];
    answers.push(
      await http(`${url}/b-key/x`, { headers: from }),
      await http(`${url}/b-key/x`, { headers: from }),
    );
    answers.push(
      await http(`${url}/healthz`, { headers: from }),
      await http(`${url}/a-key/stats`, { headers: from }),
    );
    answers.push(await http(`${url}/${'x'.repeat(9_000)}`, { headers: from }));
    upstream.use(resetOnConnect());
    answers.push(await post(`${url}/a-key`, CALL, from));
    expect(answers.map(({ status }) => status)).toEqual([401, 413, 200, 429, 200, 200, 414, 502]);
    expect(answers.map(cors)).toEqual(answers.map(() => allowed));
  });

  it('over HTTP/2 as well, and with * for all', async () => {
    const app = await startSecureApp({ primaries: [upstream], flags: ['--cors-origins=*'] });
    const client = await Http2Client.connect(app.port);
    upstream.use(
      answer({
        body: 'x',
        headers: [
          ['Access-Control-Allow-Origin', 'https://x.example'],
          ['Vary', 'X'],
        ],
      }),
    );
    const { headers } = await client.get('/x', { origin: 'null' });
    expect([headers['access-control-allow-origin'], headers.vary]).toEqual(['*', 'X, Origin']);
    const stream = client.open({ ':method': 'OPTIONS', ':path': '/', ...preflight(APP).headers }, true);
    const [response] = await Promise.all([
      new Promise<Record<string, unknown>>((done) => stream.once('response', done)),
    ]);
    expect([
      response[':status'],
      response['access-control-allow-origin'],
      response['access-control-allow-methods'],
    ]).toEqual([204, '*', 'POST']);
    stream.resume();
  });
});

it('without the setting nothing is added, taken away or answered here', async () => {
  const plain = await startApp({ primaries: [upstream] });
  upstream.use(
    answer({ status: 200, body: 'x', headers: [['Access-Control-Allow-Origin', 'https://x.example']] }),
  );
  const response = await http(plain.url, preflight(APP));
  expect([response.status, cors(response), response.headers.vary]).toEqual([
    200,
    { 'allow-origin': 'https://x.example' },
    undefined,
  ]);
  expect(upstream.requests.map(({ method }) => method)).toEqual(['OPTIONS']);
});
