// Requests for another protocol that end in an answer of our own, or in none.
import { beforeEach, describe, expect, it } from 'vitest';
import { startApp } from '../support/app.ts';
import { answer, htmlPage, refuseRate, resetAfterRequest, silence } from '../support/behaviours.ts';
import { releasedPort } from '../support/fake-upstream.ts';
import { rawRequest, requestBytes } from '../support/raw-client.ts';
import { secondsAhead } from '../support/retry-after.ts';
import {
  askForWebSocket,
  KEY,
  switchProtocol,
  TunnelClient,
  WEBSOCKET_LINES,
} from '../support/tunnel-client.ts';
import { until, within } from '../support/waiting.ts';
import { asked, FORGIVING, Pair, refusal } from './upgrades.ts';

const pair = await Pair.start();
const { first, second, app } = pair;

beforeEach(() => pair.reset());

describe('when nobody changes the protocol', () => {
  it('and all break off, it is 502', async () => {
    first.use(resetAfterRequest());
    second.use(switchProtocol({ accept: [] }));
    expect(refusal(await asked(askForWebSocket(), app))).toEqual([502, 'ALL_UPSTREAMS_FAILED']);
  });

  it('and all limit the rate, it is 429', async () => {
    first.use(refuseRate('7'));
    second.use(refuseRate('7'));
    const response = await asked(askForWebSocket(), app);
    expect(refusal(response)).toEqual([429, 'RATE_LIMITED']);
    expect(response.header('retry-after')).toBeDefined();
  });

  it("and the last answer is a real one, it is the client's", async () => {
    first.use(resetAfterRequest());
    second.use(answer({ status: 503, body: 'under repair' }));
    const response = await asked(askForWebSocket(), app);
    expect([response.status, response.text]).toEqual([503, 'under repair']);
  });

  it('because all take no notice, the client gets what the first one says', async () => {
    first.use(htmlPage());
    second.use(htmlPage());
    const response = await asked(askForWebSocket(), app);
    expect([response.status, response.header('x-forwarded-server')]).toEqual([200, 'first']);
    const line = await until(
      () => app.logs.find(({ id, msg }) => msg === 'Request' && id === response.header('x-request-id')),
      'a line',
    );
    expect(line).toMatchObject({ result: 'answered', status: 200, attempts: 2 });
  });

  it('and nobody may be asked, it is 503 with Retry-After', async () => {
    const closed = await startApp({
      primaries: [`http://127.0.0.1:${await releasedPort()}`],
      flags: ['--error-time-to-live-minutes=5'],
    });
    expect(refusal(await asked(askForWebSocket(), closed))).toEqual([502, 'ALL_UPSTREAMS_FAILED']);
    const response = await asked(askForWebSocket(), closed);
    expect(refusal(response)).toEqual([503, 'NO_UPSTREAM_AVAILABLE']);
    expect(secondsAhead(response.header('retry-after'))).toBeGreaterThan(200);
  });

  it('within REQUEST_TIMEOUT, it is 504', async () => {
    const slow = await Pair.start(['--request-timeout=300ms']);
    slow.first.use(silence());
    expect(refusal(await asked(askForWebSocket(), slow))).toEqual([504, 'REQUEST_TIMED_OUT']);
    expect((await slow.stats())[0]).toMatchObject({ failures: 0, connections: 0 });
  });
});

describe('refused by its head alone', () => {
  it.each([
    ['a body', requestBytes('GET /', [...WEBSOCKET_LINES, 'Content-Length: 5'], 'GET /'), 400],
    ['a body in chunks', requestBytes('GET /', [...WEBSOCKET_LINES, 'Transfer-Encoding: chunked']), 400],
    ['another method', requestBytes('POST /', WEBSOCKET_LINES), 400],
    ['two keys', askForWebSocket('/', [`Sec-WebSocket-Key: ${KEY}`]), 400],
    ['two Host lines', askForWebSocket('/', ['Host: a', 'Host: b']), 400],
    ['101 header lines', askForWebSocket('/', Array(100).fill('X: 1')), 431],
    ['a target that is too long', askForWebSocket(`/${'x'.repeat(9_000)}`), 414],
  ])('is one with %s', async (_, bytes, status) => {
    const response = await asked(bytes, app);
    expect(refusal(response)[0]).toBe(status);
    expect([first.requests, second.requests]).toEqual([[], []]);
    expect((await rawRequest(app.port, requestBytes('GET /healthz'))).status).toBe(200);
  });

  it("is one that would climb out of an upstream's own path", async () => {
    const own = await startApp({ primaries: [`${first.url}/v2/KEY`], flags: FORGIVING });
    for (const path of ['/../admin', '/%2e%2e/admin', '/a/..;/b'])
      expect(refusal(await asked(askForWebSocket(path), own))).toEqual([400, 'BAD_REQUEST']);
    expect(first.requests).toHaveLength(0);
  });

  it('is one that went round in a circle', async () => {
    first.use(switchProtocol());
    await TunnelClient.open(app.port);
    const via = (await first.arrived()).header('via') ?? '';
    expect(refusal(await asked(askForWebSocket('/', [`Via: ${via}`]), app))).toEqual([508, 'LOOP_DETECTED']);
  });
});

describe('a client that leaves before there is an answer', () => {
  it.each([
    ['with a FIN', (client: TunnelClient) => client.socket.end()],
    ['with a reset', (client: TunnelClient) => client.socket.resetAndDestroy()],
  ])('%s ends the attempt, and nobody is blamed', async (_, leave) => {
    const [before] = await pair.stats();
    first.use(silence());
    const bytes = askForWebSocket('/', ['X-Request-Id: leaver']);
    const seen = app.logs.length;
    const client = await TunnelClient.send(app.port, bytes, { allowHalfOpen: true });
    const request = await first.arrived();
    leave(client);
    await within(request.closed, 1_000, 'the end of the attempt');
    const line = await until(
      () => app.logs.slice(seen).find(({ id, msg }) => msg === 'Request' && id === 'leaver'),
      'the log line',
    );
    expect(line).toMatchObject({ result: 'client-left', status: 0 });
    const [after] = await pair.stats();
    expect([after?.failures, after?.connections]).toEqual([before?.failures, 0]);
    expect(second.requests).toHaveLength(0);
  });

  it('costs nobody anything, in whatever moment it leaves', async () => {
    first.use(switchProtocol({ head: 'x'.repeat(1_000) }));
    await Promise.all(
      Array.from({ length: 60 }, async (_, n) => {
        const client = await TunnelClient.send(app.port, askForWebSocket());
        await new Promise((resolve) => setTimeout(resolve, n / 4));
        client.socket.resetAndDestroy();
      }),
    );
    await until(
      async () => (await pair.stats()).every(({ connections }) => connections === 0),
      'no attempts',
    );
    await (await TunnelClient.open(app.port)).has('x');
  });
});
