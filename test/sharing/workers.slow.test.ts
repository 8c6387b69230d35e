// A daemon with workers: what operators change, and the filters of clients, are the same in all of them.
import { expect, it } from 'vitest';
import { AdminClient } from '../support/admin-client.ts';
import { startBalancer } from '../support/daemon.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { rpc } from '../support/http-client.ts';
import { answerEach } from '../support/rpc-script.ts';
import { until } from '../support/waiting.ts';

function startNode(label: string): Promise<FakeUpstream> {
  let made = 0;
  return FakeUpstream.start(
    label,
    answerEach(({ method }) =>
      method === 'eth_newFilter' ? `"result":"0x${label}${++made}"` : `"result":"${label}"`,
    ),
  );
}

it('Workers have the lists of the first process, and know a filter before its client comes again', async () => {
  const [a, b, c] = await Promise.all(['a', 'b', 'c'].map(startNode));
  const daemon = await startBalancer({
    primaries: [`${a?.url} name=a`, `${b?.url} name=b`],
    env: { ADMIN_PORT: '0', WORKERS: '2', STRATEGY: 'round-robin' },
  });
  const admin = new AdminClient(daemon.adminUrl);
  // Each request comes by a connection of its own, and so to the workers in turn.
  const asked = async () => String((await rpc(daemon.url, 'eth_chainId')).reply.result);
  const askedIn = async (requests: number) => {
    const labels = new Set<string>();
    for (let request = 0; request < requests; request++) labels.add(await asked());
    return [...labels].sort().join(' ');
  };
  const lost: unknown[] = [];
  for (let made = 0; made < 500; made++) {
    const { result: id } = (await rpc(daemon.url, 'eth_newFilter', [{}])).reply;
    const { reply } = await rpc(daemon.url, 'eth_getFilterChanges', [id]);
    if (reply.result !== String(id)[2]) lost.push([made, id, reply]);
  }
  expect(lost).toEqual([]);
  await admin.post('/servers', { url: c?.url, name: 'c' });
  await admin.delete('/servers/a');
  await until(async () => (await askedIn(12)) === 'b c', 'the lists in all workers');
  await admin.patch('/servers/c', { draining: true });
  await until(async () => (await askedIn(12)) === 'b', 'c to be drained in all workers');
  expect((await admin.post('/reload')).status).toBe(200);
  await until(async () => (await askedIn(12)) === 'a b', 'the lists of the files');
  await daemon.logged(({ msg }) => msg === 'Settings reloaded', 'the reload');
  const lines = ['Added', 'Removed', 'Changed', 'Settings reloaded'].map(
    (text) => daemon.logs().filter(({ msg }) => msg === text).length,
  );
  expect(lines).toEqual([2, 2, 1, 1]);
});
