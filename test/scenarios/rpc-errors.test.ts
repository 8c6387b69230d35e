// What a JSON-RPC error means: who is asked next, what the client is told, and how long the upstream rests.
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { answer, type Behaviour } from '../support/behaviours.ts';
import { post, rpc } from '../support/http-client.ts';
import { firstSecondThird } from '../support/line-ups.ts';
import { answerEach, errorMember } from '../support/rpc-script.ts';

const { first, second, third, upstreams, daemon } = await firstSecondThird();

const asked = () => upstreams.map(({ requests }) => requests.length);
const failures = async () => (await daemon.stats()).map((row) => row.failures);
const reply = (member: string) => `{"jsonrpc":"2.0","id":1,${member}}`;
const call = (method = 'eth_call') => post(daemon.url, `{"jsonrpc":"2.0","id":1,"method":"${method}"}`);

/** Each upstream answers with the same error, and with data of its own. */
function allSay(code: number, message: string, status = 200): void {
  for (const upstream of upstreams)
    upstream.use(answerEach(() => errorMember(code, message, upstream.label), { status }));
}

describe('an error that nobody knows', () => {
  it('is asked about everywhere, and the first one is passed on; nobody is blamed', async () => {
    const before = await failures();
    allSay(-32099, 'the flux is odd');
    const { text, status } = await call();
    expect([status, text]).toEqual([200, reply(errorMember(-32099, 'the flux is odd', 'first'))]);
    expect([asked(), await failures()]).toEqual([[1, 1, 1], before]);
    expect((await daemon.stats()).map(({ state }) => state)).toEqual(['usable', 'usable', 'usable']);
  });

  it('gives way to an answer', async () => {
    first.use(answerEach(() => errorMember(-32099, 'odd')));
    second.use(answerEach(() => errorMember(-32005, 'rate limit')));
    expect((await call()).text).toBe(reply('"result":"third"'));
  });

  it('is passed on at once for a call that acts', async () => {
    allSay(-32099, 'odd');
    expect((await call('eth_sendTransaction')).text).toBe(reply(errorMember(-32099, 'odd', 'first')));
    expect(asked()).toEqual([1, 0, 0]);
  });

  it('keeps the status and the header lines that it came with', async () => {
    first.use(answerEach(() => errorMember(-32099, 'odd'), { status: 500, headers: [['X-Node', 'n1']] }));
    second.use(answer({ status: 502 }));
    third.use(answer({ status: 502 }));
    const response = await call();
    expect([response.status, response.text]).toEqual([500, reply(errorMember(-32099, 'odd'))]);
    expect(response.headers).toMatchObject({
      'x-node': 'n1',
      'x-forwarded-server': 'first',
    });
  });
});

describe('missing data', () => {
  it.each([
    [-32000, 'missing trie node 0xabc'],
    [-32000, 'header not found'],
    [3, 'historical state of block 7 is not available'],
  ])('is looked for everywhere, and nobody is blamed (%i, "%s")', async (code, message) => {
    const before = await failures();
    allSay(code, message);
    expect((await call()).text).toBe(reply(errorMember(code, message, 'first')));
    third.use(answerEach(() => '"result":"0x1"'));
    expect((await call()).text).toBe(reply('"result":"0x1"'));
    expect([asked(), await failures()]).toEqual([[2, 2, 2], before]);
  });

  it.each(['null', '[]', '""', '{}', 'false', '0'])('is not what a result of %s means', async (result) => {
    first.use(answerEach(() => `"result":${result}`));
    expect((await call('eth_getTransactionReceipt')).text).toBe(reply(`"result":${result}`));
    expect(asked()).toEqual([1, 0, 0]);
  });
});

describe('more than one upstream gives at once', () => {
  it.each([
    [-32000, 'query returned more than 10000 results', 200],
    [-32614, 'eth_getLogs is limited to a 10,000 range', 413],
    [-32005, 'Maximum allowed number of requested blocks is 1000', 200],
    [31, 'Batch of more than 3 requests are not allowed on free tier', 500],
  ])('another may give; nobody is blamed (%i, "%s")', async (code, message, status) => {
    const before = await failures();
    const sayThat = answerEach(() => errorMember(code, message), { status });
    first.use(sayThat);
    second.use(sayThat);
    expect((await call('eth_getLogs')).text).toBe(reply('"result":"third"'));
    third.use(sayThat);
    expect((await call('eth_getLogs')).text).toBe(reply(errorMember(code, message)));
    expect([asked(), await failures()]).toEqual([[2, 2, 2], before]);
  });
});

describe('the answer is final', () => {
  it.each([
    [3, 'execution reverted: deposit limit exceeded', 200],
    [-32000, 'execution reverted: too many requests', 500],
    [-32602, 'invalid argument 0: json: cannot unmarshal hex string', 200],
    [-32016, 'sender is over rate limit', 429],
  ])('for %i, "%s" with HTTP status %i, unchanged', async (code, message, status) => {
    const before = await failures();
    const headers = [['X-Node', 'n1']] as const;
    first.use(answerEach(() => errorMember(code, message, { a: [1.0] }), { status, headers }));
    const response = await call();
    expect([response.status, response.text]).toEqual([status, reply(errorMember(code, message, { a: [1] }))]);
    expect(response.headers['x-node']).toBe('n1');
    expect([asked(), await failures()]).toEqual([[1, 0, 0], before]);
  });
});

describe("an upstream's own trouble", () => {
  it.each([
    [-32005, 'project ID request rate exceeded'],
    [-32012, 'credits limited to 330/sec'],
    [-32005, 'daily request count exceeded, request rate limited'],
    [-32000, 'Monthly capacity limit exceeded. Visit /billing'],
    [-32600, 'Must be authenticated!'],
    [-32000, 'invalid api key'],
    [-32603, 'Internal error'],
    [-32000, '503 Service Unavailable'],
  ])('is never passed on (%i, "%s")', async (code, message) => {
    allSay(code, message);
    const response = await call();
    expect([429, 502]).toContain(response.status);
    expect(response.text).not.toContain(message);
    expect(asked()).toEqual([1, 1, 1]);
    third.use(answerEach(() => errorMember(-32099, 'odd')));
    await daemon.allUsable();
    expect((await call()).text).toBe(reply(errorMember(-32099, 'odd')));
  });

  it('does not hide that a call that acts was refused', async () => {
    first.use(
      answerEach(() => errorMember(-32603, 'Internal error'), {
        status: 503,
        headers: [['Retry-After', '1']],
      }),
    );
    expect((await call('eth_sendTransaction')).text).toBe(reply('"result":"second"'));
  });
});

describe('a compressed body', () => {
  const codings = [
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
  ] as const;
  const compressed = (coding: string, encode: (body: Buffer) => Buffer, member: string): Behaviour =>
    answerEach(() => member, { encode, headers: [['Content-Encoding', coding]] });

  it.each(codings)('with an answer passes byte for byte: %s', async (coding, encode) => {
    for (const member of ['"result":"0x1"', errorMember(3, 'execution reverted')]) {
      first.use(compressed(coding, encode, member));
      const response = await call();
      expect(response.headers['content-encoding']).toBe(coding);
      expect(response.body).toEqual(encode(Buffer.from(reply(member))));
    }
    expect(asked()).toEqual([2, 0, 0]);
  });

  it.each(codings)('with an error is judged by it: %s', async (coding, encode) => {
    const before = await failures();
    first.use(compressed(coding, encode, errorMember(-32005, 'Too Many Requests')));
    const response = await call();
    expect([response.text, response.headers['content-encoding']]).toEqual([
      reply('"result":"second"'),
      undefined,
    ]);
    expect(await failures()).toEqual([(before[0] ?? 0) + 1, ...before.slice(1)]);
  });

  it('with the first informative error is passed on as text', async () => {
    first.use(compressed('gzip', gzipSync, errorMember(-32000, 'header not found')));
    for (const upstream of [second, third]) upstream.use(answer({ status: 500 }));
    const response = await call();
    expect([response.text, response.headers['content-encoding']]).toEqual([
      reply(errorMember(-32000, 'header not found')),
      undefined,
    ]);
  });

  it('of a batch is put together anew when an item was mended', async () => {
    const encode = gzipSync;
    const throttled = errorMember(-32005, 'Too Many Requests');
    first.use(
      answerEach(({ id }) => (id === '1' ? throttled : '"result":"first"'), {
        encode,
        headers: [['Content-Encoding', 'gzip']],
      }),
    );
    const batch = [1, 2].map((id) => ({ jsonrpc: '2.0', id, method: 'eth_call' }));
    const response = await post(daemon.url, JSON.stringify(batch));
    expect(response.headers['content-encoding']).toBeUndefined();
    expect(response.json()).toMatchObject([{ result: 'second' }, { result: 'first' }]);
  });

  it('that is not what its coding says is no answer', async () => {
    first.use(answer({ body: reply('"result":1'), headers: [['Content-Encoding', 'gzip']] }));
    expect((await rpc(daemon.url, 'eth_call')).reply.result).toBe('second');
  });
});

describe('an answer of 300 kB', () => {
  it.each([
    ['of a known length', 'length'],
    ['in chunks', 'chunked'],
  ])('%s flows through', async (_, framing) => {
    const body = reply(`"result":"0x${'f'.repeat(300_000)}"`);
    const chunked = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
    first.use(
      framing === 'length'
        ? answer({ body })
        : answer({ headers: [['Transfer-Encoding', 'chunked']], body: chunked }),
    );
    expect((await call()).text).toBe(body);
    expect(asked()).toEqual([1, 0, 0]);
  });

  it('that is a page is none', async () => {
    const headers = [['Content-Type', 'text/html; charset=utf-8']] as const;
    first.use(answer({ headers, body: `<html>${'x'.repeat(300_000)}` }));
    expect((await call()).text).toBe(reply('"result":"second"'));
  });
});
