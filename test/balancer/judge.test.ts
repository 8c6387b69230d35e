import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { judge, type SentRequest } from '../../src/balancer/judge.ts';
import type { RequestHead } from '../../src/calls/error-meaning.ts';
import { parseRpcRequest } from '../../src/rpc/message.ts';
import { mayRepeat } from '../../src/rpc/methods.ts';
import type { Answered, AttemptOutcome, ResponseStream } from '../../src/transport/outcome.ts';
import { requestHead } from '../support/request-head.ts';

const stream: ResponseStream = { flowInto() {}, resume() {}, cancel() {} };

const plain: SentRequest = {
  rpc: undefined,
  repeat: 'always',
  retryStatus: new Set([429, 500, 502, 503, 504]),
  wallMs: Date.UTC(2026, 0, 15, 12),
};
/** What a body with these calls asks for; `partial` when others are answered already. */
function asking(text: string, more: { partial?: boolean; head?: RequestHead } = {}): SentRequest {
  const { partial = false, head = requestHead() } = more;
  const body = Buffer.from(text);
  const request = parseRpcRequest(body);
  if (!request) throw new Error('no JSON-RPC');
  const calls = request.calls
    .filter((call) => call.idStart >= 0)
    .map((call) => ({ call, repeat: mayRepeat(call) ? ('always' as const) : ('unsent' as const) }));
  const repeat = calls.every((call) => call.repeat === 'always') ? 'always' : 'unsent';
  return { ...plain, repeat, rpc: { body, head, batch: request.batch, calls, partial } };
}

const rpc = asking('{"jsonrpc":"2.0","id":1,"method":"eth_call"}');
const loose = asking('{"id":1,"method":"eth_call"}');
const acting = asking('{"jsonrpc":"2.0","id":1,"method":"eth_sendTransaction"}');
const batch = asking('[{"id":1,"method":"eth_call"}]');
const notification = asking('{"method":"eth_call"}');

function answered(
  status: number,
  body = '',
  more: { retryAfter?: string; contentType?: string; contentEncoding?: string; streams?: boolean } = {},
): Answered {
  const { retryAfter, contentType = 'application/json', contentEncoding = '', streams = false } = more;
  return {
    kind: 'answered',
    status,
    reasonPhrase: '',
    headers: {
      forward: [],
      contentLength: undefined,
      contentType,
      contentEncoding,
      retryAfter,
      rateLimit: undefined,
      logsIn: false,
    },
    body: Buffer.from(body),
    stream: streams ? stream : undefined,
  };
}

const result = '{"jsonrpc":"2.0","id":1,"result":"0x1"}';
const revert = '{"jsonrpc":"2.0","id":1,"error":{"code":3,"message":"execution reverted"}}';

function zipped(body: Buffer, contentEncoding = 'gzip'): Answered {
  return { ...answered(200, '', { contentEncoding }), body };
}

function errorOf(code: number, message: string): string {
  return JSON.stringify({ jsonrpc: '2.0', id: 1, error: { code, message } });
}

type Row = readonly [
  what: string,
  outcome: AttemptOutcome,
  asked: SentRequest,
  next: string,
  reason: string | undefined,
];

const rows: readonly Row[] = [
  ['a refused connection', { kind: 'unreachable', reason: 'refused' }, plain, 'another', 'refused'],
  [
    'a refused connection, unsent only',
    { kind: 'unreachable', reason: 'refused' },
    { ...plain, repeat: 'unsent' },
    'another',
    'refused',
  ],
  ['an unknown name', { kind: 'unreachable', reason: 'dns' }, rpc, 'another', 'dns'],
  ['a failed handshake', { kind: 'unreachable', reason: 'tls' }, rpc, 'another', 'tls'],
  [
    'a connect time-out',
    { kind: 'unreachable', reason: 'connect-timeout' },
    rpc,
    'another',
    'connect-timeout',
  ],
  ['a shortage of this machine', { kind: 'shortage' }, { ...plain, repeat: 'unsent' }, 'another', undefined],
  ['a shortage of this machine, JSON-RPC', { kind: 'shortage' }, rpc, 'another', undefined],
  ['a time-out', { kind: 'timed-out' }, plain, 'another', 'timeout'],
  ['a time-out, unsent only', { kind: 'timed-out' }, { ...plain, repeat: 'unsent' }, 'stop', 'timeout'],
  ['a reset', { kind: 'broken', reason: 'reset', stale: false }, plain, 'another', 'reset'],
  [
    'a reset, unsent only',
    { kind: 'broken', reason: 'reset', stale: false },
    { ...plain, repeat: 'unsent' },
    'stop',
    'reset',
  ],
  ['a cut body', { kind: 'broken', reason: 'cut', stale: false }, rpc, 'another', 'cut'],
  ['no HTTP', { kind: 'broken', reason: 'bad-http', stale: false }, rpc, 'another', 'bad-http'],
  ['a client that left', { kind: 'client-left' }, plain, 'stop', undefined],
  ['the end of the request’s time', { kind: 'out-of-time' }, plain, 'stop', undefined],
  ['an upload that failed', { kind: 'upload-failed', code: 'BODY_TOO_LARGE' }, plain, 'stop', undefined],

  ['200', answered(200, 'hello'), plain, 'deliver', undefined],
  ['an empty 200', answered(200), plain, 'deliver', undefined],
  ['401 to plain HTTP', answered(401), plain, 'deliver', undefined],
  ['404', answered(404), plain, 'deliver', undefined],
  ['301', answered(301), plain, 'deliver', undefined],
  ['500', answered(500), plain, 'another', 'status'],
  ['501, which is not retried', answered(501), plain, 'deliver', undefined],
  ['500, unsent only', answered(500), { ...plain, repeat: 'unsent' }, 'stop', 'status'],
  ['503, unsent only', answered(503), { ...plain, repeat: 'unsent' }, 'stop', 'status'],
  [
    '503 with Retry-After, unsent only',
    answered(503, '', { retryAfter: '2' }),
    { ...plain, repeat: 'unsent' },
    'another',
    'status',
  ],
  ['429, unsent only', answered(429), { ...plain, repeat: 'unsent' }, 'another', 'rate-limited'],
  [
    '429 where RETRY_STATUS leaves it out',
    answered(429),
    { ...plain, retryStatus: new Set([503]) },
    'deliver',
    undefined,
  ],

  ['a JSON-RPC result', answered(200, result), rpc, 'deliver', undefined],
  ['a JSON-RPC error', answered(200, revert), rpc, 'deliver', undefined],
  ['a result of null', answered(200, '{"jsonrpc":"2.0","id":1,"result":null}'), rpc, 'deliver', undefined],
  ['a byte order mark and blanks', answered(200, `\ufeff \n${result}\n`), rpc, 'deliver', undefined],
  ['a 500 with a JSON-RPC answer', answered(500, revert), rpc, 'deliver', undefined],
  ['a 500 without one', answered(500, '<html>'), rpc, 'another', 'status'],
  ['HTML with 200', answered(200, '<html>busy</html>'), rpc, 'another', 'not-an-answer'],
  ['an empty 200 to JSON-RPC', answered(200), rpc, 'another', 'not-an-answer'],
  ['cut JSON', answered(200, result.slice(0, -1)), rpc, 'another', 'not-an-answer'],
  ['JSON that is no JSON-RPC', answered(200, '{"ok":true}'), rpc, 'another', 'not-an-answer'],
  ['an array for a single call', answered(200, `[${result}]`), rpc, 'another', 'not-an-answer'],
  ['cut JSON, unsent only', answered(200, '{'), acting, 'stop', 'not-an-answer'],
  ['a batch', answered(200, `[${result}]`), batch, 'deliver', undefined],
  ['an empty 200 to a notification', answered(200), notification, 'deliver', undefined],
  ['204 to a notification', answered(204), notification, 'deliver', undefined],
  ['401 to JSON-RPC', answered(401, 'no'), rpc, 'another', 'auth'],
  ['402 to JSON-RPC', answered(402, 'pay'), rpc, 'another', 'plan'],
  ['403 to JSON-RPC', answered(403, '<html>'), rpc, 'another', 'auth'],
  ['404 to JSON-RPC', answered(404, 'nothing here'), rpc, 'another', undefined],
  ['429 to JSON-RPC', answered(429, 'slow down'), rpc, 'another', 'rate-limited'],
  [
    'a large JSON answer',
    answered(200, '{"jsonrpc":"2.0","result":"0x', { streams: true }),
    rpc,
    'deliver',
    undefined,
  ],
  ['a large HTML page', answered(200, '<!doctype html>', { streams: true }), rpc, 'another', 'not-an-answer'],
  [
    'an event stream',
    answered(200, '', { streams: true, contentType: 'text/event-stream' }),
    rpc,
    'deliver',
    undefined,
  ],
  ['a compressed answer', zipped(gzipSync(result)), rpc, 'deliver', undefined],
  ['a compressed HTML page', zipped(gzipSync('<html>')), rpc, 'another', 'not-an-answer'],
  ['a cut compressed answer', zipped(gzipSync(result).subarray(0, 20)), rpc, 'another', 'not-an-answer'],
  [
    'an answer in a coding that is not known',
    zipped(Buffer.from('xyz'), 'snappy'),
    rpc,
    'deliver',
    undefined,
  ],
  ['400 to JSON-RPC', answered(400, 'bad'), rpc, 'another', undefined],
  [
    '400 with a page of some other server',
    answered(400, '<html>plain HTTP'),
    rpc,
    'another',
    'not-an-answer',
  ],
  ['200 without JSON-RPC to a body without a version', answered(200, 'ok'), loose, 'deliver', undefined],
  ['500 to a body without a version', answered(500), asking('{"id":1,"method":"card"}'), 'stop', 'status'],
  ['500 to a read without a version', answered(500), loose, 'another', 'status'],
  ['402 with words of its own', answered(402, '{"message":"Payment Required"}'), rpc, 'another', 'plan'],
  ['an answer with another id', answered(200, result.replace(':1,', ':2,')), rpc, 'another', 'not-an-answer'],
  ['a result without an id', answered(200, '{"result":1}'), rpc, 'another', 'not-an-answer'],
  ['a throttled call', answered(200, errorOf(-32005, 'rate limit')), rpc, 'another', 'rate-limited'],
  [
    'a throttled call that acts',
    answered(200, errorOf(-32005, 'rate limit')),
    acting,
    'another',
    'rate-limited',
  ],
  ['a broken upstream', answered(200, errorOf(-32603, 'Internal error')), rpc, 'another', 'upstream-broken'],
  [
    'a broken upstream and a call that acts',
    answered(200, errorOf(-32603, 'Internal error')),
    acting,
    'stop',
    'upstream-broken',
  ],
  ['missing data', answered(200, errorOf(-32000, 'header not found')), rpc, 'another', undefined],
  ['an unknown error', answered(200, errorOf(-1, 'odd')), rpc, 'another', undefined],
  ['an unknown error to a call that acts', answered(200, errorOf(-1, 'odd')), acting, 'deliver', undefined],
];

describe('judge', () => {
  it.each(rows)('%s', (_what, outcome, asked, next, reason) => {
    const verdict = judge(outcome, asked);
    expect([verdict.next, verdict.blames[0]?.reason]).toEqual([next, reason]);
  });

  it('takes the time from Retry-After, in seconds or as a date', () => {
    const rest = (retryAfter: string) => judge(answered(429, '', { retryAfter }), plain).blames[0]?.rest;
    expect(rest('7')).toEqual({ kind: 'for', ms: 7_000 });
    expect(rest('Thu, 15 Jan 2026 12:00:09 GMT')).toEqual({ kind: 'for', ms: 9_000 });
    expect(rest('soon')).toBeUndefined();
  });
});

describe('an answer to a request for another protocol', () => {
  const upgrade: SentRequest = { ...plain, upgrade: true };
  it.each([
    [200, 'another', []],
    [301, 'another', []],
    [400, 'another', []],
    [403, 'another', []],
    [426, 'another', []],
    [429, 'another', ['rate-limited']],
    [501, 'another', []],
    [503, 'another', ['status']],
  ] as const)('of %i: %s', (status, next, reasons) => {
    const verdict = judge(answered(status), upgrade);
    expect([verdict.next, verdict.blames.map(({ reason }) => reason)]).toEqual([next, reasons]);
  });

  it('of 429 is no refusal either where RETRY_STATUS leaves it out', () => {
    const verdict = judge(answered(429), { ...upgrade, retryStatus: new Set([503]) });
    expect(verdict).toEqual({ next: 'another', blames: [] });
  });
});

describe('what the client wrote around its call blames nobody', () => {
  const said = 'daily request count exceeded';
  const rows: readonly [where: string, head: RequestHead][] = [
    ['in its path', requestHead([], { path: '/daily%20request-count/exceeded'.replace('%20', ' ') })],
    ['in its query', requestHead([], { query: `app=${said.replaceAll(' ', '+')}` })],
    ['in a header line', requestHead(['User-Agent', said])],
    ['in its Authorization', requestHead(['Authorization', `Bearer ${said}`])],
    ['in its request id', requestHead(['X-Request-Id', said.replaceAll(' ', '-')])],
  ];

  it.each(rows)('%s', (_, head) => {
    const asked = asking('{"jsonrpc":"2.0","id":1,"method":"eth_call"}', { head });
    for (const outcome of [
      answered(200, errorOf(-32000, `no route for ${said}`)),
      answered(403, JSON.stringify({ message: `no access for "${said}"` })),
    ]) {
      const [blame] = judge(outcome, asked).blames;
      expect(blame?.reason ?? 'auth').toBe('auth');
      expect(blame?.rest).toBeUndefined();
    }
  });

  it('but what it did not write counts', () => {
    expect(judge(answered(200, errorOf(-32005, said)), rpc).blames[0]?.reason).toBe('plan');
  });
});
