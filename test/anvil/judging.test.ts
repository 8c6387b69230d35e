// Real nodes behind upstreams that lose answers or refuse a part of them: the application sees nothing of it.
import { type Hex, parseEther } from 'viem';
import { beforeAll, describe, expect, it } from 'vitest';
import { Anvil, startAnvils } from '../support/anvil.ts';
import { type Behaviour, responseBytes } from '../support/behaviours.ts';
import { type Daemon, startBalancer } from '../support/daemon.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { post, rpc } from '../support/http-client.ts';
import { itemSources } from '../support/json-source.ts';
import { callsIn, errorMember } from '../support/rpc-script.ts';
import { account, IDENTITY, viemReader, viemWallet, word } from './clients.ts';

const ALICE = '0x00000000000000000000000000000000000a11ce';
const json = { 'content-type': 'application/json' };

/** Passes a request on to a node, and what becomes of the answer's text back; undefined: the connection is cut. */
function relay(anvil: Anvil, change: (answer: string, request: string) => string | undefined): Behaviour {
  return {
    at: 'body',
    async run(socket, { body }) {
      const { status, text } = await post(anvil.url, body, json);
      const changed = change(text, body.toString());
      if (changed === undefined) socket.resetAndDestroy();
      else
        socket.write(
          responseBytes({ status, headers: [['Content-Type', 'application/json']], body: changed }),
        );
    },
  };
}

const faithful = (answer: string) => answer;
/** The node takes a signed transaction, and nobody hears of it. */
const swallowing = (answer: string, request: string) =>
  request.includes('eth_sendRawTransaction') ? undefined : answer;

describe('a transaction whose first answer is lost after the node took it', () => {
  let anvil: Anvil;
  let first: FakeUpstream;
  let second: FakeUpstream;
  let daemon: Daemon;

  beforeAll(async () => {
    anvil = await Anvil.start();
    first = await FakeUpstream.start('first', relay(anvil, swallowing));
    second = await FakeUpstream.start('second', relay(anvil, faithful));
    const env = { ERROR_TIME_TO_LIVE_MINUTES: '0.00002' };
    daemon = await startBalancer({ primaries: [first], fallbacks: [second], env });
  });

  const sentRaw = ({ requests }: FakeUpstream) =>
    requests.filter(({ body }) => `${body}`.includes('eth_sendRawTransaction')).length;
  const nonce = () => viemReader(anvil.url).getTransactionCount({ address: account.address });

  it('has its hash and its receipt when it was mined at once', async () => {
    const before = await nonce();
    const hash = await viemWallet(daemon.url).sendTransaction({ to: ALICE, value: parseEther('1') });
    const receipt = await viemReader(daemon.url).waitForTransactionReceipt({ hash, timeout: 60_000 });
    expect(receipt).toMatchObject({ status: 'success', transactionHash: hash });
    expect([sentRaw(first) > 0, sentRaw(second), (await nonce()) - before]).toEqual([true, 1, 1]);
  });

  it('has its hash and its receipt when it still waits for its block', async () => {
    await rpc(anvil.url, 'evm_setAutomine', [false]);
    const before = await nonce();
    const hash = await viemWallet(daemon.url).sendTransaction({ to: ALICE, value: 1n });
    await rpc(anvil.url, 'evm_setAutomine', [true]);
    await rpc(anvil.url, 'evm_mine');
    const receipt = await viemReader(daemon.url).waitForTransactionReceipt({ hash, timeout: 60_000 });
    expect(receipt).toMatchObject({ status: 'success', transactionHash: hash });
    expect((await nonce()) - before).toBe(1);
  });

  it('has its hash when the only upstream closed a kept connection instead of answering', async () => {
    const alone = await FakeUpstream.start('alone', relay(anvil, faithful));
    const single = await startBalancer({ primaries: [alone] });
    const transaction = await account.signTransaction({
      chainId: 31_337,
      nonce: await nonce(),
      gas: 21_000n,
      maxFeePerGas: parseEther('0.00000001'),
      to: ALICE,
    });
    await rpc(single.url, 'eth_chainId');
    alone.next(relay(anvil, swallowing));
    const { reply } = await rpc(single.url, 'eth_sendRawTransaction', [transaction]);
    expect(reply.result).toMatch(/^0x[0-9a-f]{64}$/);
    // The pattern above says so.
    const hash = reply.result as Hex;
    expect((await viemReader(anvil.url).getTransactionReceipt({ hash })).status).toBe('success');
    expect((await single.stats())[0]).toMatchObject({ failures: 0, state: 'usable' });
  });

  it('has the error of the node when the nonce was used by another one', async () => {
    const transaction = await account.signTransaction({
      chainId: 31_337,
      nonce: 0,
      gas: 21_000n,
      maxFeePerGas: parseEther('0.00000001'),
      to: IDENTITY,
    });
    const direct = await rpc(anvil.url, 'eth_sendRawTransaction', [transaction]);
    expect(direct.reply.error?.message).toContain('nonce too low');
    expect((await rpc(daemon.url, 'eth_sendRawTransaction', [transaction])).text).toBe(direct.text);
  });

  it.each(['0x', '0x02f8', 'nonsense', '0x7effee'])(
    'has the error of the node when it is malformed: %s',
    async (raw) => {
      const before = (await daemon.stats()).map(({ failures }) => failures);
      first.next(relay(anvil, faithful));
      const direct = await rpc(anvil.url, 'eth_sendRawTransaction', [raw]);
      const through = await rpc(daemon.url, 'eth_sendRawTransaction', [raw]);
      expect([through.status, through.text]).toEqual([direct.status, direct.text]);
      expect((await daemon.stats()).map(({ failures }) => failures)).toEqual(before);
    },
  );
});

describe('viem batches of 100 calls, while one of three upstreams refuses a third of each', () => {
  const ROUNDS = 8;
  const throttled = errorMember(-32005, 'project ID request rate exceeded');
  const refuseThird = (answer: string, request: string) => {
    const answers = new Map(itemSources(answer).map((item) => [`${JSON.parse(item).id}`, item]));
    const items = callsIn(request).map(({ id }, index) =>
      index % 3 === 0 ? `{"jsonrpc":"2.0","id":${id},${throttled}}` : answers.get(id),
    );
    return `[${items.join()}]`;
  };

  it('every call gets its own answer, once', async () => {
    const anvil = await Anvil.start();
    const [limited, ...others] = await Promise.all([
      FakeUpstream.start('limited', relay(anvil, refuseThird)),
      FakeUpstream.start('good', relay(anvil, faithful)),
      FakeUpstream.start('fine', relay(anvil, faithful)),
    ]);
    const env = { STRATEGY: 'round-robin', ERROR_TIME_TO_LIVE_MINUTES: '0.00002' };
    const daemon = await startBalancer({ primaries: [limited, ...others], env });
    const idsOf = (text: string) => callsIn(text).map(({ id }) => id);
    const faults: string[] = [];
    const fetchFn: typeof fetch = async (input, init) => {
      const response = await fetch(input, init);
      const [sent, received] = [idsOf(`${init?.body}`), idsOf(await response.clone().text())];
      if (`${sent}` !== `${received}`) faults.push(`${received} to ${sent}`);
      return response;
    };
    const client = viemReader(daemon.url, { batch: { batchSize: 100 }, fetchFn });
    for (let round = 0; round < ROUNDS; round++) {
      const numbers = Array.from({ length: 100 }, (_, i) => round * 1_000 + i);
      const results = await Promise.all(numbers.map((n) => client.call({ to: IDENTITY, data: word(n) })));
      expect(results.map(({ data }) => data)).toEqual(numbers.map(word));
      await daemon.allUsable();
    }
    expect(faults).toEqual([]);
    const mended = others.flatMap(({ requests }) => requests.map(({ body }) => callsIn(body).length));
    expect(limited.requests.length).toBeGreaterThan(0);
    expect(mended.filter((count) => count === 34)).toHaveLength(limited.requests.length);
    expect(mended.filter((count) => count === 100)).toHaveLength(ROUNDS - limited.requests.length);
  });
});

it('filters of two nodes tell of the blocks of their own node', async () => {
  const anvils = await startAnvils(2);
  const [one, two] = anvils;
  if (!one || !two) throw new Error('two nodes were started');
  const env = { STRATEGY: 'round-robin' };
  const daemon = await startBalancer({ primaries: [`${one.url} name=one`, `${two.url} name=two`], env });
  const client = viemReader(daemon.url);
  const filters = [];
  for (let count = 0; count < 4; count++) filters.push(await client.createBlockFilter());
  // Three blocks here, five there.
  await rpc(one.url, 'anvil_mine', ['0x3']);
  await rpc(two.url, 'anvil_mine', ['0x5']);
  const changes = [];
  for (const filter of filters) changes.push(await client.getFilterChanges({ filter }));
  expect(changes.map((hashes) => hashes.length).sort()).toEqual([3, 3, 5, 5]);
  for (const hashes of changes) {
    const home = viemReader(hashes.length === 3 ? one.url : two.url);
    for (const blockHash of hashes) expect((await home.getBlock({ blockHash })).hash).toBe(blockHash);
  }
  for (const filter of filters) expect(await client.uninstallFilter({ filter })).toBe(true);
});
