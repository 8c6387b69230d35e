// W3C Trace Context: passed on as it came, and the trace's id stands in the log.
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startSecureApp } from '../server/secure.ts';
import { balanceHere } from '../support/app.ts';
import { answerByLabel, Gate, held, refuseRate } from '../support/behaviours.ts';
import type { Balancer, LogLine } from '../support/daemon.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { http } from '../support/http-client.ts';
import { Http2Client } from '../support/http2-client.ts';
import { rawRequest, requestBytes } from '../support/raw-client.ts';
import { askForWebSocket, switchProtocol, TunnelClient } from '../support/tunnel-client.ts';
import { until } from '../support/waiting.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const TRACEPARENT = `00-${TRACE}-00f067aa0ba902b7-01`;
const LINES = [`traceparent: ${TRACEPARENT}`, 'tracestate: congo=t61rcWkgMzE', 'tracestate: rojo=00f067aa'];
const CALL = '{"jsonrpc":"2.0","id":7,"method":"eth_chainId"}';
/** As long as a trace's id, and of the same digits. */
const KEY = '0123456789abcdef0123456789abcdef';

let first: FakeUpstream;
let second: FakeUpstream;
let balancer: Balancer;
/** Asks for a key. */
let closed: Balancer;

beforeAll(async () => {
  first = await FakeUpstream.start('A');
  second = await FakeUpstream.start('B');
  const lists = { primaries: [`${first.url} name=a`], fallbacks: [`${second.url} name=b`] };
  const env = { ERROR_TIME_TO_LIVE_MINUTES: '0.00001', HEDGE: '30ms' };
  balancer = await balanceHere({ ...lists, env: { ...env, CORS_ORIGINS: '*' } });
  closed = await balanceHere({ ...lists, env: { ...env, API_KEYS: `alice:${KEY}` } });
});

beforeEach(() => {
  first.reset();
  second.reset();
});

const post = ({ port }: Balancer, lines: readonly string[], path = '/') =>
  rawRequest(port, requestBytes(`POST ${path}`, lines, CALL));

/** What of a trace an upstream got. */
const traceAt = ({ requests }: FakeUpstream) =>
  requests.map((request) => [request.headers('traceparent'), request.headers('tracestate')]);

const PASSED_ON = [[TRACEPARENT], ['congo=t61rcWkgMzE', 'rojo=00f067aa']];

async function logged(of: Balancer, id: string | undefined): Promise<LogLine[]> {
  await of.logged((line) => line.id === id && line.msg === 'Request', 'the line of the request');
  return of.logs().filter((line) => line.id === id);
}

describe('a trace', () => {
  it('goes to the upstream as it came, and into the lines of the request and its attempt', async () => {
    const response = await post(balancer, LINES);
    expect(traceAt(first)).toEqual([PASSED_ON]);
    const lines = await logged(balancer, response.header('x-request-id'));
    expect(lines.map(({ msg, traceId }) => [msg, traceId])).toEqual([
      ['Attempt', TRACE],
      ['Request', TRACE],
    ]);
    expect(response.header('traceparent')).toBeUndefined();
  });

  it('goes unchanged to every upstream that is asked', async () => {
    first.use(refuseRate());
    const response = await post(balancer, LINES);
    expect([response.status, traceAt(first), traceAt(second)]).toEqual([200, [PASSED_ON], [PASSED_ON]]);
    const lines = await logged(balancer, response.header('x-request-id'));
    expect(lines.map(({ upstream, traceId }) => [upstream, traceId])).toEqual([
      ['a', TRACE],
      ['b', TRACE],
      ['b', TRACE],
    ]);
    await balancer.allUsable();
  });

  it('goes to two upstreams at the same time', async () => {
    const gate = new Gate();
    first.use(held(gate, answerByLabel('A')));
    expect((await post(balancer, LINES)).text).toContain('"B"');
    gate.release();
    expect([traceAt(first), traceAt(second)]).toEqual([[PASSED_ON], [PASSED_ON]]);
    await balancer.allUsable();
  });

  it('comes over HTTP/2 as well', async () => {
    const { port, logs } = await startSecureApp({ primaries: [first], flags: ['--hedge=off'] });
    const client = await Http2Client.connect(port);
    const headers = { traceparent: TRACEPARENT, tracestate: 'congo=t61rcWkgMzE' };
    expect((await client.request('/', { body: CALL, headers })).status).toBe(200);
    expect(traceAt(first)).toEqual([[[TRACEPARENT], ['congo=t61rcWkgMzE']]]);
    const line = await until(() => logs.find(({ msg }) => msg === 'Request'), 'the line');
    expect(line['traceId']).toBe(TRACE);
  });

  it('goes with a WebSocket, and into the line of its beginning', async () => {
    first.use(switchProtocol());
    const keyed = [...LINES, `X-API-Key: ${KEY}`];
    (await TunnelClient.open(closed.port, askForWebSocket('/', keyed))).end();
    expect(traceAt(first)).toEqual([PASSED_ON]);
    const opened = await closed.logged(({ msg }) => msg === 'Tunnel opened', 'the tunnel');
    expect(opened).toMatchObject({ client: '127.0.0.1', clientName: 'alice', upstream: 'a', traceId: TRACE });
    const lines = await logged(closed, opened.id);
    expect(lines.map(({ msg, traceId }) => [msg, traceId])).toEqual([
      ['Attempt', TRACE],
      ['Tunnel opened', TRACE],
      ['Request', TRACE],
    ]);
  });

  it('is named in the line of a request that is refused', async () => {
    const response = await post(balancer, [...LINES, 'Expect: a-miracle']);
    expect(await logged(balancer, response.header('x-request-id'))).toMatchObject([
      { result: 'refused', code: 'EXPECTATION_FAILED', traceId: TRACE },
    ]);
  });

  it('may be sent by pages of other origins', async () => {
    const asked = {
      origin: 'https://app.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type,traceparent,tracestate',
    };
    const { headers } = await http(balancer.url, { method: 'OPTIONS', headers: asked });
    expect(headers['access-control-allow-headers']).toBe('content-type,traceparent,tracestate');
  });

  it('is not begun here', async () => {
    const response = await post(balancer, []);
    expect(traceAt(first)).toEqual([[[], []]]);
    for (const line of await logged(balancer, response.header('x-request-id')))
      expect(line).not.toHaveProperty('traceId');
  });
});

describe('a traceparent that', () => {
  it.each([
    ['is none', ['words "} of, the client']],
    ['has another length', [`${TRACEPARENT}0`]],
    ['is in capitals', [TRACEPARENT.toUpperCase()]],
    ['stands there twice', [TRACEPARENT, TRACEPARENT]],
  ])('%s is passed on as it came, and not logged', async (_, values) => {
    const response = await post(
      balancer,
      values.map((value) => `Traceparent: ${value}`),
    );
    expect(traceAt(first)).toEqual([[values, []]]);
    const lines = await logged(balancer, response.header('x-request-id'));
    expect(lines).toHaveLength(2);
    for (const line of lines) expect(line).not.toHaveProperty('traceId');
  });

  it('an upstream has of its own goes there in place of the client’s', async () => {
    const own = await balanceHere({ primaries: [`${first.url} header=traceparent:own`] });
    const response = await post(own, LINES);
    expect(traceAt(first)).toEqual([[['own'], ['congo=t61rcWkgMzE', 'rojo=00f067aa']]]);
    const lines = await logged(own, response.header('x-request-id'));
    expect(lines.map(({ traceId }) => traceId)).toEqual([TRACE, TRACE]);
  });

  it('holds the client’s key is neither passed on nor logged', async () => {
    const holding = `traceparent: 00-${KEY}-00f067aa0ba902b7-01`;
    const response = await post(closed, [holding], `/${KEY}`);
    expect(response.status).toBe(200);
    expect(traceAt(first)).toEqual([[['00-***-00f067aa0ba902b7-01'], []]]);
    const lines: readonly LogLine[] = await logged(closed, response.header('x-request-id'));
    expect(lines.map(({ msg, clientName, traceId }) => [msg, clientName, traceId])).toEqual([
      ['Attempt', undefined, undefined],
      ['Request', 'alice', undefined],
    ]);
  });

  it('comes without a key is not logged: a mistyped one may be in it', async () => {
    const response = await post(closed, LINES);
    expect(response.status).toBe(401);
    const [line] = await logged(closed, response.header('x-request-id'));
    expect(line).toMatchObject({ result: 'refused', code: 'UNAUTHORIZED' });
    expect(line).not.toHaveProperty('traceId');
  });
});
