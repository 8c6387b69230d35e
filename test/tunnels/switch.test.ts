// Requests for another protocol: who is asked, what is said to whom.
import { beforeEach, describe, expect, it } from 'vitest';
import { startApp } from '../support/app.ts';
import {
  answer,
  type Behaviour,
  garbage,
  htmlPage,
  raw,
  refuseRate,
  resetAfterRequest,
  silence,
} from '../support/behaviours.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { rawRequest, requestBytes } from '../support/raw-client.ts';
import { ACCEPT, askForWebSocket, KEY, switchProtocol, TunnelClient } from '../support/tunnel-client.ts';
import { until } from '../support/waiting.ts';
import { asked, FORGIVING, names, Pair, refusal } from './upgrades.ts';

const pair = await Pair.start(['--attempt-timeout=2s']);
const { first, second, app } = pair;

beforeEach(() => pair.reset());

describe('the request', () => {
  it('reaches the upstream at its own path, with its key, and as clean as any other', async () => {
    const own = await startApp({
      primaries: [`http://me:secret@127.0.0.1:${first.port}/v2/KEY?k=1`],
      flags: FORGIVING,
    });
    const client = await TunnelClient.open(
      own.port,
      askForWebSocket('/ws?a=1', [
        'Connection: X-Hop',
        'X-Hop: 1',
        'Keep-Alive: 5',
        'X-Forwarded-For: 6.6.6.6',
        'Authorization: Bearer client',
        'Cookie: a=1',
        'Cookie: b=2',
        'Origin: http://page.test',
        'X-Request-Id: my-id',
      ]),
    );
    const request = await first.arrived();
    expect(request.target).toBe('/v2/KEY/ws?k=1&a=1');
    expect(request.headers('connection').map((value) => value.toLowerCase())).toEqual(['upgrade']);
    expect(request.headers('upgrade')).toEqual(['websocket']);
    expect(request.header('host')).toBe(`127.0.0.1:${first.port}`);
    expect(request.header('sec-websocket-key')).toBe(KEY);
    expect(request.header('authorization')).toBe(`Basic ${Buffer.from('me:secret').toString('base64')}`);
    expect(request.headers('cookie')).toEqual(['a=1', 'b=2']);
    expect(request.header('origin')).toBe('http://page.test');
    expect(request.header('x-forwarded-for')).toBe('127.0.0.1');
    expect(request.header('x-forwarded-proto')).toBe('http');
    expect(request.header('x-forwarded-host')).toBe('balancer.test');
    expect(request.header('x-request-id')).toBe('my-id');
    expect(request.header('via')).toMatch(/^1\.1 rpc-load-balancer-/);
    for (const name of ['x-hop', 'keep-alive', 'content-length', 'transfer-encoding'])
      expect(names(request.headerLines)).not.toContain(name);
    expect((await client.head()).header('x-request-id')).toBe('my-id');
  });

  it('has its own bytes sent on that it did not wait with', async () => {
    let got = '';
    first.use(switchProtocol({ talk: (socket) => socket.on('data', (bytes) => (got += bytes)) }));
    const client = await TunnelClient.open(
      app.port,
      Buffer.concat([askForWebSocket(), Buffer.from('early')]),
    );
    await until(() => got === 'early', 'the early bytes');
    client.socket.write(' late');
    await until(() => got === 'early late', 'the late bytes');
  });
});

describe('the answer', () => {
  it('reaches the client with its lines, and with bytes that follow it at once', async () => {
    first.use(
      switchProtocol({
        headers: [
          ['Sec-WebSocket-Protocol', 'chat'],
          ['X-A', 'caf\xe9'],
          ['X-A', '2'],
          ['Keep-Alive', 'timeout=5'],
          ['Set-Cookie', 'c=1'],
        ],
        head: 'at once',
      }),
    );
    const client = await TunnelClient.open(app.port);
    const head = await client.head();
    expect(head.headerLines.slice(0, 7)).toEqual([
      'Connection: Upgrade',
      'Upgrade: websocket',
      `Sec-WebSocket-Accept: ${ACCEPT}`,
      'Sec-WebSocket-Protocol: chat',
      'X-A: caf\xe9',
      'X-A: 2',
      'Set-Cookie: c=1',
    ]);
    expect(names(head.headerLines).slice(7)).toEqual(['via', 'x-forwarded-server', 'x-request-id']);
    expect(head.header('x-forwarded-server')).toBe('first');
    await client.has('at once');
    expect(client.received.toString()).toBe('at once');
  });
});

describe('the next upstream is asked', () => {
  const bad: [string, Behaviour, string][] = [
    ['breaks off', resetAfterRequest(), 'reset'],
    ['says nothing', silence(), 'timeout'],
    ['answers 503', answer({ status: 503, body: 'no' }), 'status'],
    ['answers 429', refuseRate(), 'rate-limited'],
    ['answers something that is no HTTP', garbage(), 'bad-http'],
    ['gives no Sec-WebSocket-Accept', switchProtocol({ accept: [] }), 'bad-http'],
    ['gives the Sec-WebSocket-Accept of another key', switchProtocol({ accept: [KEY] }), 'bad-http'],
    ['gives two of them', switchProtocol({ accept: [ACCEPT, ACCEPT] }), 'bad-http'],
    ['switches to what nobody asked for', switchProtocol({ protocol: 'irc', accept: [ACCEPT] }), 'bad-http'],
    ['says 101 and nothing else', raw('HTTP/1.1 101 Yes\r\n\r\n'), 'bad-http'],
    ['has a line in its 101 that is none', switchProtocol({ headers: [['X-A', 'a\x01b']] }), 'bad-http'],
    ['takes no notice', htmlPage(), 'inconclusive'],
    ['answers 501', answer({ status: 501 }), 'inconclusive'],
  ];

  it.each(bad)('when the first %s', async (_, behaviour, result) => {
    const before = await pair.stats();
    first.use(behaviour);
    const client = await TunnelClient.open(app.port);
    await client.has('second');
    const head = await client.head();
    expect(head.header('x-forwarded-server')).toBe('second');
    const id = head.header('x-request-id');
    const attempts = () => app.logs.filter((line) => line.msg === 'Attempt' && line['id'] === id);
    await until(() => attempts().length === 2, 'two attempts');
    expect(attempts()).toMatchObject([
      { upstream: 'first', result },
      { upstream: 'second', result: 'answered' },
    ]);
    const after = await pair.stats();
    expect(after.map(({ requests }, n) => requests - (before[n]?.requests ?? 0))).toEqual([1, 1]);
    expect((after[0]?.failures ?? 0) - (before[0]?.failures ?? 0)).toBe(result === 'inconclusive' ? 0 : 1);
    expect(after[0]?.connections).toBe(0);
  });

  it('after 10 s, however long ATTEMPT_TIMEOUT is', async () => {
    const clock = new ManualClock();
    const patient = await startApp({
      primaries: [first],
      fallbacks: [second],
      flags: [...FORGIVING, '--attempt-timeout=1h', '--request-timeout=2h'],
      clock,
    });
    first.use(silence());
    const client = await TunnelClient.send(patient.port, askForWebSocket());
    await first.arrived();
    clock.advance(9_999);
    expect(second.requests).toHaveLength(0);
    clock.advance(101);
    await client.has('second');
  });

  it('at most MAX_ATTEMPTS times', async () => {
    const once = await startApp({
      primaries: [first],
      fallbacks: [second],
      flags: [...FORGIVING, '--max-attempts=1'],
    });
    first.use(resetAfterRequest());
    expect(refusal(await asked(askForWebSocket(), once))).toEqual([502, 'ALL_UPSTREAMS_FAILED']);
    expect(second.requests).toHaveLength(0);
  });

  it('on a fresh connection, unnoticed, when a kept one turns out to be closed', async () => {
    first.use(answer({ body: 'kept' }));
    expect((await rawRequest(app.port, requestBytes('GET /'))).text).toBe('kept');
    first.use(switchProtocol({ head: 'first' }));
    first.next(resetAfterRequest());
    await (await TunnelClient.open(app.port)).has('first');
    expect(first.requests.map(({ connection }) => connection)).toHaveLength(3);
    expect(second.requests).toHaveLength(0);
  });
});

describe('the first refusal is the answer when nobody accepts', () => {
  it.each([401, 403, 404, 426])('%i, whole', async (status) => {
    first.use(
      answer({
        status,
        reason: 'Go away',
        headers: [
          ['WWW-Authenticate', 'Basic'],
          ['X-A', '1'],
          ['X-A', '2'],
        ],
        body: 'the reason',
      }),
    );
    second.use(answer({ status: 400, body: 'another reason' }));
    const response = await asked(askForWebSocket(), app);
    expect([response.status, response.reason, response.text]).toEqual([status, 'Go away', 'the reason']);
    expect(response.headers('x-a')).toEqual(['1', '2']);
    expect(response.header('x-forwarded-server')).toBe('first');
    expect(second.requests).toHaveLength(1);
    expect((await pair.stats())[0]).toMatchObject({ state: 'usable', connections: 0 });
  });

  it.each([400, 403, 404, 405, 426])('%i is none where another upstream accepts', async (status) => {
    first.use(answer({ status }));
    second.use(switchProtocol({ head: 'second' }));
    await (await TunnelClient.open(app.port)).has('second');
    expect((await pair.stats())[0]).toMatchObject({ state: 'usable' });
  });

  it('also after one that is no refusal', async () => {
    first.use(htmlPage());
    second.use(answer({ status: 401, body: 'who are you?' }));
    expect((await asked(askForWebSocket(), app)).text).toBe('who are you?');
  });

  it('also when it is large and comes in chunks', async () => {
    const size = 300_000;
    const chunk = `${size.toString(16)}\r\n${'x'.repeat(size)}\r\n0\r\n\r\n`;
    first.use(raw(`HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`));
    second.use(answer({ status: 403 }));
    const response = await asked(askForWebSocket(), app);
    expect([response.status, response.body.length, response.complete]).toEqual([403, size, true]);
  });

  it('else the first answer, a redirect for one', async () => {
    second.use(answer({ status: 503 }));
    first.use(answer({ status: 307, headers: [['Location', '/elsewhere']] }));
    const response = await asked(askForWebSocket(), app);
    expect([response.status, response.header('location')]).toEqual([307, '/elsewhere']);
  });
});
