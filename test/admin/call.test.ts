// POST /call: calls that operators make themselves, as a client and to one upstream.
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ownAddress } from '../../src/admin/console/own-request.ts';
import { AdminClient, refusalIn } from '../support/admin-client.ts';
import { type AppSetUp, startApp } from '../support/app.ts';
import {
  answer,
  answerRpc,
  cutJson,
  Gate,
  held,
  htmlPage,
  refuseRate,
  resetAfterRequest,
  rpcError,
} from '../support/behaviours.ts';
import { Authority, pairFiles } from '../support/certificates.ts';
import { FakeUpstream, releasedPort } from '../support/fake-upstream.ts';
import type { HttpResponse } from '../support/http-client.ts';
import { http, post } from '../support/http-client.ts';
import { until } from '../support/waiting.ts';

interface Called {
  readonly status: number | null;
  readonly answered_by: string | null;
  readonly attempts: readonly { readonly upstream: string; readonly result: string; readonly ms: number }[];
  readonly answer?: unknown;
  readonly text?: string;
}

async function start(setUp: Partial<AppSetUp> = {}, flags: readonly string[] = []) {
  const upstream = await FakeUpstream.start('A', answerRpc({ eth_blockNumber: '0x10' }));
  const running = await startApp({
    primaries: [`${upstream.url}/v2/seCret1 name=a header=X-Key:seCret2`],
    ...setUp,
    flags: ['--admin-port=0', ...flags, ...(setUp.flags ?? [])],
  });
  const admin = new AdminClient(running.adminUrl);
  // What a test expects of it, it checks.
  const called = (response: HttpResponse) => response.json() as Called;
  const call = async (body: unknown) => called(await admin.post('/call', body));
  return { upstream, running, admin, call };
}

const BLOCK = { method: 'eth_blockNumber' };

describe('a call through the balancer', () => {
  it('goes the way of a client, and tells who answered', async () => {
    const { running, upstream, call } = await start();
    const result = await call({ call: BLOCK });
    expect(result).toEqual({
      status: 200,
      ms: expect.any(Number),
      answered_by: 'a',
      attempts: [{ upstream: 'a', result: 'answered', ms: expect.any(Number) }],
      request_id: expect.stringMatching(/^console-[0-9a-f]{16}$/),
      cut: false,
      problem: null,
      answer: { jsonrpc: '2.0', id: 1, result: '0x10' },
    });
    expect(upstream.requests[0]?.body.toString()).toBe(
      '{"jsonrpc":"2.0","id":1,"params":[],"method":"eth_blockNumber"}',
    );
    expect((await http(`${running.url}/stats`)).json()).toMatchObject([{ requests: 1 }]);
    const id = Object(result).request_id;
    await until(() => running.logs.some((line) => line.msg === 'Request' && line.id === id), 'a line');
  });

  it('tells of all attempts', async () => {
    const second = await FakeUpstream.start('B', answerRpc({ eth_blockNumber: '0x11' }));
    const { upstream, running, call } = await start();
    await post(running.url, '{}');
    await new AdminClient(running.adminUrl).post('/servers', {
      url: second.url,
      name: 'b',
      tier: 'fallback',
    });
    upstream.use(refuseRate('60'));
    const { answered_by, attempts } = await call({ call: BLOCK });
    expect([answered_by, attempts.map(({ upstream: name, result }) => `${name} ${result}`)]).toEqual([
      'b',
      ['a rate-limited', 'b answered'],
    ]);
  });

  it('is a batch where a batch is given, and keeps what a call has of its own', async () => {
    const { upstream, call } = await start();
    const { answer: items } = await call({ call: [BLOCK, { ...BLOCK, id: 'x', params: [1] }] });
    expect(items).toMatchObject([
      { id: 1, result: '0x10' },
      { id: 'x', result: '0x10' },
    ]);
    expect(JSON.parse(upstream.requests[0]?.body.toString() ?? '')).toMatchObject([
      { params: [] },
      { params: [1] },
    ]);
  });

  it('keeps all digits of a number', async () => {
    const { upstream, admin } = await start();
    upstream.use(answer({ body: '{"jsonrpc":"2.0","id":1,"result":18446744073709551615}' }));
    expect((await admin.post('/call', { call: BLOCK })).text).toContain('"result":18446744073709551615}');
  });

  it('gets the answer of our own where nobody has one', async () => {
    const { upstream, call } = await start();
    upstream.use(resetAfterRequest());
    const result = await call({ call: BLOCK });
    expect(result).toMatchObject({ status: 502, answered_by: null, problem: null });
    expect(result.answer).toMatchObject({ error: { data: { code: 'ALL_UPSTREAMS_FAILED' } } });
  });

  it('goes to the pool that is named', async () => {
    const base = await FakeUpstream.start('base');
    const flags = [`--rpc-urls-base=${base.url} name=b`, '--fallback-rpc-urls-base=none'];
    const { admin, call } = await start({}, flags);
    expect(await call({ call: BLOCK, pool: 'base' })).toMatchObject({ answered_by: 'b' });
    expect(await call({ call: BLOCK })).toMatchObject({ answered_by: 'a' });
    expect(await call({ call: BLOCK, upstream: 'b' })).toMatchObject({ answered_by: 'b' });
    expect(refusalIn(await admin.post('/call', { call: BLOCK, pool: 'none' }))).toEqual([
      404,
      'UNKNOWN_POOL',
    ]);
    expect(refusalIn(await admin.post('/call', { call: BLOCK, pool: 'base', upstream: 'a' }))).toEqual([
      404,
      'UNKNOWN_UPSTREAM',
    ]);
  });

  it('is let in where clients need keys, also after a reload, and no key goes further', async () => {
    const primaries = [`${(await FakeUpstream.start()).url} name=a`];
    const { running, call } = await start({ primaries }, ['--api-keys=alice:a-key-of-alice-1']);
    expect((await post(running.url, JSON.stringify(BLOCK))).status).toBe(401);
    expect(await call({ call: BLOCK })).toMatchObject({ status: 200, answered_by: 'a' });
    const flags = ['--admin-port=0', '--api-keys=bob:a-key-of-bob-123', '--client-rps=1'];
    await running.reload({ primaries, flags });
    for (let i = 0; i < 3; i++) expect(await call({ call: BLOCK })).toMatchObject({ status: 200 });
    const requests = () =>
      running.logs.filter(({ msg, clientName }) => msg === 'Request' && clientName === 'console');
    await until(() => requests().length === 4, 'four lines');
    expect(JSON.stringify((await http(`${running.adminUrl}/config`)).json())).not.toContain('console');
  });

  it('sends upstreams no key, whether clients need one or not', async () => {
    for (const flags of [['--api-keys=alice:a-key-of-alice-1'], []]) {
      const { upstream, call } = await start({}, flags);
      await call({ call: BLOCK });
      expect(upstream.requests[0]?.headers('x-api-key')).toEqual([]);
      expect(upstream.requests[0]?.headers('authorization')).toEqual([]);
    }
  });

  it('sees what clients see where their methods are limited', async () => {
    const { call } = await start({}, ['--allow-methods=eth_chainId', '--client-rps=5']);
    const { answer: reply } = await call({ call: BLOCK });
    expect(reply).toMatchObject({ error: { data: { code: 'METHOD_DENIED' } } });
  });

  it('speaks TLS where the client port does, whatever the certificate says', async () => {
    const { flags } = pairFiles(new Authority().certify(['lb.example']));
    const { call } = await start({}, flags);
    expect(await call({ call: BLOCK })).toMatchObject({ status: 200, answered_by: 'a' });
  });

  it('ends when the operator leaves', async () => {
    const { upstream, running } = await start();
    const gate = new Gate();
    upstream.use(held(gate, answer({})));
    const left = new AbortController();
    const calling = fetch(`${running.adminUrl}/call`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ call: BLOCK }),
      signal: left.signal,
    });
    await upstream.arrived();
    left.abort();
    await expect(calling).rejects.toThrow();
    await until(() => upstream.openConnections === 0, 'the end of the request');
    gate.release();
  });
});

describe('a call to one upstream', () => {
  it('goes there alone, whatever its state, with its credentials, and is not counted', async () => {
    const { running, upstream, admin, call } = await start();
    await admin.patch('/servers/a', { draining: true });
    expect(await call({ call: BLOCK, upstream: 'a' })).toMatchObject({
      status: 200,
      answered_by: 'a',
      attempts: [{ upstream: 'a', result: 'answered' }],
      request_id: null,
      answer: { result: '0x10' },
    });
    const [request] = upstream.requests;
    expect([request?.target, request?.headers('x-key')]).toEqual(['/v2/seCret1', ['seCret2']]);
    expect((await http(`${running.url}/stats`)).json()).toMatchObject([{ requests: 0, probe_calls: 0 }]);
    await until(() => running.logs.some(({ msg }) => msg === 'Called by an operator'), 'a line');
  });

  it('hides its secrets, however it quotes them', async () => {
    const { upstream, admin } = await start();
    const quoting = [
      rpcError({ code: -32000, message: 'no such key: seCret1, sec\\u0052et2' }),
      answer({ status: 404, body: '<p>/v2/seCret1 with SECRET2</p>' }),
      answer({ body: '{"jsonrpc":"2.0","id":1,"result":{"seCret1":["X-Key: seCret2"]}}' }),
    ];
    for (const behaviour of quoting) {
      upstream.use(behaviour);
      for (const body of [{ call: BLOCK, upstream: 'a' }, { call: BLOCK }]) {
        const { status, text } = await admin.post('/call', body);
        expect(status).toBe(200);
        expect(text).not.toMatch(/secret\d/i);
      }
      await admin.post('/servers/a/release');
    }
  });

  it.each([
    ['a page', htmlPage(503), { status: 503, problem: null }, /<h1>/],
    ['half a document', cutJson(), { status: 200, problem: null }, /^\{"jsonrpc":"2.0","id":1,"resu$/],
    ['nothing', resetAfterRequest(), { status: null, answered_by: null }, /^$/],
  ])('tells of %s as text', async (_, behaviour, expected, text) => {
    const { upstream, call } = await start();
    upstream.use(behaviour);
    const result = await call({ call: BLOCK, upstream: 'a' });
    expect(result).toMatchObject(expected);
    expect(result.text).toMatch(text);
  });

  it('says why there is no answer', async () => {
    const { call } = await start({ primaries: [`http://127.0.0.1:${await releasedPort()} name=a`] });
    expect(await call({ call: BLOCK, upstream: 'a' })).toMatchObject({
      status: null,
      answered_by: null,
      attempts: [{ upstream: 'a', result: 'refused' }],
      problem: 'connection refused (ECONNREFUSED)',
    });
  });

  it.each(['a', undefined])('shows 64 kB of a long answer at most, upstream %s', async (name) => {
    const { upstream, call } = await start();
    upstream.use(answerRpc({ eth_blockNumber: 'x'.repeat(300_000) }));
    const result = await call({ call: BLOCK, upstream: name });
    expect(result).toMatchObject({ status: 200, cut: true, problem: null });
    expect(result.text).toMatch(/^\{"jsonrpc":"2.0","id":1,"result":"x{65000,65536}$/);
    expect(result).not.toHaveProperty('answer');
  });
});

it('a secret in which a long answer is cut shows no part of itself', async () => {
  const { upstream, admin } = await start();
  for (const filler of [64_490, 65_500, 65_530]) {
    const body = `"${'x'.repeat(filler)}seCret1${'y'.repeat(5_000)}"`;
    upstream.use(answer({ body }));
    const { text } = await admin.post('/call', { call: BLOCK, upstream: 'a' });
    expect(text).not.toMatch(/xs|xse/i);
  }
});

describe('an answer', () => {
  const bytesOf = (...parts: (string | Buffer)[]) =>
    answer({ body: Buffer.concat(parts.map((part) => Buffer.from(part))) });
  const escapedSecret = '{"a":"sec\\u0052et1 se\\u0043ret2"}';

  it.each([
    ['with a byte order mark', bytesOf('\ufeff', escapedSecret)],
    ['of two JSON texts', bytesOf('{}\n', escapedSecret)],
    ['of an event', bytesOf(`data: ${escapedSecret}\n\n`)],
    ['of JSON within JSON', bytesOf(JSON.stringify({ a: escapedSecret }))],
    ['in UTF-16', bytesOf(Buffer.from(escapedSecret, 'utf16le'), Buffer.from('{"a":"seCret1"}', 'utf16le'))],
    [
      'that is cut in a secret of many bytes',
      bytesOf(`"${'ä'.repeat(32_762)}xx/v2/seCret1${'y'.repeat(5_000)}"`),
    ],
    ['that is packed', answer({ headers: [['Content-Encoding', 'gzip']], body: gzipSync('"seCret1"') })],
  ])('%s shows no secret', async (_, behaviour) => {
    const { upstream, admin } = await start();
    upstream.use(behaviour);
    for (const name of ['a', undefined]) {
      const { status, text } = await admin.post('/call', { call: BLOCK, upstream: name });
      expect(status).toBe(200);
      expect(text.replaceAll('\\u0000', '').replaceAll('\0', '')).not.toMatch(/ret[12]|v2|u0052/i);
    }
  });

  it('that is no text is not shown, and one that is packed is unpacked', async () => {
    const { upstream, call } = await start();
    upstream.use(bytesOf(Buffer.from('{}', 'utf16le')));
    expect(await call({ call: BLOCK, upstream: 'a' })).toMatchObject({
      text: '',
      problem: 'the answer is not text',
    });
    upstream.use(answer({ headers: [['Content-Encoding', 'gzip']], body: gzipSync('{"result":1}') }));
    expect(await call({ call: BLOCK, upstream: 'a' })).toMatchObject({
      answer: { result: 1 },
      problem: null,
    });
    upstream.use(answer({ headers: [['Content-Encoding', 'lzma']], body: 'packed' }));
    expect(await call({ call: BLOCK, upstream: 'a' })).toMatchObject({
      text: '',
      problem: 'the answer came packed, and could not be unpacked',
    });
  });

  it('of an upstream that was added during the call, and is gone by its end, shows no secret', async () => {
    const { upstream, admin, call } = await start();
    const late = await FakeUpstream.start('late');
    const [first, second] = [new Gate(), new Gate()];
    upstream.use(held(first, answer({ status: 500, body: 'no' })));
    late.use(held(second, answer({ body: '{"jsonrpc":"2.0","id":1,"result":"lateKey99"}' })));
    const calling = call({ call: BLOCK });
    await upstream.arrived();
    await admin.post('/servers', { url: `${late.url}/lateKey99`, name: 'late' });
    first.release();
    await late.arrived();
    await admin.delete('/servers/late');
    second.release();
    expect(await calling).toMatchObject({ answered_by: 'late', answer: { result: '***' } });
  });
});

describe('what is sent', () => {
  it('is what was written, to the last digit', async () => {
    const { upstream, running, admin } = await start();
    const params = '[12345678901234567890, 1e400, 1.0]';
    for (const more of ['', ',"upstream":"a"']) {
      await http(`${running.adminUrl}/call`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: `{"call":1,"c\\u0061ll": {"method":"m", "params":${params}}${more}}`,
      });
      expect(upstream.requests.at(-1)?.body.toString()).toBe(
        `{"jsonrpc":"2.0","id":1,"method":"m", "params":${params}}`,
      );
    }
    await admin.post('/call', { call: [{ method: 'a', id: 2 }, { method: 'b' }, { method: 'c' }] });
    const items: { id: number }[] = JSON.parse(upstream.requests.at(-1)?.body.toString() ?? '');
    expect(items.map(({ id }) => id)).toEqual([2, 1, 3]);
  });

  it('may not be nested without end', async () => {
    const { running } = await start();
    for (const path of ['/call', '/servers']) {
      const response = await http(running.adminUrl + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: `{"call":{"method":"m","params":${'['.repeat(30_000)}${']'.repeat(30_000)}}}`,
      });
      expect(refusalIn(response)).toEqual([400, 'INVALID_INPUT']);
    }
  });

  it('to one upstream ends when the operator leaves', async () => {
    const { upstream, running, call } = await start();
    upstream.use(held(new Gate(), answer({})));
    const left = new AbortController();
    const calling = Array.from({ length: 4 }, () =>
      fetch(`${running.adminUrl}/call`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ call: BLOCK, upstream: 'a' }),
        signal: left.signal,
      }),
    );
    await upstream.arrived(4);
    left.abort();
    await Promise.allSettled(calling);
    await until(() => upstream.openConnections === 0, 'the end of the calls');
    upstream.use(answerRpc({ eth_blockNumber: '0x10' }));
    expect(await call({ call: BLOCK, upstream: 'a' })).toMatchObject({ status: 200 });
  });
});

describe('POST /call', () => {
  it.each<[string, unknown, readonly [number, string]]>([
    ['no body', undefined, [400, 'INVALID_INPUT']],
    ['no call', {}, [400, 'INVALID_INPUT']],
    ['a call that is none', { call: 'eth_blockNumber' }, [400, 'INVALID_INPUT']],
    ['a call without a method', { call: { params: [] } }, [400, 'INVALID_INPUT']],
    ['a method that is none', { call: { method: 1 } }, [400, 'INVALID_INPUT']],
    ['an empty batch', { call: [] }, [400, 'INVALID_INPUT']],
    ['a batch with null', { call: [BLOCK, null] }, [400, 'INVALID_INPUT']],
    ['a pool that is no name', { call: BLOCK, pool: 1 }, [400, 'INVALID_INPUT']],
    ['an unknown key', { call: BLOCK, url: 'http://127.0.0.1' }, [400, 'INVALID_INPUT']],
    ['an unknown upstream', { call: BLOCK, upstream: 'b' }, [404, 'UNKNOWN_UPSTREAM']],
    ['an unknown pool', { call: BLOCK, pool: 'b' }, [404, 'UNKNOWN_POOL']],
  ])('refuses %s', async (_, body, expected) => {
    const { admin, upstream } = await start();
    expect(refusalIn(await admin.post('/call', body))).toEqual(expected);
    expect(upstream.requests).toHaveLength(0);
  });

  it('makes four calls at a time', async () => {
    const { admin, upstream } = await start();
    const gate = new Gate();
    upstream.use(held(gate, answer({ body: '{"jsonrpc":"2.0","id":1,"result":1}' })));
    const calls = ['a', 'a', undefined, undefined].map((name) =>
      admin.post('/call', { call: BLOCK, upstream: name }),
    );
    await upstream.arrived(4);
    expect(refusalIn(await admin.post('/call', { call: BLOCK }))).toEqual([429, 'TOO_MANY_CALLS']);
    gate.release();
    for (const { status } of await Promise.all(calls)) expect(status).toBe(200);
    expect((await admin.post('/call', { call: BLOCK })).status).toBe(200);
  });
});

it.each([
  ['0.0.0.0', '127.0.0.1'],
  ['::', '::1'],
  ['127.0.0.1', '127.0.0.1'],
  ['10.1.2.3', '10.1.2.3'],
])('a port that listens at %s is reached at %s', (address, host) => {
  expect(ownAddress({ address, port: 8080, family: '' }, true)).toEqual({ host, port: 8080, secure: true });
});
