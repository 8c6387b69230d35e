// The question that decides whether an upstream or a request was to blame, over real sockets.
import { beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { askPlainQuestion } from '../../src/probes/plain-question.ts';
import type { Upstream } from '../../src/upstreams/upstream.ts';
import {
  answer,
  type Behaviour,
  cutBody,
  garbage,
  htmlPage,
  refuseRate,
  resetAfterRequest,
  rpcError,
  silence,
} from '../support/behaviours.ts';
import { realDialer } from '../support/dialer.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { upstream as upstreamAt } from '../support/upstreams.ts';

const server = await FakeUpstream.start('A');
const settings = {
  timeoutMs: 300,
  retryStatus: new Set([429, 500, 502, 503]),
  clock: systemClock,
  dialer: realDialer,
};

let upstream: Upstream;

beforeEach(() => {
  server.reset();
  server.dropConnections();
  upstream = upstreamAt('A', { url: `${server.url.replace('//', '//user:word@')}/v2/KEY?k=1` });
});

const ask = (protocol: 'rpc' | 'http') => askPlainQuestion(upstream, protocol, settings);

it('goes to the upstream’s own path, with its own credentials and nothing else', async () => {
  expect([await ask('rpc'), await ask('http')]).toEqual([undefined, undefined]);
  const [call, get] = server.requests;
  expect([call?.method, call?.target, JSON.parse(`${call?.body}`).method]).toEqual([
    'POST',
    '/v2/KEY?k=1',
    'eth_blockNumber',
  ]);
  expect([get?.method, get?.target]).toEqual(['GET', '/v2/KEY?k=1']);
  for (const request of server.requests)
    expect(request.header('authorization')).toBe(`Basic ${Buffer.from('user:word').toString('base64')}`);
  expect(upstream.probeCalls).toBe(0);
});

const failures: readonly [what: string, behaviour: Behaviour, reason: string][] = [
  ['500', answer({ status: 500 }), 'status'],
  ['429', refuseRate('7'), 'rate-limited'],
  ['503 with Retry-After', answer({ status: 503, headers: [['Retry-After', '7']] }), 'status'],
  ['a reset', resetAfterRequest(), 'reset'],
  ['silence', silence(), 'timeout'],
  ['garbage', garbage(), 'bad-http'],
  ['a cut body', cutBody('fin'), 'cut'],
];

describe('of either kind is failed by', () => {
  it.each(failures)('%s', async (what, behaviour, reason) => {
    server.use(behaviour);
    const blames = [await ask('rpc'), await ask('http')];
    const rest = /429|Retry/.test(what) ? { kind: 'for', ms: 7_000 } : undefined;
    expect(blames).toMatchObject([{ reason }, { reason }]);
    expect(blames.map((blame) => blame?.rest)).toEqual([rest, rest]);
  });

  it('a port that is closed', async () => {
    await server.close();
    expect([await ask('rpc'), await ask('http')]).toEqual([{ reason: 'refused' }, { reason: 'refused' }]);
    await server.listenAgain();
  });
});

describe('by JSON-RPC', () => {
  it.each([
    ['a result', answer({ body: '{"jsonrpc":"2.0","id":1,"result":"0x1"}' }), undefined],
    ['an error that another chain gives', rpcError({ code: -32601, message: 'Method not found' }), undefined],
    ['missing data', rpcError({ code: -32000, message: 'header not found' }), undefined],
    [
      'an error that is a text',
      answer({ status: 422, body: '{"ok":false,"error":"no such method","code":422,"id":1}' }),
      undefined,
    ],
    ['a page', htmlPage(), 'not-an-answer'],
    ['404 where another path is the right one', answer({ status: 404, body: '<html>' }), undefined],
    ['a redirect', answer({ status: 301 }), undefined],
    ['a page with 400', htmlPage(400), 'not-an-answer'],
    ['a key that is refused', rpcError({ code: -32600, message: 'Must be authenticated!' }, 401), 'auth'],
    ['401 without a word', answer({ status: 401 }), 'auth'],
    ['402 in a gateway’s words', answer({ status: 402, body: '{"message":"Payment Required"}' }), 'plan'],
    ['a rate limit', rpcError({ code: -32005, message: 'rate limit' }), 'rate-limited'],
    ['trouble of its own', rpcError({ code: -32603, message: 'connection refused' }), 'upstream-broken'],
  ] as const)('%s', async (_, behaviour, reason) => {
    server.use(behaviour);
    expect((await ask('rpc'))?.reason).toBe(reason);
  });
});

it('by HTTP is answered by any status that is not retried', async () => {
  for (const status of [204, 301, 400, 401, 404, 405]) {
    server.use(answer({ status }));
    expect(await ask('http')).toBeUndefined();
  }
});

describe('is put in the other protocol before one is held for sick that was only ever heard in that', () => {
  it('plain HTTP', async () => {
    server.use(htmlPage());
    upstream.answers.http = true;
    expect(await ask('rpc')).toBeUndefined();
    upstream.answers.rpc = true;
    expect((await ask('rpc'))?.reason).toBe('not-an-answer');
  });

  it.each([
    ['or nothing yet', false, false],
    ['alone', false, true],
    ['and answers some GETs', true, true],
  ])('JSON-RPC, %s', async (_, http, rpc) => {
    Object.assign(upstream.answers, { http, rpc });
    server.next(answer({ status: 500 }));
    expect(await ask('http')).toBeUndefined();
    expect(server.requests.map(({ method }) => method)).toEqual(['GET', 'POST']);
  });
});
