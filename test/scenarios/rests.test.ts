// How long an upstream, or one of its methods, is left alone after what a JSON-RPC error said. The clock is moved.
import { beforeEach, describe, expect, it } from 'vitest';
import { startApp } from '../support/app.ts';
import { answer, rpcError } from '../support/behaviours.ts';
import type { StatsRow } from '../support/daemon.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { http, post, rpc } from '../support/http-client.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { answerEach, errorMember } from '../support/rpc-script.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

let primary: FakeUpstream;
let fallback: FakeUpstream;
let clock: ManualClock;
let url: string;

beforeEach(async () => {
  primary = await FakeUpstream.start('primary');
  fallback = await FakeUpstream.start('fallback');
  // A quarter to nine in the evening, UTC.
  clock = new ManualClock(1_000, Date.UTC(2026, 2, 1, 20, 45));
  ({ url } = await startApp({ primaries: [primary], fallbacks: [fallback], clock }));
});

const answers = async (method = 'eth_call') => (await rpc(url, method)).reply.result;
/** The first row of `/stats`. */
async function stats(at = url): Promise<StatsRow | undefined> {
  // The fields that a test looks at it compares, whatever they hold.
  return ((await http(`${at}/stats`)).json() as StatsRow[])[0];
}

describe('the whole upstream rests', () => {
  it.each([
    [
      'a rate limit that says for how long',
      { code: -32005, message: 'rate limit', data: { rate: { backoff_seconds: 42.5 } } },
      42.5 * SECOND_MS,
      'rate-limited',
    ],
    [
      'a rate limit that asks for two hours',
      { code: -32005, message: 'rate limit', data: { backoff_seconds: 7_200 } },
      HOUR_MS,
      'rate-limited',
    ],
  ])('after %s', async (_, error, restMs, reason) => {
    primary.next(rpcError(error));
    expect(await answers()).toBe('fallback');
    const until = new Date(clock.wallMs() + restMs).toISOString();
    expect(await stats()).toMatchObject({ state: 'quarantined', reason, until });
    clock.advance(restMs - 1);
    expect([await answers(), await answers('eth_chainId')]).toEqual(['fallback', 'fallback']);
    clock.advance(1);
    expect(await answers()).toBe('primary');
    expect(primary.requests).toHaveLength(2);
  });

  it.each([
    ['a used-up plan', { code: -32000, message: 'Monthly capacity limit exceeded' }, 15 * MINUTE_MS, 'plan'],
    ['a wrong key', { code: -32600, message: 'Must be authenticated!' }, 15 * MINUTE_MS, 'auth'],
    [
      'a daily limit',
      { code: -32005, message: 'daily request count exceeded, request rate limited' },
      3 * HOUR_MS + 15 * MINUTE_MS - 5 * SECOND_MS,
      'plan',
    ],
  ])('only for 5 s after %s, until a second request meets it', async (_, error, restMs, reason) => {
    const inMs = (ms: number) => new Date(clock.wallMs() + ms).toISOString();
    primary.next(rpcError(error), rpcError(error));
    expect(await answers()).toBe('fallback');
    expect(await stats()).toMatchObject({ state: 'quarantined', reason, until: inMs(5 * SECOND_MS) });
    clock.advance(5 * SECOND_MS);
    expect(await answers()).toBe('fallback');
    expect(await stats()).toMatchObject({ state: 'quarantined', reason, until: inMs(restMs) });
    clock.advance(restMs - 1);
    expect([await answers(), await answers('eth_chainId')]).toEqual(['fallback', 'fallback']);
    clock.advance(1);
    expect(await answers()).toBe('primary');
  });

  it('as long as Retry-After says, where the error says nothing', async () => {
    primary.next(rpcError({ code: -32005, message: 'rate limit' }, 429, [['Retry-After', '77']]));
    expect(await answers()).toBe('fallback');
    clock.advance(77 * SECOND_MS - 1);
    expect(await answers()).toBe('fallback');
    clock.advance(1);
    expect(await answers()).toBe('primary');
  });

  it('for a second after a rate limit that says nothing, and after one refused item, without pacing', async () => {
    ({ url } = await startApp({
      primaries: [primary],
      fallbacks: [fallback],
      clock,
      flags: ['--pacing=off'],
    }));
    primary.next(rpcError({ code: -32005, message: 'rate limit' }));
    expect(await answers()).toBe('fallback');
    const until = new Date(clock.wallMs() + SECOND_MS).toISOString();
    expect(await stats()).toMatchObject({ state: 'quarantined', reason: 'rate-limited', until });
    clock.advance(SECOND_MS);
    primary.next(answerEach(({ id }) => (id === '1' ? errorMember(-32005, 'rate limit') : '"result":1')));
    const batch = [1, 2].map((id) => ({ jsonrpc: '2.0', id, method: 'eth_call' }));
    await post(url, JSON.stringify(batch));
    expect(await stats()).toMatchObject({ state: 'quarantined', reason: 'rate-limited', failures: 2 });
  });
});

describe('only a method rests', () => {
  const unsupported = rpcError({
    code: -32601,
    message: 'the method debug_x does not exist/is not available',
  });

  it('for 5 minutes, on that upstream', async () => {
    primary.next(unsupported);
    expect(await answers('debug_x')).toBe('fallback');
    expect(await stats()).toMatchObject({ state: 'usable', reason: null });
    expect([await answers('debug_y'), await answers()]).toEqual(['primary', 'primary']);
    clock.advance(5 * MINUTE_MS - 1);
    expect(await answers('debug_x')).toBe('fallback');
    clock.advance(1);
    expect(await answers('debug_x')).toBe('primary');
  });

  it('and a batch is parted: what the first can not do goes to another', async () => {
    primary.next(unsupported);
    await rpc(url, 'debug_x');
    const [x, y] = [1, 2].map((id) => ({ jsonrpc: '2.0', id, method: id === 1 ? 'debug_x' : 'eth_call' }));
    expect((await post(url, JSON.stringify([x, y]))).json()).toMatchObject([
      { id: 1, result: 'fallback' },
      { id: 2, result: 'primary' },
    ]);
    expect(primary.requests.at(-1)?.body.toString()).toBe(`[${JSON.stringify(y)}]`);
    expect(fallback.requests.at(-1)?.body.toString()).toBe(`[${JSON.stringify(x)}]`);
  });

  it('and when all upstreams refused it we say so, until one may have it again', async () => {
    primary.next(unsupported);
    fallback.next(unsupported);
    await rpc(url, 'debug_x');
    const error = { code: -32601, data: { code: 'METHOD_NOT_SUPPORTED' } };
    const response = await rpc(url, 'debug_x', [], 'x');
    expect([response.status, response.reply]).toMatchObject([200, { id: 'x', error }]);
    const batch = ['debug_x', 'eth_call'].map((method, id) => ({ jsonrpc: '2.0', id, method }));
    expect((await post(url, JSON.stringify(batch))).json()).toMatchObject([{ error }, { result: 'primary' }]);
    expect((await post(url, JSON.stringify([batch[0]]))).json()).toMatchObject([{ id: 0, error }]);
    expect([primary.requests.length, fallback.requests.length]).toEqual([2, 1]);
    clock.advance(5 * MINUTE_MS);
    expect(await answers('debug_x')).toBe('primary');
  });

  it('and beside a filter that is gone each call gets its own error', async () => {
    primary.next(unsupported);
    fallback.next(unsupported);
    await rpc(url, 'debug_x');
    const batch = ['debug_x', 'eth_getFilterLogs'].map((method, id) => ({ jsonrpc: '2.0', id, method }));
    const response = await post(url, JSON.stringify(batch));
    expect(response.status).toBe(200);
    expect(response.json()).toMatchObject([
      { id: 0, error: { code: -32601 } },
      { id: 1, error: { code: -32000 } },
    ]);
  });

  it('an upstream on trial that only lacks the method is released', async () => {
    const { url: alone } = await startApp({ primaries: [primary], clock });
    primary.next(answer({ status: 500 }), unsupported);
    expect((await rpc(alone, 'eth_call')).status).toBe(502);
    expect((await rpc(alone, 'debug_x')).reply.error?.code).toBe(-32601);
    expect((await stats(alone))?.state).toBe('usable');
  });
});
