// Applications that subscribe to a node's events over a WebSocket.
import { WebSocketProvider } from 'ethers';
import { createPublicClient, webSocket } from 'viem';
import { expect, it } from 'vitest';
import { Anvil } from '../support/anvil.ts';
import { answer } from '../support/behaviours.ts';
import { type Daemon, startBalancer } from '../support/daemon.ts';
import { FakeUpstream, releasedPort } from '../support/fake-upstream.ts';
import { rpc } from '../support/http-client.ts';
import { releaseAfterwards } from '../support/leftovers.ts';
import { until } from '../support/waiting.ts';
import { CHAIN_ID } from './clients.ts';

async function start(): Promise<{ anvil: Anvil; daemon: Daemon; url: string }> {
  const anvil = await Anvil.start();
  const limited = await FakeUpstream.start();
  limited.use(answer({ status: 429 }));
  const dead = `http://127.0.0.1:${await releasedPort()}`;
  const daemon = await startBalancer({ primaries: [dead, limited], fallbacks: [`${anvil.url} name=anvil`] });
  return { anvil, daemon, url: `ws://127.0.0.1:${daemon.port}` };
}

const mine = async (anvil: Anvil) => void (await rpc(anvil.url, 'evm_mine'));

async function tunnels(daemon: Daemon): Promise<number> {
  return (await daemon.stats()).find(({ name }) => name === 'anvil')?.connections ?? -1;
}

it("ethers' WebSocketProvider hears of each new block", async () => {
  const { anvil, daemon, url } = await start();
  const provider = new WebSocketProvider(url, CHAIN_ID, { staticNetwork: true });
  const blocks: number[] = [];
  await provider.on('block', (number: number) => blocks.push(number));
  // The subscription is there once the node has answered a call that was sent after it.
  expect(await provider.getBlockNumber()).toBe(0);
  for (const number of [1, 2, 3]) {
    await mine(anvil);
    await until(() => blocks.includes(number), `block ${number}`);
  }
  expect(blocks).toEqual([1, 2, 3]);
  expect(await tunnels(daemon)).toBe(1);
  await provider.destroy();
  await until(async () => (await tunnels(daemon)) === 0, 'the end of the tunnel');
});

it("viem's webSocket transport subscribes to newHeads", async () => {
  const { anvil, daemon, url } = await start();
  const client = createPublicClient({ transport: webSocket(url, { reconnect: false }) });
  const { subscribe } = client.transport;
  const heads: string[] = [];
  const { unsubscribe } = await subscribe({
    params: ['newHeads'],
    onData: (data) => heads.push(data.result.number),
    onError: (error) => heads.push(`${error}`),
  });
  for (const number of ['0x1', '0x2', '0x3']) {
    await mine(anvil);
    await until(() => heads.includes(number), `block ${number}`);
  }
  expect(heads).toEqual(['0x1', '0x2', '0x3']);
  await unsubscribe();
  const socket = await client.transport.getRpcClient();
  releaseAfterwards(() => socket.close());
  socket.close();
  await until(async () => (await tunnels(daemon)) === 0, 'the end of the tunnel');
});
