// Real nodes of different chains behind one URL: clients get one chain's data only.
import { expect, it } from 'vitest';
import { Anvil } from '../support/anvil.ts';
import { startBalancer } from '../support/daemon.ts';
import { startFakeWebhook } from '../support/fake-webhook.ts';
import { rpc } from '../support/http-client.ts';
import { until } from '../support/waiting.ts';

const RPC = { HEALTH_CHECK: 'rpc', HEALTH_CHECK_INTERVAL: '200ms', HEALTH_CHECK_TIMEOUT: '10s' };

it('a node of another chain is taken out, told of, and serves nobody', async () => {
  const webhook = await startFakeWebhook();
  const [first, second, stranger] = await Promise.all([Anvil.start(), Anvil.start(), Anvil.start(4_711)]);
  const daemon = await startBalancer({
    primaries: [`${first.url} name=first`, `${stranger.url} name=stranger`, `${second.url} name=second`],
    env: { ...RPC, SLACK_WEBHOOK_URL: webhook.url },
  });
  const line = await daemon.logged(({ msg }) => msg === 'Status change: stranger [down]', 'the stranger');
  expect(line).toMatchObject({ reason: 'wrong-chain', problem: 'chain 4711 instead of 31337' });
  const requests = async () => (await daemon.stats()).find(({ name }) => name === 'stranger')?.requests;
  const before = await requests();
  for (let count = 0; count < 20; count += 1) {
    expect((await rpc(daemon.url, 'eth_chainId')).reply.result).toBe('0x7a69');
  }
  expect(await requests()).toBe(before);
  await webhook.received(1);
  expect(webhook.texts[0]).toContain('stranger (primary) is on the wrong chain');
  expect((await daemon.stats()).map((row) => [row.name, row.state, row.reason])).toEqual([
    ['first', 'usable', null],
    ['stranger', 'down', 'wrong-chain'],
    ['second', 'usable', null],
  ]);
});

it('a node that is behind serves last, and as before when it has the blocks', async () => {
  const [ahead, behind] = await Promise.all([Anvil.start(), Anvil.start()]);
  const daemon = await startBalancer({
    primaries: [`${behind.url} name=behind`, `${ahead.url} name=ahead`],
    env: { ...RPC, STRATEGY: 'round-robin' },
  });
  const row = async (name: string) => (await daemon.stats()).find((each) => each.name === name);
  await rpc(ahead.url, 'anvil_mine', ['0x10']);
  await daemon.logged(({ msg }) => msg === 'Lags behind', 'the lag');
  const before = (await row('behind'))?.requests;
  for (let count = 0; count < 6; count += 1) {
    expect((await rpc(daemon.url, 'eth_getBlockByNumber', ['0x10', false])).reply.result).not.toBeNull();
  }
  expect((await row('behind'))?.requests).toBe(before);
  await rpc(behind.url, 'anvil_mine', ['0x10']);
  await daemon.logged(({ msg }) => msg === 'Caught up', 'its catching up');
  for (let count = 0; count < 6; count += 1) await rpc(daemon.url, 'eth_chainId');
  await until(async () => ((await row('behind'))?.requests ?? 0) > (before ?? 0), 'requests at it again');
});
