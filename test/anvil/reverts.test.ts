// A contract that says no is an answer: it reaches the application as it is, and no node is blamed for it.
import { Contract } from 'ethers';
import {
  BaseError,
  ContractFunctionRevertedError,
  encodeErrorResult,
  type Hex,
  parseAbi,
  RpcRequestError,
} from 'viem';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Anvil, startAnvils } from '../support/anvil.ts';
import { type Daemon, startBalancer } from '../support/daemon.ts';
import { post } from '../support/http-client.ts';
import { reasonData, revertingContract } from './bytecode.ts';
import { account, ethersReader, viemReader, viemWallet } from './clients.ts';

const abi = parseAbi([
  'function ask() view returns (uint256)',
  'function act()',
  'error Closed(uint256 since)',
]);
const signatures = ['function ask() view returns (uint256)', 'error Closed(uint256 since)'];

let anvils: Anvil[];
let daemon: Daemon;
/** Attempts at all nodes together, before the test. */
let before: number;

const attempts = async () => (await daemon.stats()).reduce((total, { requests }) => total + requests, 0);

beforeAll(async () => {
  anvils = await startAnvils(3);
  // A node that is slow for once must not make a second attempt of a call.
  daemon = await startBalancer({ primaries: anvils, env: { HEDGE: 'off' } });
});

beforeEach(async () => {
  before = await attempts();
});

/** At every node; the address is the same, since it follows from the account and its count of transactions. */
async function deploy(revertData: Hex): Promise<Hex> {
  const bytecode = revertingContract(revertData);
  const addresses = await Promise.all(
    anvils.map(async ({ url }) => {
      const hash = await viemWallet(url).deployContract({ abi, bytecode });
      return (await viemReader(url).waitForTransactionReceipt({ hash })).contractAddress;
    }),
  );
  const [address] = addresses;
  if (!address || new Set(addresses).size > 1) throw new Error(`deployed at ${addresses.join()}`);
  return address;
}

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.unreachable('it was to revert'),
    (error: unknown) => error,
  );
}

/** What a viem error says, down to the node's own error object. */
async function viemRevert(url: string, address: Hex) {
  const error = await rejection(viemReader(url).readContract({ address, abi, functionName: 'ask' }));
  const base = error instanceof BaseError ? error : undefined;
  const reverted = base?.walk((cause) => cause instanceof ContractFunctionRevertedError);
  const node = base?.walk((cause) => cause instanceof RpcRequestError);
  return {
    reason: reverted instanceof ContractFunctionRevertedError ? reverted.reason : undefined,
    custom: reverted instanceof ContractFunctionRevertedError ? reverted.data : undefined,
    node:
      node instanceof RpcRequestError ? { code: node.code, message: node.details, data: node.data } : node,
  };
}

/** What an ethers error says of a contract's call. */
async function ethersRevert(url: string, address: Hex) {
  const contract = new Contract(address, signatures, ethersReader(url));
  const error = await rejection(contract.getFunction('ask').staticCall());
  expect(error).toMatchObject({ code: 'CALL_EXCEPTION', action: 'call' });
  // The members are compared, whatever they hold.
  const { reason, data, revert } = error as {
    reason?: unknown;
    data?: unknown;
    revert?: { name: string; args: Iterable<unknown> };
  };
  return { reason, data, name: revert?.name, args: [...(revert?.args ?? [])] };
}

/** The node's own error object, as an ethers error holds it. */
async function ethersNodeError(url: string, address: Hex): Promise<unknown> {
  const error = await rejection(ethersReader(url).call({ to: address, data: '0x' }));
  // The member is compared, whatever it holds.
  return (error as { info?: { error?: unknown } }).info?.error;
}

/** So many calls made so many attempts in this test, and none was ever held against a node. */
async function expectNobodyBlamed(calls: number): Promise<void> {
  const rows = await daemon.stats();
  expect(rows.map(({ failures, state }) => [failures, state])).toEqual(anvils.map(() => [0, 'usable']));
  expect((await attempts()) - before).toBe(calls);
}

describe.each([
  'only the owner may do this',
  // Each of these reads like a trouble of the node, were it not the contract's own words.
  'deposit limit exceeded, too many requests, retry later',
  'method not supported',
  'execution timeout: header not found',
])('a revert that says "%s"', (reason) => {
  let address: Hex;
  const node = { code: 3, message: `execution reverted: ${reason}`, data: reasonData(reason) };

  beforeAll(async () => {
    address = await deploy(node.data);
  });

  it('reaches viem as from the node itself', async () => {
    const through = await viemRevert(daemon.url, address);
    expect(through).toMatchObject({ reason, node });
    expect(through).toEqual(await viemRevert(anvils[0]?.url ?? '', address));
    await expectNobodyBlamed(1);
  });

  it('reaches ethers as from the node itself', async () => {
    const through = await ethersRevert(daemon.url, address);
    expect(through).toEqual({ reason, data: node.data, name: 'Error', args: [reason] });
    expect(through).toEqual(await ethersRevert(anvils[0]?.url ?? '', address));
    expect(await ethersNodeError(daemon.url, address)).toEqual(node);
    await expectNobodyBlamed(2);
  });

  it.each(['eth_call', 'eth_estimateGas'])(
    'is the same bytes and status as from the node: %s',
    async (method) => {
      const params = [{ from: account.address, to: address, data: '0x' }, 'latest'];
      const body = JSON.stringify({ jsonrpc: '2.0', id: 'r-1', method, params });
      const headers = { 'content-type': 'application/json' };
      const through = await post(daemon.url, body, headers);
      const direct = await post(anvils[0]?.url ?? '', body, headers);
      expect([through.status, through.text]).toEqual([direct.status, direct.text]);
      expect(through.json()).toEqual({ jsonrpc: '2.0', id: 'r-1', error: node });
      await expectNobodyBlamed(1);
    },
  );

  it('comes back sixty times in a row, and no node is blamed', async () => {
    for (let count = 0; count < 30; count++) {
      expect((await viemRevert(daemon.url, address)).node).toEqual(node);
      expect((await ethersRevert(daemon.url, address)).data).toBe(node.data);
    }
    expect((await daemon.stats()).every(({ requests }) => requests > 0)).toBe(true);
    await expectNobodyBlamed(60);
  });
});

it("a contract's own error keeps its arguments", async () => {
  const address = await deploy(encodeErrorResult({ abi, errorName: 'Closed', args: [1_234n] }));
  expect((await viemRevert(daemon.url, address)).custom).toMatchObject({
    errorName: 'Closed',
    args: [1_234n],
  });
  expect(await ethersRevert(daemon.url, address)).toMatchObject({ name: 'Closed', args: [1_234n] });
  await expectNobodyBlamed(2);
});

it('a transaction that reverts on chain has a receipt that says so', async () => {
  const address = await deploy(reasonData('closed'));
  const [only] = anvils;
  if (!only) throw new Error('three nodes were started');
  const single = await startBalancer({ primaries: [only] });
  // A stated amount of gas, or the wallet would see the revert before it sends.
  const wallet = viemWallet(single.url);
  const hash = await wallet.writeContract({ address, abi, functionName: 'act', gas: 100_000n });
  const receipt = await viemReader(single.url).waitForTransactionReceipt({ hash, timeout: 60_000 });
  expect([receipt.status, receipt.to]).toEqual(['reverted', address.toLowerCase()]);
  expect((await single.stats()).map(({ failures, state }) => [failures, state])).toEqual([[0, 'usable']]);
});
