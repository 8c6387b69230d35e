// What applications read through viem and ethers comes back as from the node itself.
import { parseEther } from 'viem';
import { beforeAll, describe, expect, it } from 'vitest';
import { startAnvils } from '../support/anvil.ts';
import { type Daemon, startBalancer } from '../support/daemon.ts';
import { account, CHAIN_ID, ethersReader, IDENTITY, viemReader, word } from './clients.ts';

let daemon: Daemon;

beforeAll(async () => {
  daemon = await startBalancer({ primaries: await startAnvils(3) });
});

/** Attempts at each of the three nodes. */
const requests = async () => (await daemon.stats()).map((row) => row.requests);
const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);

it('viem reads chain id, block number, balance and a call', async () => {
  const client = viemReader(daemon.url);
  expect(await client.getChainId()).toBe(CHAIN_ID);
  expect(await client.getBlockNumber()).toBe(0n);
  expect(await client.getBalance({ address: account.address })).toBe(parseEther('10000'));
  expect(await client.call({ to: IDENTITY, data: word(0xbeef) })).toEqual({ data: word(0xbeef) });
});

it('ethers reads chain id, block number, balance and a call', async () => {
  const provider = ethersReader(daemon.url);
  expect(await provider.send('eth_chainId', [])).toBe(`0x${CHAIN_ID.toString(16)}`);
  expect(await provider.getBlockNumber()).toBe(0);
  expect(await provider.getBalance(account.address)).toBe(parseEther('10000'));
  expect(await provider.call({ to: IDENTITY, data: word(0xcafe) })).toBe(word(0xcafe));
});

it('calls of both clients are spread over all three nodes, one attempt each', async () => {
  const before = await requests();
  const client = viemReader(daemon.url);
  const provider = ethersReader(daemon.url);
  const numbers = Array.from({ length: 60 }, (_, i) => i);
  const read = async (i: number) =>
    i % 2
      ? (await client.call({ to: IDENTITY, data: word(i) })).data
      : await provider.call({ to: IDENTITY, data: word(i) });
  expect(await Promise.all(numbers.map(read))).toEqual(numbers.map(word));
  const grown = (await requests()).map((count, i) => count - (before[i] ?? 0));
  expect(grown.every((count) => count > 0)).toBe(true);
  expect(sum(grown)).toBe(60);
});

describe('a viem batch of 100 calls', () => {
  it('goes to one node as one request, and every call gets its own answer', async () => {
    const questions: string[] = [];
    const answers: string[] = [];
    const fetchFn: typeof fetch = async (input, init) => {
      questions.push(`${init?.body}`);
      const response = await fetch(input, init);
      answers.push(await response.clone().text());
      return response;
    };
    const client = viemReader(daemon.url, { batch: true, fetchFn });
    const before = sum(await requests());
    const numbers = Array.from({ length: 100 }, (_, i) => i * 7);
    const results = await Promise.all(
      numbers.map((number) => client.call({ to: IDENTITY, data: word(number) })),
    );
    expect(results.map(({ data }) => data)).toEqual(numbers.map(word));
    expect([questions.length, sum(await requests()) - before]).toEqual([1, 1]);
    expect(idsOf(answers[0])).toEqual(idsOf(questions[0]));
    expect(new Set(idsOf(answers[0])).size).toBe(100);
  });

  it('keeps the answer of a good call beside one that reverts', async () => {
    const client = viemReader(daemon.url, { batch: true });
    const [good, bad] = await Promise.allSettled([
      client.call({ to: IDENTITY, data: word(1) }),
      // Without an address the data is code that runs: PUSH0 PUSH0 REVERT.
      client.call({ data: '0x5f5ffd' }),
    ]);
    expect(good).toMatchObject({ status: 'fulfilled', value: { data: word(1) } });
    expect(bad.status === 'rejected' && `${bad.reason}`).toContain('execution reverted');
  });
});

function idsOf(batch: string | undefined): unknown[] {
  // Both sides of the comparison are read the same way; a missing id fails it.
  return (JSON.parse(batch ?? '[]') as { id?: unknown }[]).map(({ id }) => id);
}
