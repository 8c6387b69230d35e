// A signed transaction can land only once: what a node says against a second copy may be good news.
import { gzipSync } from 'node:zlib';
import { type Hex, keccak256 } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { describe, expect, it } from 'vitest';
import {
  answer,
  type Behaviour,
  cutBody,
  htmlPage,
  refuseRate,
  resetAfterRequest,
  rpcError,
  silence,
} from '../support/behaviours.ts';
import type { FakeUpstream } from '../support/fake-upstream.ts';
import { post, rpc } from '../support/http-client.ts';
import { primaryAndFallback } from '../support/line-ups.ts';
import { answerEach, callsIn, errorMember } from '../support/rpc-script.ts';

const { primary, fallback, daemon } = await primaryAndFallback({ ATTEMPT_TIMEOUT: '2s' });
const raw: Hex = await privateKeyToAccount(`0x${'46'.repeat(32)}`).signTransaction({
  chainId: 1,
  nonce: 9,
  gas: 21_000n,
  maxFeePerGas: 2n,
  to: `0x${'35'.repeat(20)}`,
});
const hash = keccak256(raw);

const send = (id = '1', transaction: unknown = raw, method = 'eth_sendRawTransaction') =>
  `{"jsonrpc":"2.0","id":${id},"method":"${method}","params":${JSON.stringify([transaction])}}`;
const done = (id = '1') => `{"jsonrpc":"2.0","id":${id},"result":"${hash}"}`;
const methods = (upstream: FakeUpstream) =>
  upstream.requests.flatMap(({ body }) => callsIn(body).map(({ method }) => method));
const tooLow = errorMember(-32000, 'nonce too low: next nonce 10, tx nonce 9');
/** Says that the nonce is used, and finds this transaction. */
const used = (transaction: unknown, encode?: (body: Buffer) => Buffer): Behaviour =>
  answerEach(
    ({ method }) =>
      method === 'eth_getTransactionByHash' ? `"result":${JSON.stringify(transaction)}` : tooLow,
    encode ? { encode, headers: [['Content-Encoding', 'gzip']] } : {},
  );

describe('a transaction that is there already', () => {
  it.each([
    [-32000, 'already known'],
    [-32000, 'ALREADY_EXISTS: already known'],
    [-32010, 'Transaction with the same hash was already imported.'],
    [-32000, 'known transaction: 33d8e1'],
    [-32003, 'transaction already in mempool'],
    [-32010, 'AlreadyKnown'],
  ])('has been sent (%i, "%s")', async (code, message) => {
    primary.use(rpcError({ code, message }));
    const response = await post(daemon.url, send('1.0'));
    expect([response.status, response.text]).toEqual([200, done('1.0')]);
    expect([methods(primary), fallback.requests.length]).toEqual([['eth_sendRawTransaction'], 0]);
  });

  it('has been sent, even if that comes with an HTTP error, or after a first upstream refused it', async () => {
    primary.next(answer({ status: 400, body: `{"id":1,${errorMember(-32000, 'already known')}}` }));
    const direct = await post(daemon.url, send());
    expect([direct.status, direct.text]).toEqual([200, done()]);
    primary.next(rpcError({ code: -32003, message: 'transaction fee too low' }));
    fallback.use(rpcError({ code: -32000, message: 'already known' }));
    const later = await post(daemon.url, send());
    expect([later.status, later.text]).toEqual([200, done()]);
  });

  it('has been sent in a batch, too', async () => {
    const known = errorMember(-32000, 'already known');
    primary.use(answerEach(({ method }) => (method === 'eth_chainId' ? '"result":"0x1"' : known)));
    const chain = '{"jsonrpc":"2.0","id":2,"method":"eth_chainId"}';
    const { text } = await post(daemon.url, `[${send()},${chain},${send('"b"')}]`);
    expect(text).toBe(`[${done()},{"jsonrpc":"2.0","id":2,"result":"0x1"},${done('"b"')}]`);
  });

  it.each([
    ['whose hash can not be told', '0x7effee', 'eth_sendRawTransaction'],
    ['of which a receipt was wanted', undefined, 'eth_sendRawTransactionSync'],
  ])('%s brings the error', async (_, transaction, method) => {
    const error = { code: -32000, message: 'already known' };
    primary.use(rpcError(error));
    const { json } = await post(daemon.url, send('1', transaction ?? raw, method));
    expect(json()).toEqual({ jsonrpc: '2.0', id: 1, error });
  });
});

it('a node that has no room, or knows no such kind, sends it on; a pretty-printed "known" is success', async () => {
  primary.use(rpcError({ code: -32000, message: 'txpool is full' }));
  fallback.use(
    answer({
      status: 400,
      body: JSON.stringify(
        { jsonrpc: '2.0', id: 1, error: { code: -32000, message: 'Known transaction' } },
        null,
        2,
      ),
    }),
  );
  expect((await post(daemon.url, send())).text).toBe(done());
  expect((await daemon.stats()).map(({ state }) => state)).toEqual(['usable', 'usable']);
});

describe('a used nonce after an attempt whose fate is unknown', () => {
  const unknownFates: [string, () => Behaviour][] = [
    ['the connection was cut', () => resetAfterRequest()],
    ['the answer was cut', () => cutBody('fin')],
    ['no answer came', () => silence()],
    ['a page came', () => htmlPage()],
    ['500 came', () => answer({ status: 500 })],
    ['the upstream had trouble of its own', () => rpcError({ code: -32603, message: 'Connection reset' })],
  ];

  it.each(unknownFates)('is success when the transaction is found (%s)', async (_, behaviour) => {
    primary.use(behaviour());
    fallback.use(used({ hash }));
    const response = await post(daemon.url, send('"x"'));
    expect([response.status, response.text]).toEqual([200, done('"x"')]);
    expect(methods(primary)).toEqual(['eth_sendRawTransaction']);
    expect(methods(fallback)).toEqual(['eth_sendRawTransaction', 'eth_getTransactionByHash']);
    expect(JSON.parse(`${fallback.requests[1]?.body}`)).toMatchObject({ params: [hash] });
  });

  it('is looked up without the client’s headers and path, in an attempt that is counted like any other', async () => {
    const requestsOf = async () => (await daemon.stats()).map(({ requests }) => requests);
    const [before = 0, beforeFallback = 0] = await requestsOf();
    primary.use(resetAfterRequest());
    fallback.use(used({ hash }));
    const headers = { 'x-client': 'c', authorization: 'Bearer c', cookie: 'c=1', 'x-request-id': 'c-1' };
    expect((await post(`${daemon.url}/path?query=1`, send(), headers)).text).toBe(done());
    const [sent, lookedUp] = fallback.requests;
    expect(sent?.target).toBe('/path?query=1');
    expect(lookedUp?.target).toBe('/');
    const names = lookedUp?.headerLines.map((line) => line.split(':')[0]?.toLowerCase());
    expect(names?.sort()).toEqual(['accept', 'connection', 'content-length', 'content-type', 'host']);
    expect(await requestsOf()).toEqual([before + 1, beforeFallback + 2]);
  });

  it.each([
    ['is not found', used(null)],
    ['can not be looked for', answerEach(() => tooLow)],
  ])('is the error when the transaction %s', async (_, behaviour) => {
    primary.use(resetAfterRequest());
    fallback.use(behaviour);
    const response = await post(daemon.url, send());
    expect([response.status, response.text]).toEqual([200, `{"jsonrpc":"2.0","id":1,${tooLow}}`]);
    expect(methods(fallback)).toEqual(['eth_sendRawTransaction', 'eth_getTransactionByHash']);
  });

  it.each([
    ['401', answer({ status: 401, body: '{"error":"key missing"}' })],
    ['403', answer({ status: 403, body: 'unknown host' })],
    ['429', refuseRate()],
    ['a page', htmlPage()],
  ])('is the error when the look-up is answered with %s, which puts nobody out', async (_, refusal) => {
    const tooLowOf = answerEach(() => tooLow);
    const isLookUp = (body: Buffer | string) => `${body}`.includes('eth_getTransactionByHash');
    primary.use({
      at: 'body',
      run(socket, request) {
        const chosen = isLookUp(request.body) ? refusal : tooLowOf;
        if (chosen.at !== 'connect') chosen.run(socket, request);
      },
    });
    expect((await post(daemon.url, send())).text).toBe(`{"jsonrpc":"2.0","id":1,${tooLow}}`);
    expect(methods(primary)).toEqual(['eth_sendRawTransaction', 'eth_getTransactionByHash']);
    expect((await daemon.stats()).map(({ state }) => state)).toEqual(['usable', 'usable']);
  });

  it('is success when the transaction comes compressed', async () => {
    primary.use(resetAfterRequest());
    fallback.use(used({ hash }, gzipSync));
    expect((await post(daemon.url, send(), { 'accept-encoding': 'gzip' })).text).toBe(done());
  });

  it('is success for one of a batch, the error for another', async () => {
    const other = await privateKeyToAccount(`0x${'46'.repeat(32)}`).signTransaction({
      nonce: 8,
      gasPrice: 1n,
    });
    primary.use(resetAfterRequest());
    fallback.use(
      answerEach(({ method, source }) => {
        if (method !== 'eth_getTransactionByHash') return tooLow;
        return `"result":${source.includes(hash) ? '{}' : 'null'}`;
      }),
    );
    const { text } = await post(daemon.url, `[${send('1', other)},${send('2')}]`);
    expect(text).toBe(`[{"jsonrpc":"2.0","id":1,${tooLow}},${done('2')}]`);
  });

  it('is success when it was the same upstream, that closed a kept connection after it took it', async () => {
    await rpc(daemon.url, 'eth_chainId');
    const [before] = await daemon.stats();
    primary.next(resetAfterRequest());
    primary.use(used({ hash }));
    expect((await post(daemon.url, send())).text).toBe(done());
    expect(methods(primary).slice(1)).toEqual([
      'eth_sendRawTransaction',
      'eth_sendRawTransaction',
      'eth_getTransactionByHash',
    ]);
    expect(fallback.requests).toHaveLength(0);
    expect((await daemon.stats())[0]?.failures).toBe(before?.failures);
  });
});

describe('a used nonce is success, whoever used it, if it was this transaction', () => {
  const sentAndLookedUp = ['eth_sendRawTransaction', 'eth_getTransactionByHash'];

  it('when nobody was asked before', async () => {
    primary.use(used({ hash }));
    expect((await post(daemon.url, send())).text).toBe(done());
    expect([methods(primary), fallback.requests.length]).toEqual([sentAndLookedUp, 0]);
  });

  it('else the error', async () => {
    primary.use(used(null));
    expect((await post(daemon.url, send())).text).toBe(`{"jsonrpc":"2.0","id":1,${tooLow}}`);
    expect([methods(primary), fallback.requests.length]).toEqual([sentAndLookedUp, 0]);
  });

  it.each([
    ['was rate-limited', refuseRate()],
    ['said that it was rate-limited', rpcError({ code: -32005, message: 'rate limit' })],
  ])('when the upstream before %s', async (_, behaviour) => {
    primary.use(behaviour);
    fallback.use(used({ hash }));
    expect((await post(daemon.url, send())).text).toBe(done());
    expect(methods(fallback)).toEqual(sentAndLookedUp);
  });

  it('when the upstream before refused the connection', async () => {
    await primary.close();
    fallback.use(used({ hash }));
    const { text } = await post(daemon.url, send());
    await primary.listenAgain();
    expect(text).toBe(done());
    expect(methods(fallback)).toEqual(sentAndLookedUp);
  });
});

describe('an error', () => {
  it.each([
    [-32000, 'replacement transaction underpriced'],
    [-32000, 'transaction underpriced: tip needed 1, tip permitted 0'],
    [-32000, 'insufficient funds for gas * price + value: balance 0'],
    [-32000, 'intrinsic gas too low: gas 1, minimum needed 21000'],
    [-32000, 'rlp: value size exceeds available input length'],
    [-32000, 'typed transaction too short'],
    [-32602, 'invalid argument 0: json: cannot unmarshal hex string of odd length'],
    [-32003, 'Invalid transaction signature'],
  ])('of the transaction itself goes to the client at once (%i, "%s")', async (code, message) => {
    primary.use(answerEach(() => errorMember(code, message)));
    expect((await post(daemon.url, send())).text).toBe(
      `{"jsonrpc":"2.0","id":1,${errorMember(code, message)}}`,
    );
    expect(fallback.requests).toHaveLength(0);
  });

  it.each(['unknown transaction type', 'Unknown transaction'])('is no success: "%s"', async (message) => {
    for (const upstream of [primary, fallback]) upstream.use(rpcError({ code: -32000, message }));
    const { text } = await post(daemon.url, send());
    expect(text).toBe(`{"jsonrpc":"2.0","id":1,${errorMember(-32000, message)}}`);
  });

  it("of a node's own policy makes another one try", async () => {
    primary.use(rpcError({ code: -32003, message: 'transaction fee too low' }));
    expect((await rpc(daemon.url, 'eth_sendRawTransaction', [raw])).reply.result).toBe('fallback');
  });

  it('of a read that sounds like a known transaction is an error', async () => {
    for (const upstream of [primary, fallback])
      upstream.use(rpcError({ code: -1, message: 'already known' }));
    const { reply } = await rpc(daemon.url, 'eth_call', [raw]);
    expect(reply.error).toEqual({ code: -1, message: 'already known' });
  });
});
