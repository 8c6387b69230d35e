// A machine that runs out of something: it is nobody's fault, and passes.
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { descriptorWarning } from '../../src/network/shortage.ts';
import { silence } from '../support/behaviours.ts';
import { startDaemon } from '../support/daemon.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { http } from '../support/http-client.ts';
import { RawClient, requestBytes } from '../support/raw-client.ts';
import { until } from '../support/waiting.ts';

/** Enough for Node to load the program, whose modules are read many at a time. */
const DESCRIPTORS = 300;

it('without file descriptors left requests are refused, nobody is blamed, and it passes', async () => {
  const upstream = await FakeUpstream.start('A', silence());
  const daemon = await startDaemon({
    descriptors: DESCRIPTORS,
    env: {
      RPC_URLS: `${upstream.url} name=a, http://localhost:${upstream.port} name=b`,
      FALLBACK_RPC_URLS: 'none',
      HEALTH_CHECK: 'tcp',
      HEALTH_CHECK_INTERVAL: '100ms',
      HEALTH_CHECK_FALL: '1',
    },
  });
  const warning = daemon.logs().find(({ msg }) => msg?.startsWith('MAX_CONNECTIONS'));
  expect(warning).toMatchObject({ level: 'warn', msg: expect.stringContaining('ulimit -n 15100') });

  // Two requests at a time of each need more connections to upstreams than can be had.
  const clients = await Promise.all(Array.from({ length: 120 }, () => RawClient.connect(daemon.port)));
  for (const client of clients) client.send(requestBytes('GET /healthz'));
  for (const client of clients) expect((await client.response()).status).toBe(200);
  for (const client of clients) client.send(Buffer.concat([requestBytes('GET /x'), requestBytes('GET /x')]));
  const refusals = () => daemon.logs().filter(({ code }) => code === 'OVERLOADED');
  await until(() => refusals().length > 50, 'refusals');
  expect(refusals()[0]).toMatchObject({ status: 503, result: 'refused', attempts: 2 });
  const shortages = () => daemon.logs().filter(({ code }) => code === 'EMFILE');
  expect(shortages()).toMatchObject([
    { level: 'error', msg: expect.stringMatching(/^Out of file descriptors/) },
  ]);
  // Time for some checks.
  await sleep(300);
  for (const client of clients) client.leave();

  upstream.reset();
  // Until the first descriptors are free again, the system itself resets new connections.
  const status = () =>
    http(`${daemon.url}/x`).then(
      (response) => response.status,
      () => undefined,
    );
  await until(async () => (await status()) === 200, 'an answer');
  expect((await daemon.stats()).map(({ state, failures }) => [state, failures])).toEqual([
    ['usable', 0],
    ['usable', 0],
  ]);
  const lines = daemon.logs().filter(({ msg }) => msg === 'Quarantined' || msg?.startsWith('Status change'));
  expect([lines, shortages().length]).toEqual([[], 1]);
});

it('clients that only connect leave enough to serve others', async () => {
  const upstream = await FakeUpstream.start('A');
  const daemon = await startDaemon({
    descriptors: DESCRIPTORS,
    env: { RPC_URLS: upstream.url, FALLBACK_RPC_URLS: 'none', HEALTH_CHECK: 'off' },
  });
  const served = await RawClient.connect(daemon.port);
  const idle = await Promise.all(Array.from({ length: 250 }, () => RawClient.connect(daemon.port)));
  served.send(requestBytes('GET /x'));
  expect((await served.response()).text).toBe('A');
  for (const client of [served, ...idle]) client.leave();
});

describe('the limit of descriptors', () => {
  it.each([
    [10_000, 15_100, undefined],
    [
      10_000,
      15_099,
      /MAX_CONNECTIONS=10000 is held to 9999.*may open 15099 file descriptors.*ulimit -n 15100/,
    ],
    [10_000, 1_024, /is held to 616.*ulimit -n 15100/],
    [100, 50, /is held to 1,/],
  ])('MAX_CONNECTIONS=%i with %i', (maxConnections, limit, expected) => {
    const warning = descriptorWarning(maxConnections, 1, limit);
    if (expected) expect(warning).toMatch(expected);
    else expect(warning).toBeUndefined();
  });
});
