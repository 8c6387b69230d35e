// Whatever a client writes, and however its upstreams quote it: after it a plain call of another client is answered, and
// nobody is out.
import { beforeAll, describe, expect, it } from 'vitest';
import { type RunningApp, startApp } from '../support/app.ts';
import { answer, answerByLabel, type Behaviour } from '../support/behaviours.ts';
import type { StatsRow } from '../support/daemon.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { http } from '../support/http-client.ts';
import { fc } from '../support/properties.ts';
import type { RecordedRequest } from '../support/recorded-request.ts';
import { until } from '../support/waiting.ts';

/** Words that put an upstream out where a provider says them. */
const TRIGGERS = [
  ...[
    'rate limit exceeded',
    'Too Many Requests',
    'has exceeded its requests per second capacity',
    'limit exceeded',
  ],
  ...[
    'daily request count exceeded',
    'Monthly capacity limit exceeded',
    'upgrade your plan',
    'reached the free tier',
  ],
  ...[
    'unauthorized',
    'invalid api key',
    'key is inactive',
    'Must be authenticated!',
    'not allowed to access',
  ],
  ...[
    'no backend is currently healthy',
    '502 Bad Gateway',
    'connection refused',
    'Internal error',
    '<html>',
    'EOF',
  ],
  ...['Unsupported method', 'method is not whitelisted', 'retry in 3600s', 'credits limited to', 'past due'],
];

/** The plain call of another client. */
const PLAIN = '{"jsonrpc":"2.0","id":"plain","method":"eth_blockNumber"}';
const isPlain = ({ body, target }: RecordedRequest) => target === '/' && /"eth_blockNumber"/.test(`${body}`);

interface Poison {
  readonly method: string;
  readonly params: unknown;
  readonly id: unknown;
  readonly target: string;
  readonly headers: Record<string, string>;
  /** What the nodes quote of it. */
  readonly quoted: string;
}

const word = fc.constantFrom(...TRIGGERS);
const inUrl = (text: string) => encodeURIComponent(text);
const base = { method: 'eth_call', params: [] as unknown, id: 1 as unknown, target: '/', headers: {} };
const poisons: fc.Arbitrary<Poison> = word.chain((text) =>
  fc.constantFrom<Poison>(
    { ...base, method: text, quoted: text },
    { ...base, method: `eth_${text}`, quoted: `eth_${text}` },
    { ...base, method: text.replaceAll(' ', '_'), quoted: text.replaceAll(' ', '_') },
    { ...base, params: [text], quoted: text },
    { ...base, params: [{ to: '0x0', data: { [text]: 1 } }], quoted: text },
    { ...base, params: { deep: [[text.toUpperCase()]] }, quoted: text.toUpperCase() },
    { ...base, id: text, quoted: text },
    { ...base, target: `/${inUrl(text)}`, quoted: `/${inUrl(text)}` },
    { ...base, target: `/?app=${inUrl(text)}`, quoted: text },
    { ...base, headers: { 'User-Agent': text }, quoted: text },
    { ...base, headers: { Origin: text }, quoted: text },
  ),
);

/** How nodes and gateways quote it; the pages' forms. */
const forms: fc.Arbitrary<(quoted: string) => { status: number; error: object }> = fc
  .record({
    code: fc.constantFrom(-32000, -32600, -32601, -32602, -32603, -32700, -1, 3, 40),
    status: fc.constantFrom(200, 200, 400, 404, 500),
    shape: fc.constantFrom(
      (text: string) => ({ message: `the method ${text} does not exist/is not available` }),
      (text: string) => ({ message: `invalid argument 0: "${text}"` }),
      (text: string) => ({
        message: 'Invalid params',
        data: `invalid value: string "${text}", expected u64`,
      }),
      (text: string) => ({ message: 'Invalid params', data: { message: `unknown field \`${text}\`` } }),
      (text: string) => ({ message: 'invalid request', details: `got '${text}'` }),
      (text: string) => ({ message: `execution reverted: ${text}`, data: '0x08c379a0' }),
      (text: string) => ({ message: `Cannot POST ${text}` }),
      (text: string) => ({ message: text.toLowerCase() }),
    ),
  })
  .map(({ code, status, shape }) => (quoted) => ({ status, error: { code, ...shape(quoted) } }));

const upstreams: FakeUpstream[] = [];
let running: RunningApp;

beforeAll(async () => {
  for (const label of ['a', 'b', 'c']) upstreams.push(await FakeUpstream.start(label));
  const flags = ['--health-check=tcp', '--health-check-interval=1h', '--log-level=warn'];
  running = await startApp({ primaries: upstreams.slice(0, 2), fallbacks: upstreams.slice(2), flags });
});

/** The plain call is answered well, all else by this error. */
function useAll(error: { readonly status: number; readonly error: object }, id: unknown): void {
  for (const upstream of upstreams) {
    const well = answerByLabel(upstream.label);
    const body = JSON.stringify({ jsonrpc: '2.0', id, error: error.error });
    const quoting: Behaviour = answer({
      status: error.status,
      body,
      headers: [['Content-Type', 'application/json']],
    });
    upstream.use({
      at: 'body',
      run(socket, request) {
        const chosen = isPlain(request) ? well : quoting;
        if (chosen.at !== 'connect') chosen.run(socket, request);
      },
    });
  }
}

const send = (target: string, body: string, headers: Record<string, string> = {}) =>
  http(`${running.url}${target}`, { method: 'POST', body, headers });

describe('what a client writes', () => {
  it('puts nobody out, however it is quoted', async () => {
    await fc.assert(
      fc.asyncProperty(poisons, forms, async ({ method, params, id, target, headers, quoted }, form) => {
        useAll(form(quoted), id);
        await send(target, JSON.stringify({ jsonrpc: '2.0', id, method, params }), headers);
        const plain = await send('/', PLAIN);
        expect([plain.status, plain.text]).toEqual([200, expect.stringContaining('"result"')]);
      }),
      { numRuns: 150 },
    );
    const stats = async () => (await http(`${running.url}/stats`)).json() as StatsRow[];
    await until(async () => (await stats()).every(({ state }) => state === 'usable'), 'all usable');
    const out = running.logs.filter(({ msg, rpcMethod }) => msg === 'Quarantined' && rpcMethod === undefined);
    expect(out).toEqual([]);
  });
});
