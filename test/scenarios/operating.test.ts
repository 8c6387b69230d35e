// What operators see: status paths and log lines.
import { connect } from 'node:net';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { balanceHere } from '../support/app.ts';
import { answer, Gate, held, resetAfterRequest } from '../support/behaviours.ts';
import { startBalancer } from '../support/daemon.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { http, rpc } from '../support/http-client.ts';
import { until } from '../support/waiting.ts';

let primary: FakeUpstream;
let fallback: FakeUpstream;

beforeAll(async () => {
  primary = await FakeUpstream.start('primary');
  fallback = await FakeUpstream.start('fallback');
});

beforeEach(() => {
  primary.reset();
  fallback.reset();
});

describe('the status paths', () => {
  const start = () =>
    balanceHere({
      primaries: [`${primary.url}/v2/KEY?k=KEY name=first weight=3`],
      fallbacks: [`${fallback.url} name=second`],
      env: { ERROR_TIME_TO_LIVE_MINUTES: '1' },
    });

  it('tell what each upstream is and does', async () => {
    const daemon = await start();
    await rpc(daemon.url, 'eth_blockNumber');
    const response = await http(`${daemon.url}/stats`);
    expect(response.status).toBe(200);
    expect(response.headers['content-type']).toMatch(/^application\/json/);
    const healthy = { alive: true, state: 'usable', reason: null, until: null, connections: 0, failures: 0 };
    expect(response.json()).toMatchObject([
      { ...healthy, name: 'first', url: primary.url, tier: 'primary', requests: 1, weight: 3 },
      {
        ...healthy,
        name: 'second',
        url: fallback.url,
        tier: 'fallback',
        requests: 0,
        weight: 1,
      },
    ]);
    for (const row of await daemon.stats()) expect(row.uptime).toMatch(/^\d\dh:\d\dm:\d\ds$/);
  });

  it('tell how long answers took, and the memory that an upstream says it has', async () => {
    primary.use(answer({ body: '{"memory_usage":1258291}' }));
    const daemon = await balanceHere({
      primaries: [`${primary.url}/v2/KEY name=first`],
      fallbacks: [fallback],
      env: { HEALTH_CHECK: 'tcp' },
    });
    await http(`${daemon.url}/x`);
    const [first] = await until(async () => {
      const rows = await daemon.stats();
      return rows[0]?.memory_usage !== null && rows;
    }, 'the memory of the primary');
    expect(first?.memory_usage).toBe('1.2 MB');
    expect(first?.latency_ms?.p50).toBeGreaterThan(0);
    expect(first?.latency_ms?.p99).toBeGreaterThanOrEqual(first?.latency_ms.p50 ?? 0);
    expect((await daemon.stats())[1]).toMatchObject({ memory_usage: null, latency_ms: { p99: null } });
  });

  it('ask nothing of an upstream without health checks', async () => {
    const daemon = await start();
    await http(`${daemon.url}/x`);
    expect((await daemon.stats())[0]).toMatchObject({ memory_usage: null });
    expect(primary.requests.map(({ target }) => target)).toEqual(['/v2/KEY/x?k=KEY']);
  });

  it('tell of a quarantine, its reason and its end', async () => {
    const daemon = await start();
    primary.use(resetAfterRequest());
    await rpc(daemon.url, 'eth_blockNumber');
    const [first, second] = await daemon.stats();
    expect(first).toMatchObject({ state: 'quarantined', reason: 'reset', requests: 1, failures: 1 });
    const leftMs = new Date(String(first?.until)).getTime() - Date.now();
    expect(leftMs).toBeGreaterThan(50_000);
    expect(leftMs).toBeLessThanOrEqual(60_000);
    expect(second).toMatchObject({ state: 'usable', requests: 1 });
  });

  it('count the attempts under way', async () => {
    const daemon = await start();
    const gate = new Gate();
    primary.use(held(gate, answer({ body: 'done' })));
    const slow = http(`${daemon.url}/x`);
    await primary.arrived();
    expect((await daemon.stats())[0]).toMatchObject({ connections: 1, requests: 1 });
    gate.release();
    await slow;
    await until(async () => (await daemon.stats())[0]?.connections === 0, 'the end of the attempt');
  });

  it('say whether the process lives, and whether anything is usable', async () => {
    const daemon = await start();
    expect((await http(`${daemon.url}/healthz`)).status).toBe(200);
    expect((await http(`${daemon.url}/readyz`)).status).toBe(200);
    primary.use(resetAfterRequest());
    fallback.use(resetAfterRequest());
    // One request puts out one upstream.
    for (const _ of [primary, fallback]) await rpc(daemon.url, 'eth_blockNumber');
    expect((await http(`${daemon.url}/healthz`)).status).toBe(200);
    expect((await http(`${daemon.url}/readyz`)).status).toBe(503);
  });

  it('belong to the upstreams with STATUS_PATHS=off', async () => {
    const daemon = await balanceHere({ primaries: [primary], env: { STATUS_PATHS: 'off' } });
    for (const path of ['/stats', '/healthz', '/readyz']) {
      expect((await http(`${daemon.url}${path}`)).text).toBe('primary');
    }
    expect(primary.requests.map(({ target }) => target)).toEqual(['/stats', '/healthz', '/readyz']);
  });
});

it('every finished request is one line in the log', async () => {
  const daemon = await startBalancer({
    primaries: [`${primary.url} name=first`],
    fallbacks: [`${fallback.url} name=second`],
  });
  primary.use(resetAfterRequest());
  await rpc(`${daemon.url}/some/path?secret=1`, 'eth_blockNumber');
  const line = await daemon.logged(({ msg }) => msg === 'Request', 'the request');
  expect(line).toMatchObject({
    level: 'info',
    client: '127.0.0.1',
    method: 'POST',
    path: '/some/path',
    rpcMethod: 'eth_blockNumber',
    status: 200,
    upstream: 'second',
    attempts: 2,
  });
  expect(line.id).toMatch(/./);
  expect(line.ms).toBeGreaterThanOrEqual(0);
  expect(daemon.logs().filter(({ level }) => level === 'warn')).toContainEqual(
    expect.objectContaining({ upstream: 'first', reason: 'reset' }),
  );
});

it('connections over MAX_CONNECTIONS are closed, and the others served', async () => {
  const daemon = await startBalancer({ primaries: [primary], env: { MAX_CONNECTIONS: '2' } });
  const sockets = [1, 2, 3].map(() => connect(daemon.port, '127.0.0.1').on('error', () => {}));
  await until(
    () => sockets.some((socket) => socket.resume().readableEnded || socket.destroyed),
    'a closed connection',
  );
  sockets[0]?.destroy();
  sockets[1]?.destroy();
  expect(
    await until(
      () =>
        http(daemon.url).then(
          (response) => response.text,
          () => undefined,
        ),
      'an answer',
    ),
  ).toBe('primary');
  sockets[2]?.destroy();
});
