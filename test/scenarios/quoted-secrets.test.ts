// An upstream that quotes its own URL wherever it can, and all that anybody outside gets to see.
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { answer, type Behaviour, interim, raw, rpcError } from '../support/behaviours.ts';
import { type Daemon, runDaemon, startBalancer } from '../support/daemon.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { http } from '../support/http-client.ts';
import { rawRequest, requestBytes } from '../support/raw-client.ts';
import { askForWebSocket, switchProtocol, TunnelClient } from '../support/tunnel-client.ts';
import { until } from '../support/waiting.ts';

const SECRETS = [
  ...['pathKey11', 'query%2bKey22', 'query+Key22', 'userName33', 'passWord44'],
  ...['headerKey66', 'loginKey77'],
];
const HEADERS = 'header=X-Api-Key:headerKey66 header=X-Login:Bearer%20loginKey77';
const BASIC = Buffer.from('userName33:passWord44').toString('base64');

let upstream: FakeUpstream;
let other: FakeUpstream;
let daemon: Daemon;
let url = '';
/** Its own URL, in the forms in which servers quote it. */
let quotes = '';

function secretsIn(text: string): string[] {
  const lower = text.toLowerCase();
  return [...SECRETS, BASIC].filter((secret) => lower.includes(secret.toLowerCase()));
}

beforeAll(async () => {
  upstream = await FakeUpstream.start('A');
  other = await FakeUpstream.start('B');
  url = `${upstream.url.replace('http://', 'http://userName33:passWord44@')}/v2/pathKey11?key=query%2bKey22`;
  quotes = [
    url,
    url.toUpperCase(),
    decodeURIComponent(url),
    encodeURIComponent(url),
    'Cannot POST /v2/pathKey11/x',
    '/v2/%70athKey11'.replace('%70', 'p'),
    `Authorization: Basic ${BASIC}`,
    'X-Api-Key: headerKey66, X-Login: Bearer loginKey77; not loginKey77',
  ].join(' ');
  daemon = await startBalancer({
    primaries: [`${url} name=a ${HEADERS}`],
    fallbacks: [`${other.url}/b/otherKey55 name=b`],
    env: { ADMIN_PORT: '0', LOG_LEVEL: 'trace', ERROR_TIME_TO_LIVE_MINUTES: '0.00002' },
  });
});

afterEach(async () => {
  upstream.reset();
  other.reset();
  await daemon.allUsable();
});

const call = (id: unknown, method = 'eth_call') => ({ jsonrpc: '2.0', id, method, params: [] });

async function ask(bytes: Buffer): Promise<string> {
  const { message, interim: earlier } = await rawRequest(daemon.port, bytes);
  const heads = [...earlier, message].map(({ startLine, headerLines }) =>
    [startLine, ...headerLines].join('\n'),
  );
  return `${heads.join('\n')}\n\n${message.text}`;
}

const get = (behaviour: Behaviour, path = '/x') => {
  upstream.next(behaviour);
  return ask(requestBytes(`GET ${path}`));
};

const post = (behaviour: Behaviour, body: unknown = call(1)) => {
  upstream.next(behaviour);
  const text = JSON.stringify(body);
  return ask(requestBytes('POST /', [`Content-Length: ${text.length}`], text));
};

describe('no secret of the upstream shows', () => {
  it.each([
    'Location',
    'Content-Location',
    'Refresh',
    'Set-Cookie',
    'X-Request-Url',
    'X-Original-URI',
    'Server',
    'Via',
    'ETag',
  ])('in the header %s of a good answer', async (name) => {
    const seen = await get(answer({ headers: [[name, quotes]], body: 'fine' }));
    expect(secretsIn(seen)).toEqual([]);
    expect(seen).toContain('fine');
  });

  it('in a Link line, before the answer either', async () => {
    const link: [string, string] = ['Link', `<${url.replace('?', '/s.css?')}>; rel=preload; as=style`];
    const seen = await get(interim(103, [link], answer({ headers: [link], body: 'fine' })));
    expect(secretsIn(seen)).toEqual([]);
    expect(seen.match(/<\/s\.css>; rel=preload; as=style/g)).toHaveLength(2);
  });

  it('in the reason phrase', async () => {
    const seen = await get(answer({ status: 404, reason: 'No /v2/pathKey11/x here' }));
    expect(seen).toContain('404 No ***/x here');
  });

  it.each([301, 400, 401, 403, 404, 410, 418, 451])('in a body with status %i', async (status) => {
    const seen = await get(answer({ status, headers: [['ETag', '"1"']], body: `<p>${quotes}</p>` }));
    expect(secretsIn(seen)).toEqual([]);
    expect(seen).toContain('Cannot POST ***/x');
    expect(seen).not.toContain('ETag');
  });

  it('in a body with a status of RETRY_STATUS that is the last one', async () => {
    other.use(answer({ status: 503, body: 'b is out' }));
    for (const status of [500, 502, 503]) {
      other.next(answer({ status, body: 'secret of /b/otherKey55/x' }));
      const seen = await get(answer({ status, body: quotes }));
      expect([...secretsIn(seen), seen.includes('otherKey55')]).toEqual([false]);
      await daemon.allUsable();
    }
  });

  it('in a body that comes in chunks', async () => {
    const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
    const [first, second] = [quotes.slice(0, 60), quotes.slice(60)];
    const seen = await get(
      raw(`HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n${chunk(first)}${chunk(second)}0\r\n\r\n`),
    );
    expect(secretsIn(seen)).toEqual([]);
    expect(seen).toContain('Cannot POST ***/x');
  });

  it('in what calls itself a stream of events', async () => {
    const headers: [string, string][] = [['Content-Type', 'text/event-stream']];
    for (const body of [undefined, call(1)]) {
      const failing = answer({ status: 404, headers, body: quotes });
      other.next(answer({ status: 404, headers, body: '/b/otherKey55' }));
      const seen = await (body ? post(failing, body) : get(failing));
      expect([...secretsIn(seen), seen.includes('otherKey55')]).toEqual([false]);
    }
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ] as const)('in a body that is packed by %s', async (coding, pack) => {
    const body = pack(Buffer.from(quotes));
    const seen = await get(answer({ status: 404, headers: [['Content-Encoding', coding]], body }));
    expect(seen).toContain('Cannot POST ***/x');
    expect(seen).not.toContain('Content-Encoding');
    expect(secretsIn(seen)).toEqual([]);
  });

  it.each(['rot13', 'gzip, br'])('in a body that can’t be unpacked: it is left out (%s)', async (coding) => {
    const seen = await get(answer({ status: 404, headers: [['Content-Encoding', coding]], body: quotes }));
    expect(seen).toMatch(/^HTTP\/1.1 404 [\s\S]*\nContent-Length: 0\n[\s\S]*\n\n$/);
  });

  it('in JSON, which stays JSON', async () => {
    const body = JSON.stringify({ error: quotes, code: 4040404 })
      .replaceAll('/', '\\/')
      .replace('p', '\\u0070');
    const seen = await get(answer({ status: 404, body }));
    expect(secretsIn(seen)).toEqual([]);
    expect(JSON.parse(seen.slice(seen.indexOf('\n\n')))).toMatchObject({ code: 4040404 });
  });

  it('in a JSON-RPC error, whatever its status', async () => {
    for (const status of [200, 400, 404]) {
      const error = { code: 3, message: `execution reverted: ${quotes}`, data: { url, list: [url] } };
      const seen = await post(rpcError(error, status));
      expect(secretsIn(seen)).toEqual([]);
      const body: unknown = JSON.parse(seen.slice(seen.indexOf('\n\n')));
      expect(body).toMatchObject({ id: 1, error: { code: 3, data: { list: [expect.any(String)] } } });
    }
  });

  it('in one item of a batch, and the others stay as they are', async () => {
    const batch = [call('pathKey11'), call(2), call(3)];
    const seen = await post(
      answer({
        body: JSON.stringify([
          { jsonrpc: '2.0', id: 'pathKey11', result: 'userName33 is what was asked for' },
          { jsonrpc: '2.0', id: 2, error: { code: 3, message: quotes } },
          { jsonrpc: '2.0', id: 3, result: '0x1' },
        ]),
      }),
      batch,
    );
    const items: unknown = JSON.parse(seen.slice(seen.indexOf('\n\n')));
    expect(items).toMatchObject([
      { id: 'pathKey11', result: /userName33/ },
      { id: 2 },
      { id: 3, result: '0x1' },
    ]);
    expect(secretsIn(JSON.stringify(items).replaceAll(/pathKey11|userName33 is/g, ''))).toEqual([]);
  });

  it('in what is no JSON-RPC to a JSON-RPC request', async () => {
    other.use(answer({ status: 404, body: 'Cannot POST /b/otherKey55/' }));
    const seen = await post(answer({ status: 404, body: quotes }));
    expect([...secretsIn(seen), seen.includes('otherKey55')]).toEqual([false]);
  });

  it('when a handshake is refused, or accepted', async () => {
    upstream.next(answer({ status: 403, headers: [['X-Url', url]], body: quotes }));
    expect(secretsIn(await ask(askForWebSocket()))).toEqual([]);
    upstream.next(
      switchProtocol({
        headers: [
          ['X-Url', url],
          ['Set-Cookie', 'a=b; Path=/v2/pathKey11'],
        ],
      }),
    );
    const client = await TunnelClient.open(daemon.port);
    const { headerLines } = await client.head();
    expect(secretsIn(headerLines.join())).toEqual([]);
    expect(headerLines).toContain('Set-Cookie: a=b; Path=/');
    client.end();
  });

  it('anywhere where operators look', async () => {
    const pages = ['/', '/stats', '/metrics', '/config', '/servers'];
    const seen = await Promise.all(pages.map(async (page) => (await http(daemon.adminUrl + page)).text));
    const problem = await http(`${daemon.adminUrl}/servers`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ url, header: 'X-Api-Key:headerKey66' }),
    });
    expect(problem.status).toBe(409);
    const events = await eventsOf(daemon);
    expect(secretsIn([...seen, problem.text, events].join())).toEqual([]);
  });

  it('in the check of the settings', async () => {
    upstream.use(answer({ status: 500, reason: quotes, body: quotes }));
    const check = await runDaemon(['--check', `--backends=${url} ${HEADERS}`, '--health-check=http']);
    expect(check.code).toBe(1);
    expect(secretsIn(check.stdout + check.stderr)).toEqual([]);
  });
});

describe('what is no error passes as it is', () => {
  it.each([200, 206])('with status %i', async (status) => {
    expect(await get(answer({ status, body: quotes }))).toContain(quotes);
  });

  it('as the result of a call', async () => {
    for (const more of ['', ',"error":null']) {
      const body = `{"jsonrpc":"2.0","id":1,"result":${JSON.stringify(quotes)}${more}}`;
      expect(await post(answer({ body }))).toContain(body);
    }
  });

  it('nor is a body of more than 64 kB searched', async () => {
    const body = `${'x'.repeat(65_536)}${quotes}`;
    expect(await get(answer({ status: 404, body }))).toContain(body);
  });

  it('and an error without a secret keeps its bytes', async () => {
    const body = gzipSync('Cannot POST /x');
    const packed = answer({
      status: 404,
      headers: [
        ['Content-Encoding', 'gzip'],
        ['ETag', '"1"'],
      ],
      body,
    });
    upstream.next(packed);
    const response = await http(`${daemon.url}/x`);
    expect([response.body, response.headers['etag']]).toEqual([body, '"1"']);
  });
});

afterAll(async () => {
  await daemon.stop();
  expect(daemon.logs().length).toBeGreaterThan(40);
  expect(secretsIn(daemon.stdout + daemon.stderr)).toEqual([]);
});

/** The first events that the admin port tells while the upstream fails. */
async function eventsOf({ adminUrl, url: clientUrl }: Daemon): Promise<string> {
  const response = await fetch(`${adminUrl}/events`);
  const reader = response.body?.getReader();
  upstream.next(answer({ status: 500, body: quotes }));
  await http(`${clientUrl}/x`);
  let text = '';
  await until(async () => {
    text += Buffer.from((await reader?.read())?.value ?? []).toString();
    return text.includes('quarantin');
  }, 'the event of a quarantine');
  await reader?.cancel();
  return text;
}
