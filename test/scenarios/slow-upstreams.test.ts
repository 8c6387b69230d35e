// One of three upstreams falls silent and comes back: its clients get their answers elsewhere, and operators see it.
import { beforeAll, expect, it } from 'vitest';
import { silence } from '../support/behaviours.ts';
import { type Daemon, startBalancer } from '../support/daemon.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { http, rpc } from '../support/http-client.ts';
import { until } from '../support/waiting.ts';

let upstreams: FakeUpstream[] = [];
let daemon: Daemon;

beforeAll(async () => {
  upstreams = await Promise.all(['A', 'B', 'C'].map((label) => FakeUpstream.start(label)));
  daemon = await startBalancer({
    primaries: upstreams.map(({ url, label }) => `${url} name=${label}`),
    // Long enough for a busy machine.
    env: { STRATEGY: 'round-robin', ADMIN_PORT: '0', HEDGE: '300ms' },
  });
});

/** Asks so many times, one after the other; returns who answered. */
async function ask(times: number): Promise<string> {
  let names = '';
  for (let count = 0; count < times; count += 1) {
    const answer = await rpc(daemon.url, 'eth_chainId');
    expect(answer.status).toBe(200);
    names += answer.headers['x-forwarded-server'];
  }
  return names;
}

const slowOnes = async () =>
  (await daemon.stats()).flatMap(({ name, slow }) => (slow ? [name] : [])).join('');
const metric = async (line: RegExp) =>
  Number(line.exec((await http(`${daemon.adminUrl}/metrics`)).text)?.[1]);

it('is asked after the others, and tried again until it is well', async () => {
  expect(await ask(66)).toBe('ABC'.repeat(22));
  const [silent, ...others] = upstreams;
  silent?.use(silence());
  await until(async () => (await ask(3)) && (await slowOnes()) === 'A', 'the silent one to be found');
  await daemon.logged(
    ({ msg, upstream, reason }) =>
      msg === 'Slow: asked after the others' && upstream === 'A' && reason === 'silent',
    'that A is silent',
  );
  const before = silent?.requests.length ?? 0;
  const names = await ask(30);
  // In turn, and at most one trial in so short a time.
  expect(names).toMatch(/^(?:BC)+B?(?:BC|CB)*[BC]?$/);
  expect((silent?.requests.length ?? 0) - before).toBeLessThanOrEqual(1);
  expect(await metric(/^rpc_lb_upstream_slow\{upstream="A"\} (\d)/m)).toBe(1);
  expect(await metric(/^rpc_lb_hedges_total\{result="won"\} (\d+)/m)).toBeGreaterThan(0);
  const rows = await daemon.stats();
  expect(rows.map(({ state, failures }) => `${state} ${failures}`)).toEqual(Array(3).fill('usable 0'));
  silent?.reset();
  await until(async () => (await ask(30)) && (await slowOnes()) === '', 'the silent one to be back');
  await daemon.logged(({ msg, upstream }) => msg === 'No longer slow' && upstream === 'A', 'that A is well');
  for (const each of [silent, ...others]) each?.reset();
  expect(await ask(30)).toMatch(/^[ABC]{30}$/);
  expect(upstreams.map((each) => each.requests.length)).toEqual([10, 10, 10]);
});
