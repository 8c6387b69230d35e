// A client makes a filter through one process of a machine, and asks for it through another one.

import { expect, it } from 'vitest';
import { createFacts } from '../../src/app/shared-facts.ts';
import { systemClock } from '../../src/clock.ts';
import { FactTable } from '../../src/sharing/fact-table.ts';
import type { Role } from '../../src/sharing/knowledge.ts';
import { startApp } from '../support/app.ts';
import { link } from '../support/fact-links.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { rpc } from '../support/http-client.ts';
import { answerEach } from '../support/rpc-script.ts';

/** Makes filters with ids of its own, and answers all else with its label. */
const startNode = (label: string) =>
  FakeUpstream.start(
    label,
    answerEach(({ method }) =>
      method === 'eth_newFilter' ? `"result":"0x${label}"` : `"result":"${label}"`,
    ),
  );

let processes = 0;

async function start(role: Role, upstreams: readonly FakeUpstream[], to?: FactTable) {
  processes += 1;
  const table = new FactTable({ clock: systemClock, origin: `${processes}` });
  if (to) link(to, table, role === 'worker' ? 'machine' : 'fleet');
  const primaries = upstreams.map(({ url, label }) => `${url} name=${label}`);
  const { url } = await startApp({
    primaries,
    flags: ['--strategy=round-robin'],
    facts: createFacts({ table, role, workers: 1 }),
  });
  const call = async (method: string, ...params: unknown[]) => (await rpc(url, method, params)).reply;
  return { table, call };
}

it('A filter is known to all workers as soon as it is made, to those that come later, and to no other machine', async () => {
  const upstreams = await Promise.all(['a', 'b', 'c'].map(startNode));
  const first = await start('first', upstreams);
  const one = await start('worker', upstreams, first.table);
  const two = await start('worker', upstreams, first.table);
  const elsewhere = await start('alone', upstreams, first.table);
  for (let made = 0; made < 3; made++) {
    const { result: id } = await one.call('eth_newFilter', {});
    const home = { result: String(id).slice(2) };
    expect(await two.call('eth_getFilterChanges', id)).toMatchObject(home);
    const late = await start('worker', upstreams, first.table);
    expect(await late.call('eth_getFilterLogs', id)).toMatchObject(home);
    expect(await elsewhere.call('eth_getFilterChanges', id)).toMatchObject({
      error: { data: { code: 'FILTER_NOT_FOUND' } },
    });
  }
  expect(JSON.stringify(first.table.snapshot('fleet'))).not.toContain('filter ');
});

it('Filters that are kept no more leave nothing in the table', async () => {
  const upstreams = await Promise.all(['a', 'b'].map(startNode));
  const first = await start('first', upstreams);
  const worker = await start('worker', upstreams, first.table);
  await worker.call('eth_newFilter', {});
  await worker.call('eth_newFilter', {});
  expect([first, worker].map(({ table }) => table.current('filter').size)).toEqual([2, 2]);
  // One that no process here can use.
  const { table } = first;
  const from = { reach: 'machine', send: () => {} } as const;
  const [known] = table.snapshot('machine').filter(({ key }) => key.startsWith('filter '));
  table.receive([{ ...known, key: 'filter default 0xf', value: { upstream: 'unknown', client: 'x' } }], from);
  expect(table.current('filter').size).toBe(2);
});
