// How often each client may call, and how it is told.
import { describe, expect, it } from 'vitest';
import { startSecureApp } from '../server/secure.ts';
import { balanceHere } from '../support/app.ts';
import { answer } from '../support/behaviours.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { type HttpResponse, http, post } from '../support/http-client.ts';
import { Http2Client } from '../support/http2-client.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { secondsAhead } from '../support/retry-after.ts';

const call = (id: number) => ({ jsonrpc: '2.0', id, method: 'eth_chainId' });
const ONE = JSON.stringify(call(1));
const batch = (size: number) => JSON.stringify(Array.from({ length: size }, (_, id) => call(id)));

/** `[status, RateLimit-Policy, RateLimit]`. */
function told({ status, headers }: HttpResponse) {
  return [status, headers['ratelimit-policy'], headers['ratelimit']];
}

describe('a key', () => {
  it('has its own limit or that of all, and each kind of request is counted', async () => {
    const clock = new ManualClock();
    const upstream = await FakeUpstream.start('A');
    upstream.use(
      answer({
        body: '{"jsonrpc":"2.0","id":1,"result":"A"}',
        headers: [
          ['RateLimit', '"theirs";r=1;t=9'],
          ['RateLimit-Limit', '7'],
          ['X-RateLimit-Remaining', '1'],
        ],
      }),
    );
    const env = {
      API_KEYS: 'alice:alice-key rps=4, bob:bob-key',
      CLIENT_RPS: '2',
      PACING: 'off',
      MAX_BODY: '1kb',
    };
    const { port } = await balanceHere({ primaries: [upstream], env, clock });
    const url = `http://127.0.0.1:${port}`;
    const first = await post(`${url}/alice-key`, ONE);
    expect(told(first)).toEqual([200, '"alice";q=4;w=1', '"alice";r=3;t=1']);
    expect(Object.keys(first.headers).filter((name) => /ratelimit-(?:limit|rem)/.test(name))).toEqual([]);
    expect(told(await http(`${url}/alice-key/x`))).toEqual([200, '"alice";q=4;w=1', '"alice";r=2;t=1']);
    expect(told(await http(`${url}/alice-key/x`, { method: 'HEAD' }))).toEqual([
      200,
      '"alice";q=4;w=1',
      '"alice";r=1;t=1',
    ]);
    expect(told(await post(`${url}/alice-key`, 'x'.repeat(2_000)))).toEqual([
      413,
      '"alice";q=4;w=1',
      '"alice";r=0;t=1',
    ]);
    const sent = upstream.requests.length;
    const refused = await post(`${url}/alice-key`, ONE);
    expect(told(refused)).toEqual([429, '"alice";q=4;w=1', '"alice";r=0;t=1']);
    expect(refused.json()).toMatchObject({
      id: 1,
      error: { code: -32005, data: { code: 'CLIENT_RATE_LIMITED' } },
    });
    expect(secondsAhead(refused.headers['retry-after'], clock.wallMs())).toBe(1);
    expect((await http(`${url}/alice-key/x`)).json()).toMatchObject({
      status: 429,
      code: 'CLIENT_RATE_LIMITED',
    });
    expect(upstream.requests.length).toBe(sent);
    // Nobody else is.
    expect(told(await post(url, ONE, { 'x-api-key': 'bob-key' }))).toEqual([
      200,
      '"bob";q=2;w=1',
      '"bob";r=1;t=1',
    ]);
    clock.advance(250);
    expect([
      (await post(`${url}/alice-key`, ONE)).status,
      (await post(`${url}/alice-key`, ONE)).status,
    ]).toEqual([200, 429]);
    const health = await http(`${url}/alice-key/healthz`);
    expect(told(health)).toEqual([200, undefined, undefined]);
    expect(told(await post(url, ONE))).toEqual([401, undefined, undefined]);
  });

  it('may overdraw a full bucket with a batch, which is refused call by call when it is not', async () => {
    const clock = new ManualClock();
    const upstream = await FakeUpstream.start();
    const { port } = await balanceHere({
      primaries: [upstream],
      env: { API_KEYS: 'a:a-key rps=10', PACING: 'off' },
      clock,
    });
    const url = `http://127.0.0.1:${port}/a-key`;
    expect(told(await post(url, batch(25)))).toEqual([200, '"a";q=10;w=1', '"a";r=0;t=3']);
    const refused = await post(url, batch(3));
    expect(refused.json()).toMatchObject([0, 1, 2].map((id) => ({ id, error: { code: -32005 } })));
    expect(secondsAhead(refused.headers['retry-after'], clock.wallMs())).toBe(2);
    clock.advance(1_500);
    expect([(await post(url, ONE)).status, (await post(url, batch(25))).status]).toEqual([429, 429]);
    clock.advance(1_000);
    expect((await post(url, batch(25))).status).toBe(200);
    // What is refused for its head is one, and a batch with too many calls.
    clock.advance(2_500);
    expect(told(await http(`${url}/${'x'.repeat(9_000)}`))).toEqual([414, '"a";q=10;w=1', '"a";r=9;t=1']);
    clock.advance(100);
    expect(told(await post(url, batch(1_001)))).toEqual([413, '"a";q=10;w=1', '"a";r=9;t=1']);
  });
});

it('without keys each address has a limit, whatever it claims, and IPv6 by the network', async () => {
  const clock = new ManualClock();
  const upstream = await FakeUpstream.start();
  const env = { CLIENT_RPS: '1', TRUST_PROXY: 'loopback' };
  const { port } = await balanceHere({ primaries: [upstream], env, clock });
  const status = async (from: string) =>
    (await post(`http://127.0.0.1:${port}/`, ONE, { 'x-forwarded-for': from })).status;
  expect([await status('192.0.2.1'), await status('192.0.2.1'), await status('192.0.2.2')]).toEqual([
    200, 429, 200,
  ]);
  expect([await status('2001:db8::1'), await status('2001:db8:0:0:ffff::2')]).toEqual([200, 429]);
  expect([await status('2001:db8:0:1::1'), await status('203.0.113.5, 192.0.2.2')]).toEqual([200, 429]);
  clock.advance(1_000);
  const response = await http(`http://127.0.0.1:${port}/x`, { headers: { 'x-forwarded-for': '192.0.2.1' } });
  expect(told(response)).toEqual([200, '"address";q=1;w=1', '"address";r=0;t=1']);
});

it('holds for HTTP/2 and WebSockets too', async () => {
  const clock = new ManualClock();
  const upstream = await FakeUpstream.start();
  const flags = ['--api-keys=a:a-key rps=2', '--cors-origins=*'];
  const app = await startSecureApp({ primaries: [upstream], flags, clock });
  const client = await Http2Client.connect(app.port);
  const get = () => client.get('/x', { authorization: 'Bearer a-key', origin: 'https://app.example' });
  const socket = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  };
  expect((await get()).headers['ratelimit']).toBe('"a";r=1;t=1');
  await get();
  const refused = await get();
  expect([
    refused.status,
    refused.headers['ratelimit'],
    refused.headers['access-control-allow-origin'],
  ]).toEqual([429, '"a";r=0;t=1', '*']);
  expect([(await client.get('/x')).status, (await client.get('/a-key/x')).status]).toEqual([401, 429]);
  const plain = await balanceHere({ primaries: [upstream], env: { API_KEYS: 'a:a-key rps=1' }, clock });
  const handshake = () => http(`http://127.0.0.1:${plain.port}/a-key`, { headers: socket });
  expect([(await handshake()).headers['ratelimit'], (await handshake()).status]).toEqual([
    '"a";r=0;t=1',
    429,
  ]);
});

describe('a batch that is not read as one', () => {
  it.each([
    ['something behind it', (size: number) => `${batch(size)}x`],
    ['a comma at its end', (size: number) => batch(size).replace(/\]$/, ',]')],
    [
      'a line for each call',
      (size: number) => Array.from({ length: size }, (_, id) => JSON.stringify(call(id))).join('\n'),
    ],
  ])('counts its calls: with %s', async (_, body) => {
    const upstream = await FakeUpstream.start('A', answer({ body: '[]' }));
    const clock = new ManualClock();
    const { port } = await balanceHere({ primaries: [upstream], env: { CLIENT_RPS: '10' }, clock });
    expect(told(await post(`http://127.0.0.1:${port}`, body(6)))[2]).toBe('"address";r=4;t=1');
    expect((await post(`http://127.0.0.1:${port}`, body(6))).status).toBe(429);
  });

  it('is refused where it is too large to be kept', async () => {
    const upstream = await FakeUpstream.start('A');
    const env = { CLIENT_RPS: '10', MAX_REPLAY_BODY: '128kb' };
    const { port } = await balanceHere({ primaries: [upstream], env });
    const url = `http://127.0.0.1:${port}`;
    expect((await post(url, `${batch(20)}${' '.repeat(400_000)}`)).status).toBe(413);
    expect((await post(url, `\n ${' '.repeat(400_000)}${batch(20)}`)).status).toBe(413);
    expect((await post(url, `{"file":"${'x'.repeat(400_000)}"}`)).status).toBe(200);
    expect(upstream.requests).toHaveLength(1);
  });
});
