import { describe, expect, it } from 'vitest';
import { judge, type SentRequest } from '../../src/balancer/judge.ts';
import { type CallEntry, Ledger } from '../../src/calls/ledger.ts';
import type { Placement } from '../../src/calls/placement.ts';
import { parseRpcRequest, type RpcCall } from '../../src/rpc/message.ts';
import type { Answered, AttemptOutcome } from '../../src/transport/outcome.ts';
import { requestHead } from '../support/request-head.ts';
import { upstream } from '../support/upstreams.ts';

const all = () => true;

const A = upstream('A');
const B = upstream('B');
const anywhere = (): Placement => ({ kind: 'anywhere' });

function ledgerOf(text: string, place: (call: RpcCall) => Placement = anywhere): Ledger {
  const body = Buffer.from(text);
  const request = parseRpcRequest(body);
  if (!request) throw new Error(`no JSON-RPC: ${text}`);
  return new Ledger(request, body, place);
}

function answered(body: string, status = 200): Answered {
  const headers = {
    forward: [],
    contentLength: undefined,
    contentType: 'application/json',
    contentEncoding: '',
    retryAfter: undefined,
    rateLimit: undefined,
    logsIn: false,
  };
  return { kind: 'answered', status, reasonPhrase: '', headers, body: Buffer.from(body), stream: undefined };
}

/** Takes down what an attempt brought, as the judge sees it. `asked`: all that is open, unless given. */
function note(
  ledger: Ledger,
  outcome: AttemptOutcome,
  from = A,
  asked: readonly CallEntry[] = ledger.openFor(all),
): void {
  const facts: SentRequest = {
    rpc: {
      body: ledger.body,
      head: requestHead(),
      batch: ledger.rpc.batch,
      calls: asked,
      partial: asked.length < ledger.entries.length,
    },
    repeat: 'always',
    retryStatus: new Set([429, 500, 502, 503, 504]),
    wallMs: 0,
  };
  const judgement = judge(outcome, facts).calls;
  if (!judgement) throw new Error('nothing to take down');
  ledger.record(asked, judgement, {
    answered: outcome.kind === 'answered' ? outcome : undefined,
    upstream: from,
  });
}

const call = (id: string, method = 'eth_call') => `{"jsonrpc":"2.0","id":${id},"method":"${method}"}`;
const notification = '{"jsonrpc":"2.0","method":"eth_call"}';
const result = (id: string) => `{"id":${id},"result":true}`;
const throttled = (id: string) => `{"id":${id},"error":{"code":-32005,"message":"rate limit"}}`;
const missing = (id: string) => `{"id":${id},"error":{"code":-32000,"message":"header not found"}}`;
const unknown = (id: string, message = 'odd') => `{"id":${id},"error":{"code":-1,"message":"${message}"}}`;
const reset: AttemptOutcome = { kind: 'broken', reason: 'reset', stale: false };
const refused: AttemptOutcome = { kind: 'unreachable', reason: 'refused' };

const openIds = (ledger: Ledger) => ledger.openFor(all).map((entry) => ledger.idOf(entry.call).toString());
const said = (ledger: Ledger) => ledger.entries.map((entry) => ledger.answerTo(entry)?.bytes.toString());
const payload = (ledger: Ledger) => ledger.payload(ledger.openFor(all)).toString();

describe('what is asked', () => {
  it('first is the body itself, blanks and all', () => {
    const text = ` [ ${call('1')} , ${notification},${call('2')}]\n`;
    const ledger = ledgerOf(text);
    expect(ledger.payload(ledger.openFor(all))).toBe(ledger.body);
    expect(
      ledgerOf(call('1'))
        .payload(ledgerOf(call('1')).openFor(all))
        .toString(),
    ).toBe(call('1'));
  });

  it('then is what is still open, each call byte for byte', () => {
    const odd = '{ "id" : "\\u00e9" , "method":"eth_call" }';
    const ledger = ledgerOf(`[${call('1')}, ${odd} ,${call('3')}]`);
    note(ledger, answered(`[${result('1')},${throttled('"\\u00e9"')},${throttled('3')}]`));
    expect(payload(ledger)).toBe(`[${odd},${call('3')}]`);
  });

  it('leaves out what is no call, which is answered at once with its id or null', () => {
    const own = { kind: 'refused', code: 'INVALID_CALL' } as const;
    const place = (item: RpcCall) => (item.method === undefined ? own : anywhere());
    const ledger = ledgerOf(`[7,${call('1')},{"id":"x"},{"foo":1}]`, place);
    expect(payload(ledger)).toBe(`[${call('1')}]`);
    const error = '"error":{"code":-32600,"message":"Invalid Request","data":{"code":"INVALID_CALL"}}}';
    const refusal = (id: string) => `{"jsonrpc":"2.0","id":${id},${error}`;
    expect(said(ledger)).toEqual([refusal('null'), undefined, refusal('"x"'), refusal('null')]);
  });
});

describe('notifications', () => {
  const text = `[${call('1')},${notification},${call('2')}]`;

  it.each([
    ['nobody took the connection', refused],
    ['the whole was refused for its rate', answered('', 429)],
    ['the whole was refused for its rate by a JSON-RPC error', answered(throttled('null'))],
  ])('go along again when %s', (_, outcome) => {
    const ledger = ledgerOf(text);
    note(ledger, outcome);
    expect([payload(ledger), ledger.hasNotifications]).toEqual([text, true]);
  });

  it.each([
    ['the connection broke after they were sent', reset],
    ['no answer came', { kind: 'timed-out' } as const],
    ['a page came', answered('<html>')],
    ['each call was refused on its own', answered(`[${throttled('1')},${throttled('2')}]`)],
  ])('are not sent twice when %s', (_, outcome) => {
    const ledger = ledgerOf(text);
    note(ledger, outcome);
    expect([payload(ledger), ledger.hasNotifications]).toEqual([`[${call('1')},${call('2')}]`, false]);
  });

  it('want no answer', () => {
    const ledger = ledgerOf(`[${notification},${call('null')}]`);
    expect(openIds(ledger)).toEqual(['null']);
    note(ledger, answered(`[${result('null')}]`));
    expect([ledger.done, said(ledger)]).toEqual([true, [result('null')]]);
  });
});

describe('an answer', () => {
  it('to all of it and in order is passed on as it stands', () => {
    const ledger = ledgerOf(`[${call('1')},${call('2')}]`);
    const outcome = answered(
      ` [${result('1')} , ${missing('2').replace('header not found', 'execution reverted')}]`,
    );
    note(ledger, outcome);
    expect(ledger.exact).toEqual({ answered: outcome, upstream: A });
  });

  it.each([
    ['in another order', `[${result('2')},${result('1.0')}]`],
    ['with an id written otherwise', `[${result('1')},${result('2')}]`],
    ['with an item too many', `[${result('1.0')},${result('2')},${result('3')}]`],
  ])('%s is put together anew, with the ids as they were sent', (_, body) => {
    const ledger = ledgerOf(`[${call('1.0')},${call('2')}]`);
    note(ledger, answered(body));
    expect([ledger.done, ledger.exact]).toEqual([true, undefined]);
    expect(said(ledger)).toEqual([result('1.0'), result('2')]);
  });

  it.each([
    ['{"error":{"code":3}}', '{"id":"\\u0061","error":{"code":3}}'],
    ['{ "error" : {"code":3} , "id" : null }', '{ "error" : {"code":3} , "id" : "\\u0061" }'],
    ['{"id":"a","result":{"id":"a"}}', '{"id":"\\u0061","result":{"id":"a"}}'],
  ])('%s gets the id of the call', (body, expected) => {
    const ledger = ledgerOf(call('"\\u0061"'));
    note(ledger, answered(body, 400));
    expect([said(ledger), ledger.exact]).toEqual([[expected], undefined]);
    expect(ledger.entries[0]?.answer?.status).toBe(400);
  });

  it('that can not be used is asked for again', () => {
    const ledger = ledgerOf(call('1'));
    note(ledger, answered(result('1')));
    const [entry] = ledger.entries;
    if (entry) ledger.reopen(entry);
    expect([openIds(ledger), ledger.exact, said(ledger)]).toEqual([['1'], undefined, [undefined]]);
  });
});

describe('of several errors', () => {
  it('the first that says something is kept', () => {
    const ledger = ledgerOf(call('1'));
    note(ledger, answered(throttled('1')));
    note(ledger, answered(missing('1'), 404), B);
    note(ledger, answered(unknown('1')));
    expect([said(ledger), openIds(ledger)]).toEqual([[missing('1')], ['1']]);
    note(ledger, answered(unknown('1', 'execution reverted')), B);
    expect([said(ledger), openIds(ledger)]).toEqual([[missing('1')], []]);
    expect(ledger.entries[0]).toMatchObject({ attempts: 4, rateLimits: 1 });
    expect(ledger.entries[0]?.answer).toMatchObject({ upstream: B, status: 404 });
  });

  it('an unknown one is never believed while there is somebody to ask', () => {
    const ledger = ledgerOf(call('1'));
    for (const text of ['x', 'y', 'z']) note(ledger, answered(unknown('1', text)));
    expect([said(ledger), ledger.done]).toEqual([[unknown('1', 'x')], false]);
  });

  it('a result is worth more than any', () => {
    const ledger = ledgerOf(call('1'));
    note(ledger, answered(missing('1')));
    const good = answered(result('1'));
    note(ledger, good, B);
    expect(ledger.exact).toEqual({ answered: good, upstream: B });
  });

  it('none is told of a call that may have been done since', () => {
    const ledger = ledgerOf(call('1', 'eth_sendTransaction'));
    note(ledger, answered('{"id":1,"error":{"code":-32601,"message":"method not found"}}'));
    expect(openIds(ledger)).toEqual(['1']);
    note(ledger, reset, B);
    expect([said(ledger), ledger.done, ledger.entries[0]?.state]).toEqual([[undefined], true, 'in-doubt']);
  });
});

it('leaves a call as it is that was settled before, whatever comes late for it', () => {
  const ledger = ledgerOf(`[${call('1')},${call('2')}]`);
  const asked = ledger.openFor(all);
  const body = (first: string) => answered(`[${result('1').replace('true', first)},${throttled('2')}]`);
  note(ledger, body('"first"'), A, asked);
  note(ledger, body('"late"'), B, asked);
  expect(said(ledger)[0]).toContain('"first"');
  expect(ledger.entries[0]?.answer?.upstream).toBe(A);
  expect(openIds(ledger)).toEqual(['2']);
  expect(ledger.entries.map(({ attempts }) => attempts)).toEqual([1, 2]);
});
