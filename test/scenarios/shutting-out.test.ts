// No client can make another one see a failure: whatever one sends, plain calls of others are answered.
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  answer,
  answerByLabel,
  type Behaviour,
  htmlPage,
  resetAfterRequest,
  rpcError,
  silence,
} from '../support/behaviours.ts';
import { type Daemon, startBalancer } from '../support/daemon.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { type HttpResponse, http, post, rpc } from '../support/http-client.ts';
import { RawClient } from '../support/raw-client.ts';
import type { RecordedRequest } from '../support/recorded-request.ts';
import { until } from '../support/waiting.ts';

const POISON = 'poison';
const upstreams: FakeUpstream[] = [];
let daemon: Daemon;
/** The same without questions of its own. */
let silent: Daemon;

beforeAll(async () => {
  for (const label of ['a', 'b', 'c']) upstreams.push(await FakeUpstream.start(label));
  const [a, b, c] = upstreams;
  if (!a || !b || !c) throw new Error('three upstreams');
  const line = { primaries: [`${a.url} name=a`, `${b.url} name=b`], fallbacks: [`${c.url} name=c`] };
  // One check at the start proves nothing later.
  const env = { HEALTH_CHECK: 'tcp', HEALTH_CHECK_INTERVAL: '1h' };
  [daemon, silent] = await Promise.all([
    startBalancer({ ...line, env: { ...env, ATTEMPT_TIMEOUT: '1s' } }),
    startBalancer({ ...line, env: { ...env, HEALTH_CHECK: 'off' } }),
  ]);
});

beforeEach(async () => {
  for (const upstream of upstreams) upstream.reset();
  await daemon.allUsable();
});

/** Requests that hold the word are treated so, all others well. */
function onPoison(behaviour: Behaviour): void {
  for (const upstream of upstreams) {
    const well = answerByLabel(upstream.label);
    upstream.use({
      at: 'body',
      run(socket, request) {
        const chosen = isPoisoned(request) ? behaviour : well;
        if (chosen.at !== 'connect') chosen.run(socket, request);
      },
    });
  }
}

function isPoisoned({ target, headerLines, body }: RecordedRequest): boolean {
  return `${target} ${headerLines.join()} ${body.toString('latin1')}`.includes(POISON);
}

const quickCalls = (count: number) =>
  Promise.all(Array.from({ length: count }, (_, id) => rpc(daemon.url, 'eth_blockNumber', [], id)));

const call = (method = POISON) => `{"jsonrpc":"2.0","id":1,"method":"${method}"}`;
const plainCalls = (url: string, count: number) =>
  Promise.all(Array.from({ length: count }, () => post(url, call('eth_call'))));

type Send = (url: string) => Promise<HttpResponse>;
const asCall: Send = (url) => post(url, call());
const asHeavyTrace: Send = (url) =>
  post(url, `{"jsonrpc":"2.0","id":1,"method":"debug_traceBlock","params":["${POISON}"]}`);

const MORE = [['Retry-After', '3600']] as const;
const LIMITS: readonly (readonly [string, Behaviour])[] = [
  ['429', answer({ status: 429, headers: MORE })],
  ['503', answer({ status: 503, headers: MORE })],
  ['JSON-RPC', rpcError({ code: -32005, message: 'rate limit exceeded, retry in 3600 seconds' })],
];

describe.each([
  ['a call that is reset', asCall, resetAfterRequest()],
  ['a call that is answered by 500', asCall, answer({ status: 500 })],
  ['a call that is answered by Cloudflare’s 524', asCall, htmlPage(524)],
  ['a trace that times out everywhere', asHeavyTrace, silence()],
  [
    'a call to a path that answers 200 to all',
    (url) => post(`${url}/${POISON}`, call('x')),
    answer({ body: 'OK' }),
  ],
  ['a page that is answered by 500', (url) => http(`${url}/${POISON}.ico`), answer({ status: 500 })],
  [
    'a key of its own in the query',
    (url) => post(`${url}/?apikey=${POISON}`, call('eth_call')),
    answer({ status: 401 }),
  ],
  ['an unknown path', (url) => post(`${url}/${POISON}`, call('eth_call')), answer({ status: 403 })],
  [
    'a key of its own',
    (url) => post(url, call('eth_call'), { authorization: `Bearer ${POISON}` }),
    answer({ status: 401, body: 'invalid api key' }),
  ],
  [
    'a user agent that a firewall refuses',
    (url) => post(url, call('eth_call'), { 'user-agent': POISON }),
    htmlPage(403),
  ],
  [
    'a limit of its own',
    (url) => http(`${url}/x`, { headers: { authorization: `Bearer ${POISON}` } }),
    answer({ status: 429, headers: [['Retry-After', '3600']] }),
  ],
  [
    'a limit of its own, by a cookie',
    (url) => post(url, call('eth_call'), { cookie: `key=${POISON}` }),
    answer({ status: 429, headers: [['Retry-After', '3600']] }),
  ],
  ...(
    [
      ['by a header', '/', { 'x-access-key': POISON }],
      ['by a path', `/v2/${POISON}-a1b2c3d4e5`, {}],
      ['by a query', `/?dkey=${POISON}`, {}],
    ] as const
  ).flatMap(([where, path, headers]) =>
    LIMITS.map(([limit, behaviour]): [string, Send, Behaviour] => [
      `a limit of its own, ${where}, told by ${limit}`,
      (url) => post(`${url}${path}`, call('eth_call'), headers),
      behaviour,
    ]),
  ),
  [
    'a call that a gateway takes for plan trouble',
    asCall,
    rpcError({ code: -32000, message: 'Monthly capacity limit exceeded' }),
  ],
] as readonly (readonly [string, Send, Behaviour])[])('beside %s', (_, send, behaviour) => {
  it('quick calls of others are all answered, and nobody is out for long', async () => {
    onPoison(behaviour);
    const poison = Array.from({ length: 6 }, () => send(daemon.url));
    const during = await quickCalls(20);
    await Promise.all(poison);
    const after = await quickCalls(20);
    expect(new Set([...during, ...after].map(({ status }) => status))).toEqual(new Set([200]));
    await daemon.allUsable();
    const out = daemon
      .logs()
      .filter(({ msg, rpcMethod }) => msg === 'Quarantined' && rpcMethod === undefined);
    expect(out).toEqual([]);
  });
});

describe('what the only upstream limits always', () => {
  const asBatch: Send = (url) => post(url, `[${call('eth_call')},${call()}]`);
  const asPage: Send = (url) => http(`${url}/${POISON}`);
  let lone: Daemon;

  beforeAll(async () => {
    lone = await startBalancer({ primaries: upstreams.slice(0, 1), env: { HEALTH_CHECK: 'off' } });
  });

  it.each(
    LIMITS.flatMap(([told, behaviour]): [string, string, Send, Behaviour][] => [
      ['a method', told, asCall, behaviour],
      ['a method in a batch', told, asBatch, behaviour],
      ['a page', told, asPage, behaviour],
    ]),
  )('%s: is limited for those alone who ask for it, told by %s', async (_, _told, send, behaviour) => {
    expect((await rpc(lone.url, 'eth_call')).status).toBe(200);
    onPoison(behaviour);
    await send(lone.url);
    const answers = await plainCalls(lone.url, 10);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await lone.stats()).toMatchObject([{ state: 'usable' }]);
  });

  it('a method that is accepted at times: others are not slowed down by its refusals', async () => {
    let asked = 0;
    onPoison({
      at: 'body',
      run(socket, request) {
        asked += 1;
        const chosen = asked % 4 === 1 ? answerByLabel('a') : answer({ status: 429 });
        if (chosen.at !== 'connect') chosen.run(socket, request);
      },
    });
    for (let round = 0; round < 30; round += 1) {
      await post(lone.url, call());
      const answers = await plainCalls(lone.url, 6);
      expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(200));
    }
    expect(await lone.stats()).toMatchObject([{ budget: null }]);
  });

  it('its rest is kept to', async () => {
    const method = 'eth_limited';
    const [upstream] = upstreams;
    await rpc(lone.url, 'eth_call');
    upstream?.use(answer({ status: 429, headers: MORE }));
    expect((await rpc(lone.url, method)).status).toBe(429);
    upstream?.reset();
    const { status, reply, headers } = await rpc(lone.url, method);
    expect([status, reply.error?.data?.code, upstream?.requests.length]).toEqual([429, 'RATE_LIMITED', 0]);
    const secondsLeft = (Date.parse(`${headers['retry-after']}`) - Date.now()) / 1_000;
    expect(secondsLeft).toBeGreaterThan(3_000);
  });
});

it('asks itself with nothing of the client in it, once a second at most', async () => {
  onPoison(answer({ status: 500 }));
  const before = performance.now();
  for (let count = 0; count < 20; count++) await post(daemon.url, call());
  const seconds = (performance.now() - before) / 1_000;
  for (const { requests } of upstreams) {
    const questions = requests.filter((request) => !isPoisoned(request));
    expect(questions.length).toBeLessThanOrEqual(Math.floor(seconds) + 2);
    for (const { body, target, headerLines } of questions) {
      expect([target, JSON.parse(body.toString())]).toMatchObject(['/', { method: 'eth_blockNumber' }]);
      expect(headerLines.join()).not.toMatch(/forwarded/i);
    }
  }
});

describe('without questions of our own', () => {
  it('a second request that meets the same takes their place, and a trial brings each back', async () => {
    onPoison(answer({ status: 500 }));
    for (let count = 0; count < 3; count++) await post(silent.url, call());
    expect((await silent.stats()).map(({ state }) => state)).toEqual([
      'quarantined',
      'quarantined',
      'quarantined',
    ]);
    const answers = await plainCalls(silent.url, 40);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  });
});

describe('when all are out', () => {
  it('uploads that never end keep nobody from trying', async () => {
    for (const upstream of upstreams) upstream.use(answer({ status: 500 }));
    for (let count = 0; count < 3; count++) await post(silent.url, call());
    const uploads = await Promise.all(Array.from({ length: 9 }, () => RawClient.connect(silent.port)));
    for (const upload of uploads)
      upload.send(`PUT /x HTTP/1.1\r\nHost: h\r\nContent-Length: 2000000\r\n\r\n`);
    await sleep(50);
    for (const upstream of upstreams) upstream.reset();
    const answers = await plainCalls(silent.url, 20);
    for (const upload of uploads) upload.leave();
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  });

  it('about one call goes out for each request', async () => {
    for (const upstream of upstreams) upstream.use(answer({ status: 500 }));
    for (let count = 0; count < 3; count++) await post(silent.url, call());
    for (const upstream of upstreams) upstream.requests.length = 0;
    for (let round = 0; round < 2; round++)
      await Promise.all(Array.from({ length: 100 }, () => post(silent.url, call())));
    const calls = upstreams.reduce((sum, { requests }) => sum + requests.length, 0);
    expect(calls).toBeLessThan(1.3 * 200);
  });
});

it('a method that was answered well is answered to others, however often parameters bring its refusal', async () => {
  onPoison(rpcError({ code: -32601, message: 'the method eth_blockNumber is not supported so' }));
  await quickCalls(20);
  for (let count = 0; count < 4; count++) await rpc(daemon.url, 'eth_blockNumber', [POISON]);
  const answers = await quickCalls(20);
  expect(answers.filter(({ reply }) => reply.error)).toEqual([]);
});

it('a method that nobody is said to have is asked for once a second', async () => {
  const missing = { code: -32601, message: 'the method x_y does not exist/is not available' };
  for (const upstream of upstreams) upstream.use(rpcError(missing));
  await rpc(daemon.url, 'x_y');
  expect((await rpc(daemon.url, 'x_y')).reply.error?.data?.code).toBe('METHOD_NOT_SUPPORTED');
  for (const upstream of upstreams) upstream.reset();
  await until(async () => (await rpc(daemon.url, 'x_y')).reply.result !== undefined, 'an answer');
});
