// Upstreams that really refuse ranges of blocks: first those are asked that take them, else the range is cut.
import { describe, expect, it } from 'vitest';
import { startApp } from '../support/app.ts';
import { answer, silence } from '../support/behaviours.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { http, post, rpc } from '../support/http-client.ts';
import { getLogs, hex, type LogServer, logServer, logsOf, rangesAt } from '../support/log-server.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { RawClient } from '../support/raw-client.ts';
import { answerEach, errorMember } from '../support/rpc-script.ts';
import { until } from '../support/waiting.ts';

const node = (server: LogServer) => FakeUpstream.start('node', logServer(server));

interface Stats {
  readonly name: string;
  readonly limits: { readonly logs_range: number | null; readonly batch: number | null };
  readonly failures: number;
  readonly block_height: number | null;
  readonly state: string;
}

/** In front of these primaries and fallbacks, asked in this order. */
async function balance(primaries: FakeUpstream[], fallbacks: FakeUpstream[] = [], flags: string[] = []) {
  const clock = new ManualClock();
  const started = await startApp({
    primaries: primaries.map(({ url }, index) => `${url} name=p${index}`),
    fallbacks: fallbacks.map(({ url }, index) => `${url} name=f${index}`),
    flags: ['--strategy=round-robin', ...flags],
    clock,
  });
  // What a test looks at it compares, whatever it holds.
  const stats = async () => (await http(`${started.url}/stats`)).json() as Stats[];
  return {
    ...started,
    clock,
    stats,
    limits: async () => (await stats()).map(({ limits }) => limits.logs_range),
  };
}

const answerOf = (first: number, last: number, id = '1') =>
  `{"jsonrpc":"2.0","id":${id},"result":[${logsOf(first, last).join(' ,')}]}`;
/** Without the blanks at the ends of the pieces, which are of no matter. */
const plain = (text: string) => text.replace(/ *(,|\]|\[) */g, '$1');

describe('a range that an upstream refuses', () => {
  it('goes to one that takes it, in the fallback tier too; then at once', async () => {
    const narrow = await node({ maxBlocks: 10 });
    const wide = await node({});
    const { url, limits, stats, logs } = await balance([narrow], [wide]);
    for (const times of [1, 1]) {
      const response = await post(url, getLogs(1, 50));
      expect([plain(response.text), response.headers['x-forwarded-server']]).toEqual([
        plain(answerOf(1, 50)),
        'f0',
      ]);
      expect(narrow.requests).toHaveLength(times);
    }
    expect(await limits()).toEqual([10, null]);
    expect((await stats()).map(({ failures, state }) => [failures, state])).toEqual([
      [0, 'usable'],
      [0, 'usable'],
    ]);
    await until(() => logs.find(({ msg }) => msg === 'Limit learnt'), 'a log line');
    expect(logs.filter(({ msg }) => msg === 'Limit learnt')).toMatchObject([
      { upstream: 'p0', limit: 'logs_range', size: 10, level: 'info' },
    ]);
    await post(url, getLogs(1, 10));
    expect(rangesAt(narrow)).toEqual(['1-50', '1-10']);
  });

  it('is cut when none takes it, and its logs come back in order, byte for byte', async () => {
    const narrow = await node({ maxBlocks: 10 });
    const wider = await node({ maxBlocks: 25, refusal: () => 'block range is too large' });
    const { url, limits, logs } = await balance([narrow], [wider]);
    const response = await post(url, getLogs(100, 147, '"é 1"'), { 'accept-encoding': 'gzip' });
    expect(plain(response.text)).toBe(plain(answerOf(100, 147, '"é 1"')));
    expect(response.status).toBe(200);
    expect(rangesAt(wider)).toEqual(['100-147', '100-123', '124-147']);
    expect(wider.requests.map((request) => request.headers('accept-encoding'))).toEqual([
      ['gzip'],
      ['identity'],
      ['identity'],
    ]);
    expect(rangesAt(narrow)).toEqual(['100-147']);
    expect(await limits()).toEqual([10, 24]);
    expect(await until(() => logs.find(({ msg }) => msg === 'Request'), 'its line')).toMatchObject({
      attempts: 4,
      result: 'answered',
    });
  });

  it('is cut at once by what was learnt, over all that take the pieces, at most four at a time', async () => {
    const one = await node({ maxBlocks: 10 });
    const two = await node({ maxBlocks: 10 });
    const { url } = await balance([one, two]);
    await post(url, getLogs(1, 40));
    for (const each of [one, two]) each.requests.length = 0;
    const response = await post(url, getLogs(1, 40));
    expect(plain(response.text)).toBe(plain(answerOf(1, 40)));
    expect([...rangesAt(one), ...rangesAt(two)].sort()).toEqual(['1-10', '11-20', '21-30', '31-40']);
    expect(response.headers['x-forwarded-server']).toMatch(/^p[01], p[01]$/);
  });

  it('is found out by halves where no number is said, and tried again after an hour', async () => {
    const only = await node({ maxBlocks: 12, refusal: () => 'block range is too large' });
    const { url, limits, clock } = await balance([only]);
    expect(plain((await post(url, getLogs(1, 64))).text)).toBe(plain(answerOf(1, 64)));
    const [learnt = 0] = await limits();
    expect(learnt).toBeGreaterThanOrEqual(8);
    expect(learnt).toBeLessThanOrEqual(12);
    only.requests.length = 0;
    await post(url, getLogs(1, 64));
    expect(rangesAt(only)[0]).not.toBe('1-64');
    clock.advance(3_600_000);
    expect(await limits()).toEqual([null]);
    only.use(logServer({}));
    only.requests.length = 0;
    await post(url, getLogs(1, 64));
    expect(rangesAt(only)).toEqual(['1-64']);
  });

  it('is cut further when the limit has fallen', async () => {
    const only = await node({ maxBlocks: 16 });
    const { url, limits } = await balance([only]);
    await post(url, getLogs(1, 32));
    only.use(logServer({ maxBlocks: 5 }));
    expect(plain((await post(url, getLogs(1, 32))).text)).toBe(plain(answerOf(1, 32)));
    expect(await limits()).toEqual([5]);
  });

  it('is told to the client when it can not be cut small enough', async () => {
    const only = await node({ maxBlocks: 10 });
    const other = await node({ maxBlocks: 10 });
    const { url } = await balance([only, other]);
    expect(plain((await post(url, getLogs(1, 1000))).text)).toBe(plain(answerOf(1, 1000)));
    for (const each of [only, other]) each.requests.length = 0;
    const { reply } = await rpc(url, 'eth_getLogs', [{ fromBlock: hex(1), toBlock: hex(1001) }]);
    expect(reply.error).toEqual({ code: -32000, message: 'range 1001 exceeds limit of 10' });
    expect(only.requests.length + other.requests.length).toBe(1);
  });

  it('that has no known numbers is told to the client', async () => {
    const only = await node({ maxBlocks: 10 });
    const { url, limits } = await balance([only]);
    for (const to of ['latest', 'pending', 'finalized']) {
      const response = await post(url, getLogs(1, to));
      expect(response.json()).toMatchObject({ error: { message: 'range 1000000 exceeds limit of 10' } });
    }
    const byHash = '{"jsonrpc":"2.0","id":1,"method":"eth_getLogs","params":[{"blockHash":"0xab"}]}';
    only.use(answerEach(() => errorMember(-32000, 'block range is too large')));
    expect((await post(url, byHash)).json()).toMatchObject({
      error: { message: 'block range is too large' },
    });
    expect(await limits()).toEqual([10]);
    expect(only.requests).toHaveLength(4);
  });
});

describe('too many results', () => {
  it('halve that call, and say nothing about the blocks that the upstream takes', async () => {
    const logsIn = (block: number) => (block === 7 ? 20 : 1);
    const only = await node({ logsIn, maxLogs: 30 });
    const { url, limits } = await balance([only]);
    const response = await post(url, getLogs(1, 64));
    expect(plain(response.text)).toBe(
      plain(`{"jsonrpc":"2.0","id":1,"result":[${logsOf(1, 64, logsIn).join()}]}`),
    );
    expect(await limits()).toEqual([null]);
    expect(rangesAt(only)).toEqual([
      '1-64',
      '1-32',
      '1-16',
      '1-8',
      '9-16',
      '17-32',
      '33-64',
      '33-48',
      '49-64',
    ]);
  });

  it('in a single block are told to the client, once and whole', async () => {
    const only = await node({ logsIn: (block) => (block === 3 ? 50 : 0), maxLogs: 30 });
    const { url } = await balance([only]);
    const response = await post(url, getLogs(1, 8));
    expect([response.status, response.json()]).toEqual([
      200,
      { jsonrpc: '2.0', id: 1, error: { code: -32005, message: 'query returned more than 30 results' } },
    ]);
  });
});

describe('a piece', () => {
  it('that fails for good is the answer, and the others are asked for no more', async () => {
    const only = await node({ maxBlocks: 10 });
    const { url } = await balance([only]);
    await post(url, getLogs(1, 20));
    const good = logServer({ maxBlocks: 10 });
    const bad = answerEach(() => errorMember(-32000, 'missing trie node'));
    only.requests.length = 0;
    only.next(good, bad, bad, bad, bad);
    const response = await post(url, getLogs(1, 90));
    expect(response.json()).toEqual({
      jsonrpc: '2.0',
      id: 1,
      error: { code: -32000, message: 'missing trie node' },
    });
    expect(only.requests.length).toBeLessThanOrEqual(5);
  });

  it('has all upstreams before it, whatever MAX_ATTEMPTS says of one request', async () => {
    const narrow = await node({ maxBlocks: 10 });
    const other = await node({ maxBlocks: 10 });
    const { url } = await balance([narrow, other], [], ['--max-attempts=1']);
    expect(plain((await post(url, getLogs(1, 30))).text)).toBe(plain(answerOf(1, 30)));
    narrow.use(answer({ status: 503 }));
    const third = await balance([narrow, other]);
    expect(plain((await post(third.url, getLogs(1, 30))).text)).toBe(plain(answerOf(1, 30)));
  });

  it('is cancelled when the client leaves, and blames nobody', async () => {
    const only = await node({ maxBlocks: 10 });
    const { url, port, stats, logs } = await balance([only]);
    await post(url, getLogs(1, 20));
    only.use(silence());
    const before = only.requests.length;
    const client = await RawClient.connect(port);
    const body = getLogs(1, 60);
    client.send(Buffer.from(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`));
    await only.arrived(before + 1);
    client.leave();
    await until(() => logs.find(({ result }) => result === 'client-left'), 'its end');
    expect((await stats())[0]).toMatchObject({ failures: 0, state: 'usable', connections: 0 });
    expect(only.requests).toHaveLength(before + 1);
  });
});

it('calls in a batch are cut one by one, and keep their places', async () => {
  const only = await node({ maxBlocks: 10 });
  const { url } = await balance([only]);
  const other = '{"jsonrpc":"2.0","id":"x","method":"eth_chainId"}';
  const response = await post(
    url,
    `[${getLogs(1, 25)},${other},${getLogs(5, 8, '1')},${getLogs(40, 60, '"b"')}]`,
  );
  const expected = `[${answerOf(1, 25)},{"jsonrpc":"2.0","id":"x","result":"other"},${answerOf(5, 8)},${answerOf(40, 60, '"b"')}]`;
  expect(plain(response.text)).toBe(plain(expected));
});

it('an open end is cut where all upstreams have said which blocks they have', async () => {
  const height = (head: number) => ({
    head,
    otherwise: ({ method }: { method: string }) =>
      method === 'eth_blockNumber' ? `"result":"${hex(head)}"` : '"result":"0x1"',
  });
  const one = await node({ maxBlocks: 10, ...height(103) });
  const two = await node({ maxBlocks: 10, ...height(100) });
  const { url, stats, clock } = await balance([one, two], [], ['--health-check=rpc']);
  await until(async () => {
    clock.advance(1_000);
    return (await stats()).every(({ block_height }) => block_height !== null);
  }, 'heights');
  const response = await post(url, getLogs(71, 'latest'));
  const logs = JSON.parse(response.text).result.map(({ blockNumber }: { blockNumber: string }) =>
    Number(blockNumber),
  );
  expect(logs).toEqual(Array.from({ length: logs.length }, (_, index) => 71 + index));
  expect([100, 103]).toContain(logs.at(-1));
  const asked = [...rangesAt(one), ...rangesAt(two)].filter((range) => range !== '71-latest');
  expect(asked.sort()).toEqual(['71-79', '80-88', '89-95', '96-latest'].sort());
});

it('the time of a request holds for all its pieces: none is asked for after it', async () => {
  const only = await node({ maxBlocks: 10 });
  const { url, clock } = await balance(
    [only],
    [],
    ['--request-timeout=5s', '--attempt-timeout=60s', '--pacing=off'],
  );
  await post(url, getLogs(1, 20));
  only.requests.length = 0;
  only.next(logServer({ maxBlocks: 10 }));
  only.use(silence());
  const answered = post(url, getLogs(1, 90));
  await only.arrived(5);
  clock.advance(6_000);
  const response = await answered;
  expect([response.status, response.json()]).toMatchObject([
    504,
    { error: { data: { code: 'REQUEST_TIMED_OUT' } } },
  ]);
  expect(only.requests).toHaveLength(5);
});
