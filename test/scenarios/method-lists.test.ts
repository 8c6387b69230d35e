// Lists of methods: what they rule out never arrives, however it is written.
import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { balanceHere } from '../support/app.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { type HttpResponse, http, post } from '../support/http-client.ts';

const call = (method: unknown, id?: unknown) => ({
  jsonrpc: '2.0',
  ...(id === undefined ? {} : { id }),
  method,
});
const text = (...calls: unknown[]) => JSON.stringify(calls);

let upstream: FakeUpstream;
let url: string;
let keyed: string;

beforeAll(async () => {
  upstream = await FakeUpstream.start();
  const env = { ALLOW_METHODS: 'eth_*,net_version', DENY_METHODS: 'eth_send*', MAX_REPLAY_BODY: '8kb' };
  const [all, some] = await Promise.all([
    balanceHere({ primaries: [upstream], env }),
    balanceHere({
      primaries: [upstream],
      env: { API_KEYS: 'a:a-key methods=eth_call,web3_*, b:b-key', DENY_METHODS: 'web3_sha3' },
    }),
  ]);
  url = `http://127.0.0.1:${all.port}`;
  keyed = `http://127.0.0.1:${some.port}`;
});

beforeEach(() => upstream.reset());

const bodies = () => upstream.requests.map(({ body }) => JSON.parse(body.toString()));
/** The result, or the code of the error, of each answer. */
function outcomes(response: HttpResponse): unknown {
  const one = ({ result, error }: { result?: unknown; error?: { data?: { code?: string } } }) =>
    result ?? error?.data?.code;
  const json = response.json();
  return Array.isArray(json) ? json.map(one) : one(json as never);
}

describe('a call', () => {
  it('that is allowed passes as it is', async () => {
    for (const method of ['eth_call', 'net_version'])
      expect(outcomes(await post(url, JSON.stringify(call(method, 1))))).toBe('A');
  });

  it.each([
    'debug_x',
    'net_versions',
    'eth_sendTransaction',
    'eth_SENDtransaction',
    'ETH_call',
    ' eth_call',
    'eth_call\0',
  ])('of %j is denied with its own id', async (method) => {
    const response = await post(url, JSON.stringify(call(method, 'my-id')));
    expect(response.status).toBe(200);
    expect(response.json()).toEqual({
      jsonrpc: '2.0',
      id: 'my-id',
      error: { code: -32601, message: expect.any(String), data: { code: 'METHOD_DENIED' } },
    });
    expect(upstream.requests).toEqual([]);
  });

  it('of a batch is denied alone, and not sent', async () => {
    const response = await post(url, text(call('eth_a', 1), call('debug_x', 2), call('eth_b', 3)));
    expect([response.status, outcomes(response)]).toEqual([200, ['A', 'METHOD_DENIED', 'A']]);
    expect(bodies()).toEqual([[call('eth_a', 1), call('eth_b', 3)]]);
  });

  it('that is a notification is not sent either', async () => {
    const mixed = await post(url, text(call('eth_a', 1), call('debug_x'), call('eth_b')));
    expect(outcomes(mixed)).toEqual(['A']);
    expect(bodies()).toEqual([[call('eth_a', 1), call('eth_b')]]);
    upstream.reset();
    for (const body of [JSON.stringify(call('debug_x')), text(call('debug_x'), call('debug_y'))]) {
      const response = await post(url, body);
      expect([response.status, response.text]).toEqual([200, '']);
    }
    const rest = await post(url, text(call('debug_x', 1), call('debug_x')));
    expect([rest.status, outcomes(rest), upstream.requests.length]).toEqual([200, ['METHOD_DENIED'], 0]);
    const open = await post(url, text(call('debug_x', 1), call('eth_b')));
    expect([open.status, outcomes(open), bodies()]).toEqual([200, ['METHOD_DENIED'], [[call('eth_b')]]]);
  });

  it('that is none is told so, and not sent', async () => {
    const response = await post(
      url,
      text(call('eth_a', 1), { id: 2, method: ['debug_x'] }, [call('debug_x', 3)]),
    );
    expect(outcomes(response)).toEqual(['A', 'INVALID_CALL', 'INVALID_CALL']);
    expect(bodies()).toEqual([[call('eth_a', 1)]]);
  });

  it('must be in the list of the key and in that of all', async () => {
    const outcomeOf = async (key: string, method: string) =>
      outcomes(await post(`${keyed}/${key}`, JSON.stringify(call(method, 1))));
    expect(await outcomeOf('a-key', 'eth_call')).toBe('A');
    expect(await outcomeOf('a-key', 'eth_chainId')).toBe('METHOD_DENIED');
    expect(await outcomeOf('a-key', 'web3_sha3')).toBe('METHOD_DENIED');
    expect(await outcomeOf('b-key', 'eth_chainId')).toBe('A');
    expect(await outcomeOf('b-key', 'web3_sha3')).toBe('METHOD_DENIED');
  });
});

describe('what others could read as another method', () => {
  const plain = JSON.stringify(call('debug_x', 1));
  it.each([
    ['a second method', 'POST', '{"jsonrpc":"2.0","id":1,"method":"eth_call","method":"debug_x"}', {}],
    [
      'a method in another case',
      'POST',
      '{"jsonrpc":"2.0","id":1,"method":"eth_call","Method":"debug_x"}',
      {},
    ],
    ['a byte order mark', 'POST', `\u{feff}${plain}`, {}],
    ['UTF-16', 'POST', Buffer.from(plain, 'utf16le'), {}],
    ['two documents', 'POST', plain + plain, {}],
    ['a cut document', 'POST', plain.slice(0, -1), {}],
    ['another charset', 'POST', '+AHsAfQ-', { 'content-type': 'application/json;charset=utf-7' }],
    ['a compressed body', 'POST', gzipSync(plain), { 'content-encoding': 'gzip' }],
    ['another method of HTTP', 'PUT', plain, {}],
    ['GET with a body', 'GET', plain, { 'content-length': String(plain.length) }],
  ])('is refused: %s', async (_, method, body, headers) => {
    const response = await http(url, { method, body, headers });
    expect([response.status, response.text]).toEqual([400, expect.stringContaining('"BAD_REQUEST"')]);
    expect(upstream.requests).toEqual([]);
  });

  it('keeps its own id in the refusal', async () => {
    const response = await post(url, '{"jsonrpc":"2.0","id":"mine","method":"eth_call","METHOD":"debug_x"}');
    expect(response.json()).toMatchObject({ id: 'mine', error: { code: -32600 } });
  });

  it('is refused when it is too large to be read', async () => {
    const padded = [
      `${' '.repeat(300_000)}${plain}`,
      `{"id":1,"x":"${'x'.repeat(300_000)}","method":"debug_x"}`,
    ];
    for (const body of padded) {
      const response = await post(url, body, { 'content-type': 'application/json' });
      expect([response.status, response.json()]).toMatchObject([
        413,
        { id: null, error: { data: { code: 'BODY_TOO_LARGE' } } },
      ]);
      const chunked = await http(url, { method: 'POST', body, headers: { 'transfer-encoding': 'chunked' } });
      expect([chunked.status, chunked.json()]).toMatchObject([413, { code: 'BODY_TOO_LARGE' }]);
    }
    expect(upstream.requests).toEqual([]);
  });

  it('or has no room, with the code that says so', async () => {
    const env = { DENY_METHODS: 'debug_*', MAX_BUFFERED: '64kb' };
    const { port } = await balanceHere({ primaries: [upstream], env });
    const response = await post(
      `http://127.0.0.1:${port}`,
      `{"id":1,"x":"${'x'.repeat(100_000)}","method":"debug_x"}`,
    );
    expect([response.status, upstream.requests.length]).toEqual([503, 0]);
  });

  it('is a WebSocket, which is refused', async () => {
    const socket = new WebSocket(url.replace('http', 'ws'));
    socket.on('error', () => {});
    const [, response] = await once(socket, 'unexpected-response');
    let body = '';
    for await (const chunk of response) body += chunk;
    expect([response.statusCode, JSON.parse(body)]).toMatchObject([
      403,
      { status: 403, code: 'METHOD_DENIED' },
    ]);
  });
});

describe('what nobody reads as JSON-RPC is outside of the lists', () => {
  const png = Buffer.concat([Buffer.from([0x89]), Buffer.from('PNG'), Buffer.alloc(50_000, 7)]);
  it.each([
    ['a page', 'GET', undefined, {}],
    ['an order', 'POST', '{"order":5,"id":1,"ID":2}', { 'content-type': 'application/json' }],
    ['a form', 'POST', 'a=1&method=debug_x', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['a large file', 'POST', png, { 'content-type': 'image/png' }],
    ['a large file in chunks', 'PUT', png, { 'transfer-encoding': 'chunked' }],
  ])('such as %s', async (_, method, body, headers) => {
    const response = await http(`${url}/x`, { method, headers, ...(body === undefined ? {} : { body }) });
    expect([response.status, response.text]).toEqual([200, 'A']);
    expect(upstream.requests[0]?.body.equals(Buffer.from(body ?? ''))).toBe(true);
  });
});
