// --check: what it finds out of upstreams, how gently, and what never changes its exit status.
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  answer,
  type Behaviour,
  htmlPage,
  raw,
  refuseRate,
  rpcError,
  silence,
} from '../support/behaviours.ts';
import { Authority } from '../support/certificates.ts';
import { FakeUpstream, releasedPort } from '../support/fake-upstream.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { answerEach, callsIn, errorMember } from '../support/rpc-script.ts';
import { TlsUpstream } from '../support/tls-upstream.ts';
import { until } from '../support/waiting.ts';
import { check, checkJson, ethereumNode, type NodeWords } from './checking.ts';

const start = (name: string, words: NodeWords = {}) => FakeUpstream.start(name, ethereumNode(words));

/** A list of upstreams whose URLs have a secret. */
function list(upstreams: readonly FakeUpstream[], options = ''): string {
  return `--backends=${upstreams.map(({ url, label }) => `${url}/pathKey11 name=${label} ${options}`).join(',')}`;
}

/** What the document says of one upstream that behaves like this. */
async function found(words: NodeWords | Behaviour) {
  const upstream = await FakeUpstream.start('a', 'run' in words ? words : ethereumNode(words));
  return (await checkJson([list([upstream])])).of('a');
}

const methodsOf = (upstream: FakeUpstream) =>
  upstream.requests.map(({ method, body }) => (method === 'GET' ? 'GET' : (callsIn(body)[0]?.method ?? '')));

describe('the report for people', () => {
  it('tells what is set, what was found and what is advised, then how it went', async () => {
    const nodes = await Promise.all([
      start('own', { version: 'Nethermind/v1.29.1/linux', refusesState: 'missing trie node 12ab' }),
      start('free', {
        acceptsWebSockets: false,
        refusesLogs: (blocks) => (blocks > 10 ? 'up to a 10 block range' : undefined),
      }),
      start('other', { fork: 'other' }),
    ]);
    const { code, lines } = await check([list(nodes), '--strategy=round-robin']);
    expect(code).toBe(0);
    const told = lines
      .map((line) =>
        line
          .replaceAll(/\d+ ms/g, 'N ms')
          .replaceAll(/ +/g, ' ')
          .replaceAll(/:\d{4,5}/g, ':PORT'),
      )
      .map((line) => line.replace(/0x\w{8}…/g, '0x…'));
    expect(told).toEqual([
      'Settings',
      ' RPC_URLS http://127.0.0.1:PORT name=own weight=1 flag --backends',
      ' http://127.0.0.1:PORT name=free weight=1',
      ' http://127.0.0.1:PORT name=other weight=1',
      ' STRATEGY round-robin flag --strategy',
      expect.stringMatching(/^ \d\d others have their defaults \(--format=json lists them\)\.$/),
      '',
      'Upstreams (probe: tcp)',
      ...['own', 'free', 'other'].map(
        (name) => ` ${name} primary http://127.0.0.1:PORT up N ms, chain 1, block 2000000`,
      ),
      '',
      ' latency lag fork logs batch archive WS software',
      ' own N ms 0 main 10,000+ 100+ no yes Nethermind/v1.29.1',
      ' free N ms 0 main 10 100+ yes no (405) Geth/v1.14.12',
      ' other N ms 0 other 10,000+ 100+ yes yes Geth/v1.14.12',
      '',
      'Advice',
      ' - other is on another fork: block 1,999,968 has the hash 0x… here, 0x… at 2',
      ' others.',
      ' - free takes at most 10 blocks of logs (a free tier?): calls for more go to the others, or in',
      ' pieces.',
      ' - Old states are only at free and other: calls for them move on there from own.',
      ' - WebSockets go to own and other only: free accepts none at the URL that is set.',
      ' - There is no fallback: FALLBACK_RPC_URLS is asked when all primaries fail.',
      ' - All are Ethereum nodes: HEALTH_CHECK=rpc would notice one that lags, is on another chain or',
      ' answers no calls; HEALTH_CHECK=tcp does not.',
      '',
      'All 3 upstreams are up.',
    ]);
  });

  it('is not wider than 100 characters where names are short', async () => {
    const { lines } = await check([list([await start('a', { version: 'x'.repeat(5_000) })])]);
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(100);
  });

  it('has a table for each pool', async () => {
    const [a, b] = await Promise.all([start('a'), start('b', { chain: 8_453 })]);
    const { code, text } = await check([
      list([a]),
      `--rpc-urls-base=${b.url} name=b`,
      '--fallback-rpc-urls-base=none',
      '--health-check=rpc',
    ]);
    expect(code).toBe(0);
    expect(text).toMatch(/^Pool default \(probe: rpc\)\n {2}a .* chain 1, block 2000000\n\n.*latency/m);
    expect(text).toMatch(/^Pool base \(probe: rpc\)\n {2}b .* chain 8453, block 2000000\n/m);
    expect(text).toContain('- base: There is one upstream only');
    expect(text).toMatch(/All 2 upstreams are up\.$/);
  });
});

describe('the report for scripts', () => {
  it('is one document, with all settings and all that was found', async () => {
    const { code, document, of } = await checkJson([
      list([await start('a'), await start('b', { head: 1_999_990 })]),
    ]);
    expect(code).toBe(0);
    expect(document).toMatchObject({ ok: true, version: '1.2.3', problems: [], warnings: [] });
    expect(document.settings.HEALTH_CHECK).toEqual({ value: 'tcp', source: 'default' });
    expect(document.settings.RPC_URLS.source).toBe('flag --backends');
    expect(document.pools[0]).toMatchObject({
      pool: 'default',
      probe: 'tcp',
      chain_id: '1',
      compared_block: 1_999_958,
    });
    expect(of('b')).toEqual({
      name: 'b',
      tier: 'primary',
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      state: 'up',
      problem: null,
      rate_limited: false,
      probe_ms: expect.any(Number),
      connect_ms: expect.any(Number),
      latency_ms: expect.any(Number),
      tls: null,
      serves: 'ethereum',
      http_status: null,
      server: null,
      client_version: 'Geth/v1.14.12/linux',
      chain_id: '1',
      block_height: 1_999_990,
      lag_blocks: 10,
      block_hash: expect.stringMatching(/^0x[0-9a-f]{64}$/),
      fork: 'same',
      logs_range: { least: 10_000, most: null },
      batch: { least: 100, most: null },
      archive: { block: 999_990, has: true },
      websocket: true,
      questions: 11,
      reasons: {},
    });
  });

  it('names what is down, and exits with 1', async () => {
    const dead = `http://127.0.0.1:${await releasedPort()} name=dead`;
    const { code, document, of } = await checkJson([`${list([await start('a')])},${dead}`]);
    expect(code).toBe(1);
    expect(document).toMatchObject({ ok: false, problems: ['dead: connection refused (ECONNREFUSED)'] });
    expect(of('dead')).toMatchObject({ state: 'down', serves: null, latency_ms: null, archive: null });
    expect(of('dead')['reasons']).toMatchObject({ batch: 'not tried: connection refused (ECONNREFUSED)' });
  });
});

describe('an upstream', () => {
  it.each(['tcp', 'rpc'])(
    'is asked 12 times at most, never twice at once, with HEALTH_CHECK=%s',
    async (probe) => {
      const node = await start('a');
      let most = 0;
      const inner = ethereumNode();
      node.use({
        at: 'body',
        run(socket, request) {
          most = Math.max(most, node.openConnections);
          if (inner.at !== 'connect') setTimeout(() => inner.run(socket, request), 3);
        },
      });
      await check([list([node, await start('b')]), `--health-check=${probe}`]);
      expect(node.requests.length).toBeLessThanOrEqual(12);
      // The connection before may not be gone yet.
      expect(most).toBeLessThanOrEqual(2);
      expect(methodsOf(node)).toEqual([
        'eth_chainId',
        'eth_blockNumber',
        'web3_clientVersion',
        'eth_getBlockByNumber',
        'eth_getBalance',
        'eth_getLogs',
        'eth_getLogs',
        'eth_getLogs',
        'GET',
        'eth_chainId',
        'eth_chainId',
      ]);
    },
  );

  it.each([
    ['accepts WebSockets', ethereumNode()],
    ['refuses them', ethereumNode({ acceptsWebSockets: false })],
    ['takes the handshake for a request', answer({ body: 'x' })],
    ['redirects', answer({ status: 302, headers: [['Location', '/']] })],
  ])('that %s is left with no open connection', async (_, behaviour) => {
    const upstream = await FakeUpstream.start('a', behaviour);
    await check([list([upstream])]);
    await until(() => upstream.openConnections === 0, 'the end of all connections');
  });

  it('is asked after the others of its account have been', async () => {
    const [a, b] = await Promise.all([start('a'), start('b')]);
    const seen: string[] = [];
    for (const node of [a, b]) {
      const inner = ethereumNode();
      node.use({
        at: 'body',
        run(socket, request) {
          seen.push(node.label);
          if (inner.at !== 'connect') setTimeout(() => inner.run(socket, request), 2);
        },
      });
    }
    await check([list([a, b], 'account=one')]);
    expect(seen.join('')).toMatch(/^a+b+a+b+$/);
  });

  it('is not asked faster than rps= says, and gets no larger batch', async () => {
    const clock = new ManualClock();
    const node = await start('a');
    const startMs = clock.monotonicMs();
    let isDone = false;
    const checking = checkJson([list([node], 'rps=50')], clock).finally(() => {
      isDone = true;
    });
    await until(() => {
      clock.advance(5);
      return isDone;
    }, 'the end');
    const { of } = await checking;
    // Nine questions: eight pauses of a fiftieth of a second.
    expect(node.requests).toHaveLength(9);
    expect(clock.monotonicMs() - startMs).toBeGreaterThanOrEqual(160);
    expect(of('a')['batch']).toEqual({ least: 10, most: null });
  });

  it('that is rate-limited already is asked nothing more', async () => {
    const limited = await FakeUpstream.start('limited', refuseRate());
    for (const probe of ['tcp', 'rpc']) {
      limited.requests.length = 0;
      const { code, of, codes } = await checkJson([list([limited]), `--health-check=${probe}`]);
      expect(code).toBe(0);
      expect(methodsOf(limited)).toEqual(['eth_chainId']);
      expect(codes.includes('chain-unknown')).toBe(probe === 'rpc');
      expect(of('limited')).toMatchObject({ rate_limited: true, serves: null, batch: null });
      expect(of('limited')['reasons']).toMatchObject({
        serves: 'rate-limited',
        batch: 'not tried: rate-limited',
      });
      expect(codes).toContain('refused');
    }
  });

  it('is asked nothing more once it refuses for a limit on the way', async () => {
    const inner = ethereumNode();
    const node = await FakeUpstream.start('a', {
      at: 'body',
      run(socket, request) {
        const refused = /eth_getLogs/.test(request.body.toString()) ? refuseRate() : inner;
        if (refused.at !== 'connect') refused.run(socket, request);
      },
    });
    const { of } = await checkJson([list([node])]);
    expect(methodsOf(node).at(-1)).toBe('eth_getLogs');
    expect(of('a')).toMatchObject({ archive: { has: true }, logs_range: null, websocket: null });
    expect(of('a')['reasons']).toMatchObject({
      logs_range: 'HTTP 429',
      websocket: 'not tried: rate-limited',
    });
  });

  it.each([
    ['a key that is refused', answer({ status: 401 }), 'not authorized'],
    [
      'a key that is refused in words',
      rpcError({ code: -32_000, message: 'invalid api key' }),
      'not authorized',
    ],
    ['a plan that is used up', answer({ status: 402 }), 'plan used up'],
  ])('with %s is told of', async (_, behaviour, why) => {
    const upstream = await FakeUpstream.start('a', behaviour);
    const { code, of, document } = await checkJson([list([upstream])]);
    expect(code).toBe(0);
    expect(of('a')['reasons']).toMatchObject({ serves: why });
    expect(document.advice[0]).toMatchObject({ code: 'refused', upstreams: ['a'] });
    expect(upstream.requests).toHaveLength(1);
  });

  it('that is silent costs no more than one time-out', async () => {
    const clock = new ManualClock();
    const hangs = await FakeUpstream.start('hangs', silence());
    const checking = checkJson([list([hangs])], clock);
    await until(() => hangs.requests.length === 1, 'the question');
    clock.advance(2_000);
    const { code, of, codes } = await checking;
    expect(code).toBe(0);
    expect(of('hangs')['reasons']).toMatchObject({
      serves: 'no answer within 2000 ms',
      websocket: 'not tried: no answer',
    });
    expect(codes).toContain('fails-beyond-check');
    expect(hangs.requests).toHaveLength(1);
    expect(clock.pendingTimers).toBe(0);
  });

  it('is told of when the time was over before all was found out', async () => {
    const clock = new ManualClock();
    const nodes = await Promise.all([...'abcdefgh'].map((name) => FakeUpstream.start(name, silence())));
    const flags = [list(nodes, 'account=one'), '--health-check-timeout=3s'];
    const checking = checkJson(flags, clock);
    for (const node of nodes.slice(0, 7)) {
      await until(() => node.requests.length === 1, `the question to ${node.label}`);
      clock.advance(node.label === 'g' ? 2_000 : 3_000);
    }
    const { document, of } = await checking;
    const told = (code: string) => document.advice.find((each: { code: string }) => each.code === code);
    expect(told('fails-beyond-check').upstreams).toEqual([...'abcdef']);
    expect(told('not-examined').upstreams).toEqual(['g', 'h']);
    for (const name of 'gh')
      expect(of(name)['reasons']).toMatchObject({
        serves: 'not tried: the check took too long',
        websocket: 'not tried: the check took too long',
      });
    expect(nodes.map(({ requests }) => requests.length)).toEqual([1, 1, 1, 1, 1, 1, 1, 0]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('is one of three at most that are asked at one host at a time', async () => {
    const clock = new ManualClock();
    const { url, requests } = await FakeUpstream.start('host', silence());
    const urls = [...'abcdefg'].map((name) => `${url}/${name} name=${name}`);
    const checking = checkJson([`--backends=${urls.join()}`], clock);
    for (const count of [3, 6, 7]) {
      await until(() => requests.length === count, `${count} questions`);
      clock.advance(2_000);
    }
    await checking;
    expect(requests).toHaveLength(7);
  });

  it('has the latency of whole answers only', async () => {
    const clock = new ManualClock();
    const upstream = await FakeUpstream.start('a', raw('HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{'));
    const checking = checkJson([list([upstream])], clock);
    await until(() => upstream.requests.length === 1, 'the question');
    // Until the head of the answer has arrived.
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    clock.advance(2_000);
    expect((await checking).of('a')).toMatchObject({ latency_ms: null });
  });

  it.each([
    ['a page', htmlPage(), 'http', 200],
    ['a page for an error', htmlPage(404), 'http', 404],
    ['a redirect', answer({ status: 302, headers: [['Location', 'http://127.0.0.1:1/']] }), 'http', 302],
    ['a huge answer', answer({ body: 'x'.repeat(3_000_000) }), 'http', 200],
    [
      'a bomb',
      answer({ headers: [['Content-Encoding', 'gzip']], body: gzipSync(Buffer.alloc(10_000_000)) }),
      'http',
      200,
    ],
    [
      'the answer to another question',
      answer({ body: '{"jsonrpc":"2.0","id":7,"result":"0x1"}' }),
      'http',
      200,
    ],
    ['another chain’s error', rpcError({ code: -32_601, message: 'Method not found' }), 'json-rpc', null],
    ['no number', answerEach(() => '"result":"one"'), 'json-rpc', null],
  ])('that answers with %s is no Ethereum node, and up', async (_, behaviour, serves, status) => {
    const a = await found(behaviour);
    expect(a).toMatchObject({ state: 'up', serves, http_status: status, chain_id: null, logs_range: null });
  });

  it('that is no Ethereum node tells how many calls a batch may have all the same', async () => {
    const a = await found(rpcError({ code: -32_601, message: 'Method not found' }));
    expect(a['batch']).toEqual({ least: 100, most: null });
  });

  it('gets GETs alone where checks are GETs', async () => {
    const web = await FakeUpstream.start(
      'web',
      answer({ headers: [['Server', 'nginx/1.27.3\u009b31m']], body: 'x' }),
    );
    const { of, code } = await checkJson([list([web]), '--health-check=http']);
    expect(code).toBe(0);
    expect(new Set(methodsOf(web))).toEqual(new Set(['GET']));
    expect(of('web')).toMatchObject({ serves: 'http', http_status: 200, websocket: false });
    expect(of('web')['server']).toBe('nginx/1.27.3 31m');
  });
});

describe('eth_getLogs', () => {
  it.each([
    ['states its limit', (n: number) => n > 500 && 'eth_getLogs is limited to a 500 block range', 500, 500],
    ['states one below the first range', (n: number) => n > 5 && 'limited to a 5 range', 5, 5],
    ['states none', (n: number) => n > 1_000 && 'block range is too large', 1_000, 9_999],
    ['has none', () => false as const, 10_000, null],
  ])('at one that %s', async (_, refuses, least, most) => {
    const a = await found({ refusesLogs: (blocks) => refuses(blocks) || undefined });
    expect(a['logs_range']).toEqual({ least, most });
  });

  it('asks for all of a chain that is short', async () => {
    const a = await found({ head: 12 });
    expect(a).toMatchObject({ logs_range: { least: 5, most: null }, archive: { block: 1, has: true } });
  });

  it('tells nothing where the node fails otherwise', async () => {
    const a = await found({ refusesLogs: () => 'disk \u001b[31m failure at pathKey11' });
    expect(a).toMatchObject({ logs_range: null, batch: { least: 100 } });
    expect(a['reasons']).toEqual({
      block_hash: 'not tried: nothing to compare with',
      logs_range: 'error -32602: disk [31m failure at ***',
    });
    const node = await start('a', { refusesLogs: () => 'disk failure' });
    expect((await check([list([node])])).text).toMatch(/ \? .*\n {2}a: logs: error -32602: disk failure\n/);
  });
});

describe('a batch', () => {
  it.each([
    ['too large by its text', errorMember(-32_600, 'batch limit of 50 exceeded'), 50, 50, 10],
    ['not taken at all', errorMember(-32_600, 'batch requests are not supported'), 0, 0, 0],
    ['no request', errorMember(-32_600, 'Invalid Request'), 0, 0, 0],
  ])('that is %s', async (_, error, least, most, taken) => {
    const a = await found({ refusesBatch: (calls) => (calls > taken ? error : undefined) });
    expect(a['batch']).toEqual({ least, most });
  });
});

describe('old states', () => {
  it.each(['missing trie node 5d', 'state at block #1 is pruned', 'header not found'])(
    'are not there: %s',
    async (message) => {
      expect((await found({ refusesState: message }))['archive']).toEqual({
        block: 1_000_000,
        has: false,
        why: `error -32000: ${message}`,
      });
    },
  );
});

describe('a WebSocket', () => {
  it('is not accepted by one that does not read the key', async () => {
    const inner = ethereumNode();
    const a = await found({
      at: 'body',
      run(socket, request) {
        if (request.method === 'GET')
          socket.write(
            'HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n',
          );
        else if (inner.at !== 'connect') inner.run(socket, request);
      },
    });
    expect(a['websocket']).toBe(false);
  });
});

describe('what never changes the exit status', () => {
  it('is a fork, without a majority as well', async () => {
    const nodes = await Promise.all([start('a'), start('b', { fork: 'x' })]);
    const { code, document, of } = await checkJson([list(nodes)]);
    expect(code).toBe(0);
    expect(of('b')['fork']).toBeNull();
    expect(document.advice[0].text).toMatch(
      /^They disagree about block 1,999,968, and no hash has a majority: 0x/,
    );
  });

  it('is another chain that the probe does not ask for, and a lag', async () => {
    const nodes = await Promise.all([
      start('a'),
      start('b'),
      start('far', { head: 5 }),
      start('c', { chain: 5 }),
    ]);
    const { code, document, of } = await checkJson([list(nodes)]);
    expect(code).toBe(0);
    const texts = document.advice.map(({ text }: { text: string }) => text);
    expect(texts).toContain('c is on chain 5 instead of 1; only HEALTH_CHECK=rpc takes it out.');
    expect(texts).toContain(
      'far is 1,999,995 blocks behind (MAX_BLOCK_LAG=10): only HEALTH_CHECK=rpc would notice.',
    );
    // One that catches up does not decide which block is compared.
    expect(document.pools[0].compared_block).toBe(1_999_968);
    expect(of('far')).toMatchObject({
      fork: null,
      reasons: { block_hash: 'not tried: nothing to compare with' },
    });
  });
});

it('one that says it is far ahead makes nobody lag', async () => {
  const nodes = await Promise.all([start('a'), start('b'), start('mad', { head: 2 ** 52 })]);
  const { document, of } = await checkJson([list(nodes)]);
  expect(of('a')).toMatchObject({ lag_blocks: 0, fork: 'same' });
  expect(of('mad')).toMatchObject({ lag_blocks: 2_000_000 - 2 ** 52 });
  expect(document.advice[0].text).toBe(
    'mad says that it is 4,503,599,625,370,496 blocks ahead of all others, which is not believed.',
  );
});

describe('secrets', () => {
  it('stay hidden, and what a terminal could obey is taken out', async () => {
    const version = 'Geth \u001b]0;owned\u0007\u202e pathKey11 PATHKEY11';
    const { text } = await check([list([await start('a', { version })])]);
    const { of } = await checkJson([list([await start('a', { version })])]);
    expect(of('a')['client_version']).toBe('Geth ]0;owned *** ***');
    expect(text).not.toMatch(/pathKey11/i);
    expect(text).not.toMatch(/(?!\n)\p{C}/u);
  });
});

describe('a certificate', () => {
  it('tells its days; one that is refused is told of although a connection is enough', async () => {
    const tls = await TlsUpstream.start(new Authority().certify(['localhost'], [-1, 5]));
    const url = tls.url();
    const { code, of, codes } = await checkJson([`--backends=${url} name=a insecure=true`]);
    expect(code).toBe(0);
    expect(of('a')).toMatchObject({ serves: 'http', tls: { days_left: 4, verified: false } });
    expect(codes).toEqual(expect.arrayContaining(['certificate-ends', 'insecure']));
    const refused = await checkJson([`--backends=${url} name=a`]);
    expect(refused.code).toBe(0);
    expect(refused.codes).toContain('fails-beyond-check');
    expect(refused.of('a')['reasons']).toMatchObject({
      serves: expect.stringMatching(/^certificate of an unknown authority/),
    });
  });
});

it('more upstreams than are asked at a time are all examined', async () => {
  const nodes = await Promise.all(Array.from({ length: 40 }, (_, at) => start(`n${at}`)));
  const { document } = await checkJson([list(nodes)]);
  const rows: Record<string, unknown>[] = document.pools[0].upstreams;
  expect(rows.filter(({ websocket, fork }) => websocket === true && fork === 'same')).toHaveLength(40);
});
