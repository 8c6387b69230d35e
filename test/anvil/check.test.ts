// --check of real nodes.
import { expect, it } from 'vitest';
import { checkJson } from '../commands/checking.ts';
import { Anvil } from '../support/anvil.ts';
import { rpc } from '../support/http-client.ts';

it('tells what real nodes are, and that two chains have one id', async () => {
  const nodes = await Promise.all([Anvil.start(), Anvil.start()]);
  await rpc(nodes[1].url, 'evm_increaseTime', [1_000]);
  for (const node of nodes) await rpc(node.url, 'anvil_mine', ['0x64']);
  const urls = nodes.map(({ url }, at) => `${url} name=n${at}`).join(',');
  const { code, of, codes } = await checkJson([`--backends=${urls}`, '--health-check=rpc']);
  expect(code).toBe(0);
  expect(of('n0')).toMatchObject({
    serves: 'ethereum',
    client_version: expect.stringMatching(/^anvil\/v/),
    chain_id: '31337',
    block_height: 100,
    lag_blocks: 0,
    logs_range: { least: 10, most: null },
    batch: { least: 100, most: null },
    archive: { block: 1, has: true },
    websocket: true,
  });
  expect(codes).toContain('other-fork');
});
