// The instruments of the other tests, tried against each other: a fault that they can't see, no test sees.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import {
  answer,
  type Behaviour,
  cutBody,
  cutChunked,
  earlyAnswer,
  Gate,
  garbage,
  held,
  interim,
  refuseRate,
  resetAfterRequest,
  resetOnConnect,
  silence,
  thenClose,
} from './behaviours.ts';
import { FakeUpstream, releasedPort } from './fake-upstream.ts';
import { post, rpc } from './http-client.ts';
import { load } from './load.ts';
import { RawClient, rawRequest } from './raw-client.ts';
import { BigBody, EventStream } from './streams.ts';

const GET = 'GET /x HTTP/1.1\r\nHost: a\r\n\r\n';

async function asked(behaviour: Behaviour, request = GET) {
  const upstream = await FakeUpstream.start('A', behaviour);
  const client = await RawClient.connect(upstream.port);
  client.send(request);
  return { upstream, client };
}

describe('the fake upstream', () => {
  it('echoes ids byte for byte, in batches too, and stays silent about notifications', async () => {
    const upstream = await FakeUpstream.start('A');
    const big = '{"jsonrpc":"2.0","method":"m","id":123456789012345678901234567890}';
    const batch = `[${big}, {"jsonrpc":"2.0","method":"m"}, {"id": "a\\"}," , "method":"m"}]`;
    expect((await post(upstream.url, big)).text).toBe(
      '{"jsonrpc":"2.0","id":123456789012345678901234567890,"result":"A"}',
    );
    expect((await post(upstream.url, batch)).text).toBe(
      '[{"jsonrpc":"2.0","id":123456789012345678901234567890,"result":"A"},{"jsonrpc":"2.0","id":"a\\"},","result":"A"}]',
    );
  });

  it('records lines, order, body and connection of each request', async () => {
    const { upstream, client } = await asked(
      answer({ body: 'ok' }),
      'POST /a?b HTTP/1.1\r\nHost: a\r\nX: 1\r\nY: 2\r\nX: \xe9\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na\r\n\r\n2\r\nbc\r\n0\r\n\r\n',
    );
    await client.response();
    const [request] = upstream.requests;
    expect(request?.target).toBe('/a?b');
    expect(request?.headerLines.slice(1, 4)).toEqual(['X: 1', 'Y: 2', 'X: \xe9']);
    expect(request?.body.toString()).toBe('a\r\nbc');
    expect(request?.complete).toBe(true);
    expect(request?.connection).toBe(1);
  });

  it('marks a request whose sender left as incomplete', async () => {
    const { upstream, client } = await asked(
      silence(),
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc',
    );
    const request = await upstream.arrived();
    client.leave();
    await request.closed;
    expect(request.complete).toBe(false);
    expect(request.body.toString()).toBe('abc');
  });

  it('follows its script, then its standing order', async () => {
    const upstream = await FakeUpstream.start('A');
    upstream.next(refuseRate('7'), resetOnConnect());
    expect((await post(upstream.url, '{}')).headers['retry-after']).toBe('7');
    await expect(rpc(upstream.url, 'm')).rejects.toThrow(/ECONNRESET|hang up/);
    expect((await rpc(upstream.url, 'm')).reply.result).toBe('A');
  });

  it('refuses connections when closed and takes them on the same port again', async () => {
    const upstream = await FakeUpstream.start('A');
    await upstream.close();
    await expect(rpc(upstream.url, 'm')).rejects.toThrow('ECONNREFUSED');
    await upstream.listenAgain();
    expect((await rpc(upstream.url, 'm')).reply.result).toBe('A');
  });

  it('keeps the port that it had until the end of the test, for whoever asks for this very one', async () => {
    const upstream = await FakeUpstream.start('A');
    const port = await releasedPort();
    await upstream.close();
    for (const kept of [port, upstream.port])
      await expect(RawClient.connect(kept)).rejects.toThrow('ECONNREFUSED');
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    server.close();
    await upstream.listenAgain();
    expect((await rpc(upstream.url, 'm')).reply.result).toBe('A');
  });
});

describe('the raw client sees through the fake upstream', () => {
  it.each([
    ['a body cut by FIN', cutBody('fin'), 'fin'],
    ['a body cut by a reset', cutBody('rst'), 'rst'],
    ['chunks cut by FIN', cutChunked('fin'), 'fin'],
    ['chunks cut by a reset', cutChunked('rst'), 'rst'],
  ])('%s', async (_, behaviour, how) => {
    const { client } = await asked(behaviour);
    const response = await client.response();
    expect(response.complete).toBe(false);
    expect(response.body.length).toBe(100);
    expect(await client.ended()).toBe(how);
  });

  it('a reset instead of an answer', async () => {
    const { client } = await asked(resetAfterRequest());
    expect(await client.ended()).toBe('rst');
  });

  it('garbage', async () => {
    const { client } = await asked(garbage());
    await expect(client.response()).rejects.toThrow('status line');
  });

  it('an end that was not announced', async () => {
    const { client } = await asked(thenClose(answer({ body: 'ok' })));
    expect((await client.response()).complete).toBe(true);
    expect(await client.ended()).toBe('fin');
  });

  it('interim responses, and an answer to HEAD without a body', async () => {
    const hints = [['Link', '</a>']] as const;
    const { client } = await asked(
      interim(103, hints, answer({ body: 'four' })),
      'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n',
    );
    const response = await client.response();
    expect(response.interim[0]?.header('link')).toBe('</a>');
    expect(response.header('content-length')).toBe('4');
    expect(response.body.length).toBe(0);
    client.send(GET);
    expect((await client.response()).text).toBe('four');
  });

  it('an answer before the upload ended, and one that waits for the test', async () => {
    const early = await asked(
      earlyAnswer({ status: 413 }),
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n',
    );
    expect((await early.client.response()).status).toBe(413);
    const gate = new Gate();
    const late = await asked(held(gate, answer({ body: 'late' })));
    await late.upstream.arrived();
    await expect(late.client.response(100)).rejects.toThrow('not within');
    gate.release();
    expect((await late.client.response()).text).toBe('late');
  });

  it('big bodies and events', async () => {
    const { client } = await asked(new BigBody(3_000_000, 'chunked').behaviour);
    expect((await client.response()).body.length).toBe(3_000_000);
    const events = new EventStream();
    const reader = await asked(events.behaviour);
    await events.push('one');
    expect((await reader.client.head()).complete).toBe(false);
    await events.end();
    expect((await reader.client.response()).text).toBe('data: one\n\n');
  });
});

it('the load counts good, bad and broken answers apart', async () => {
  const upstream = await FakeUpstream.start('A');
  upstream.next(refuseRate(), resetAfterRequest());
  const report = await load({ url: upstream.url, durationMs: 200, ratePerSecond: 100, expected: 'A' });
  expect(report).toMatchObject({ sent: 20, good: 18, bad: 1, errors: 1 });
});

it('two pipelined requests are answered in their order', async () => {
  const { client } = await asked(answer({ body: 'x' }), GET);
  client.send(GET);
  expect((await client.response()).text + (await client.response()).text).toBe('xx');
  expect((await rawRequest((await FakeUpstream.start('B')).port, GET)).text).toBe('B');
});
