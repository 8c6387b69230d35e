// Several processes serve the clients of one daemon: what all of them together look like from outside.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { AdminClient } from '../support/admin-client.ts';
import { startDaemon } from '../support/daemon.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { http, rpc } from '../support/http-client.ts';
import { releaseAfterwards } from '../support/leftovers.ts';
import { until } from '../support/waiting.ts';
import { ended, workersOf } from '../support/worker-pids.ts';

it('two workers are one daemon: they answer, are counted, replaced, reloaded and stopped together', async () => {
  const upstream = await FakeUpstream.start('A');
  const cwd = mkdtempSync(join(tmpdir(), 'workers-'));
  releaseAfterwards(() => rmSync(cwd, { recursive: true, force: true }));
  const name = (text: string) =>
    writeFileSync(join(cwd, '.env'), `RPC_URLS=${upstream.url} name=${text}\nFALLBACK_RPC_URLS=none\n`);
  name('a');
  const daemon = await startDaemon({ env: { WORKERS: '2', ADMIN_PORT: '0', HEALTH_CHECK: 'off' }, cwd });
  expect(daemon.logs().filter(({ msg }) => msg === 'Listening')).toHaveLength(1);
  const admin = new AdminClient(daemon.adminUrl);
  // In the first answer of /stats, on a machine at rest.
  const requests = (count: number) =>
    until(async () => (await daemon.stats())[0]?.requests === count, `${count} requests`);

  // Each has a connection of its own, and those that come together are given to both in turn.
  const answers = await Promise.all([1, 2, 3, 4].map(() => rpc(daemon.url, 'eth_chainId')));
  expect(answers.map(({ reply }) => reply.result)).toEqual(['A', 'A', 'A', 'A']);
  await requests(4);
  const lines = () => daemon.logs().filter(({ msg }) => msg === 'Request');
  await until(() => lines().length === 4, 'a line for each request');
  expect(new Set(lines().map((line) => line['worker']))).toEqual(new Set([1, 2]));
  expect((await admin.get('/stats')).json()).toMatchObject([{ name: 'a', requests: 4, connections: 0 }]);
  expect((await admin.get('/metrics')).text).toContain('rpc_lb_requests_total{outcome="answered"} 4\n');

  const called = await admin.post('/call', { call: { method: 'eth_chainId' } });
  expect(called.json()).toMatchObject({
    answered_by: 'a',
    attempts: [{ upstream: 'a', result: 'answered' }],
  });

  const before = workersOf(daemon);
  expect(before).toHaveLength(2);
  const [victim = 0] = before;
  process.kill(victim, 'SIGKILL');
  const replaced = ({ msg }: { readonly msg?: string }) => msg === 'A worker has ended: it is replaced';
  expect(await daemon.logged(replaced, 'the end of a worker')).toMatchObject({
    pid: victim,
    signal: 'SIGKILL',
  });
  expect((await rpc(daemon.url, 'eth_chainId')).reply.result).toBe('A');
  await requests(6);
  await until(() => workersOf(daemon).length === 2, 'another worker');

  name('b');
  expect((await admin.post('/reload')).json()).toEqual({ changed: ['RPC_URLS'], restart: [] });
  for (let count = 0; count < 2; count++)
    expect((await http(daemon.url)).headers['x-forwarded-server']).toBe('b');
  await requests(8);
  expect(await daemon.stats()).toMatchObject([{ name: 'b' }]);

  const workers = workersOf(daemon);
  expect((await http(`${daemon.url}/readyz`)).status).toBe(200);
  expect(await daemon.stop()).toEqual({ code: 0, signal: null });
  await ended(workers);
  expect(daemon.stderr).toBe('');
  expect(daemon.logs().filter(({ msg }) => msg?.startsWith('Node.js: '))).toEqual([]);
  const ids = lines().map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});
