// A transaction that an application sends is mined, and its receipt found where it was sent.
import { type Hex, parseEther } from 'viem';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Anvil, startAnvils } from '../support/anvil.ts';
import { type Daemon, startBalancer } from '../support/daemon.ts';
import { rpc } from '../support/http-client.ts';
import { account, ethersWallet, viemReader, viemWallet } from './clients.ts';

const ALICE = '0x00000000000000000000000000000000000a11ce';
const BOB = '0x0000000000000000000000000000000000000b0b';

/** How many transactions an account has sent, as this node knows. */
async function sentAt(anvil: Anvil | undefined): Promise<number> {
  if (!anvil) throw new Error('no such node was started');
  return viemReader(anvil.url).getTransactionCount({ address: account.address });
}

describe.each([
  ['with one node only', 1],
  ['with two nodes as fallbacks', 3],
])('%s', (_, count) => {
  let anvils: Anvil[];
  let daemon: Daemon;

  beforeAll(async () => {
    anvils = await startAnvils(count);
    daemon = await startBalancer({ primaries: anvils.slice(0, 1), fallbacks: anvils.slice(1) });
  });

  /** The first node mined so many, the others know nothing of them, and nobody is blamed for that. */
  async function expectOnPrimaryOnly(mined: number): Promise<void> {
    expect(await Promise.all(anvils.map(sentAt))).toEqual(anvils.map((_, i) => (i === 0 ? mined : 0)));
    const stats = await daemon.stats();
    expect(stats.map(({ failures, state }) => [failures, state])).toEqual(anvils.map(() => [0, 'usable']));
  }

  it('viem sends a raw transaction and gets its receipt', async () => {
    const before = await sentAt(anvils[0]);
    const hash = await viemWallet(daemon.url).sendTransaction({ to: ALICE, value: parseEther('1.5') });
    const client = viemReader(daemon.url);
    const receipt = await client.waitForTransactionReceipt({ hash, timeout: 60_000 });
    expect(receipt).toMatchObject({ status: 'success', transactionHash: hash, to: ALICE });
    expect(await client.getBalance({ address: ALICE })).toBe(parseEther('1.5'));
    await expectOnPrimaryOnly(before + 1);
  });

  it('ethers sends a raw transaction and gets its receipt', async () => {
    const before = await sentAt(anvils[0]);
    const wallet = ethersWallet(daemon.url);
    const sent = await wallet.sendTransaction({ to: BOB, value: parseEther('2') });
    const receipt = await sent.wait(1, 10_000);
    expect([receipt?.status, receipt?.hash]).toEqual([1, sent.hash]);
    expect(await wallet.provider?.getBalance(BOB)).toBe(parseEther('2'));
    await expectOnPrimaryOnly(before + 1);
  });

  it('a receipt that does not exist is null, and nobody else is asked', async () => {
    const hash: Hex = `0x${'ab'.repeat(32)}`;
    const before = (await daemon.stats()).map(({ requests }) => requests);
    expect((await rpc(daemon.url, 'eth_getTransactionReceipt', [hash])).reply.result).toBeNull();
    const after = (await daemon.stats()).map(({ requests }) => requests);
    expect(after.map((count, i) => count - (before[i] ?? 0))).toEqual(anvils.map((_, i) => (i ? 0 : 1)));
  });
});

it('a transaction is mined once, by the fallback, when the primary is dead', async () => {
  const [primary, fallback] = await startAnvils(2);
  if (!primary || !fallback) throw new Error('two nodes were started');
  const daemon = await startBalancer({ primaries: [primary], fallbacks: [fallback] });
  await primary.kill();
  const hash = await viemWallet(daemon.url).sendTransaction({ to: ALICE, value: 1n });
  const receipt = await viemReader(daemon.url).waitForTransactionReceipt({ hash, timeout: 60_000 });
  expect(receipt.status).toBe('success');
  expect([await sentAt(fallback), await viemReader(fallback.url).getBalance({ address: ALICE })]).toEqual([
    1,
    1n,
  ]);
});
