// What the metrics say is what clients and upstreams have seen.
import { describe, expect, it } from 'vitest';
import { type RunningApp, startApp } from '../support/app.ts';
import { answer, Gate, held } from '../support/behaviours.ts';
import { readExposition } from '../support/exposition.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { http, post } from '../support/http-client.ts';
import { RawClient, requestBytes } from '../support/raw-client.ts';
import { switchProtocol, TunnelClient } from '../support/tunnel-client.ts';
import { until } from '../support/waiting.ts';

async function setUp() {
  const first = await FakeUpstream.start('first');
  const second = await FakeUpstream.start('second');
  const running = await startApp({
    primaries: [`${first.url} name=first`],
    fallbacks: [`${second.url} name=second`],
    flags: ['--error-time-to-live-minutes=0.00002', '--max-body=1kb', '--admin-port=0'],
  });
  return { first, second, running };
}

const text = async ({ adminUrl }: RunningApp) => (await http(`${adminUrl}/metrics`)).text;
const read = async (running: RunningApp) => readExposition(await text(running));

/** All numbers of one family, without the zeros. */
async function numbers(running: RunningApp, name: string): Promise<Record<string, number>> {
  const samples = (await read(running)).get(name)?.samples ?? new Map<string, number>();
  return Object.fromEntries(
    [...samples].filter(([, value]) => value > 0).map(([key, value]) => [key.slice(name.length), value]),
  );
}

const inFlight = async (running: RunningApp) =>
  (await read(running)).get('rpc_lb_inflight_requests')?.samples.get('rpc_lb_inflight_requests');

const idle = (running: RunningApp) =>
  until(async () => (await inFlight(running)) === 0, 'no request in flight');

/** Any failure is forgiven in a moment. */
const usable = (running: RunningApp) =>
  until(async () => (await text(running)).split('state="usable"} 1\n').length === 3, 'two usable upstreams');

describe('the metrics of a running program', () => {
  it('count what was asked and answered', async () => {
    const { first, second, running } = await setUp();
    for (let n = 0; n < 30; n += 1) {
      if (n % 3 === 0) first.next(answer({ status: 503 }));
      expect((await http(`${running.url}/x`)).status).toBe(200);
      await usable(running);
    }
    expect((await http(`${running.url}/x`, { method: 'POST', body: 'x'.repeat(2_000) })).status).toBe(413);
    first.next(answer({ status: 503 }));
    second.next(answer({ status: 503 }));
    expect((await http(`${running.url}/x`)).status).toBe(503);
    await idle(running);
    expect(await numbers(running, 'rpc_lb_requests_total')).toEqual({
      '{outcome="answered"}': 30,
      '{outcome="refused"}': 1,
      '{outcome="failed"}': 1,
    });
    expect([first.requests.length, second.requests.length]).toEqual([31, 11]);
    expect(await numbers(running, 'rpc_lb_attempts_total')).toEqual({
      '{outcome="answered",upstream="first"}': 20,
      '{outcome="status",upstream="first"}': 11,
      '{outcome="answered",upstream="second"}': 10,
      '{outcome="status",upstream="second"}': 1,
    });
    expect(await numbers(running, 'rpc_lb_request_duration_seconds')).toMatchObject({ _count: 32 });
    expect(await numbers(running, 'rpc_lb_attempt_duration_seconds')).toMatchObject({
      '_count{upstream="first"}': 20,
      '_count{upstream="second"}': 10,
    });
  });

  it('count an attempt whose answer breaks off after its first byte once, when it is over, as cut', async () => {
    const { first, running } = await setUp();
    const gate = new Gate();
    const half = Buffer.alloc(100_000, 'x');
    first.use({
      at: 'body',
      run(socket) {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n');
        socket.write(half);
        void gate.opened.then(() => socket.resetAndDestroy());
      },
    });
    const client = await RawClient.connect(running.port);
    client.send(requestBytes('GET /x'));
    await until(async () => (await client.head()).body.length > 0, 'the first bytes');
    expect(await numbers(running, 'rpc_lb_attempts_total')).toEqual({});
    gate.release();
    await idle(running);
    expect(await numbers(running, 'rpc_lb_attempts_total')).toEqual({
      '{outcome="cut",upstream="first"}': 1,
    });
    expect(await numbers(running, 'rpc_lb_requests_total')).toEqual({ '{outcome="cut"}': 1 });
  });

  it('tell how many requests are in flight, also when clients leave', async () => {
    const { first, running } = await setUp();
    const gate = new Gate();
    first.use(held(gate, answer({ body: 'done' })));
    const client = await RawClient.connect(running.port);
    client.send(requestBytes('GET /x'));
    const staying = http(`${running.url}/x`);
    await first.arrived(2);
    expect(await inFlight(running)).toBe(2);
    client.leave();
    await until(async () => (await inFlight(running)) === 1, 'one request in flight');
    gate.release();
    await staying;
    await idle(running);
    expect(await numbers(running, 'rpc_lb_requests_total')).toEqual({
      '{outcome="answered"}': 1,
      '{outcome="client-left"}': 1,
    });
  });

  it('take a tunnel for in flight until it is closed, and its time for no duration', async () => {
    const { first, running } = await setUp();
    first.use(switchProtocol({ head: 'first' }));
    const client = await TunnelClient.open(running.port);
    expect(await inFlight(running)).toBe(1);
    client.socket.destroy();
    await idle(running);
    expect(await numbers(running, 'rpc_lb_requests_total')).toEqual({ '{outcome="answered"}': 1 });
    expect(await numbers(running, 'rpc_lb_request_duration_seconds')).toEqual({});
    expect(await numbers(running, 'rpc_lb_attempts_total')).toEqual({
      '{outcome="answered",upstream="first"}': 1,
    });
  });

  it('come from the admin port as Prometheus reads them', async () => {
    const { running } = await setUp();
    const { status, headers } = await http(`${running.adminUrl}/metrics`);
    expect([status, headers['content-type']]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
    expect((await read(running)).has('process_cpu_seconds_total')).toBe(true);
    expect((await http(`${running.url}/metrics`)).text).not.toContain('rpc_lb_');
  });

  it('leave out what the program itself was asked for', async () => {
    const { running } = await setUp();
    await http(`${running.url}/stats`);
    await http(`${running.url}/readyz`);
    await http(`${running.url}/healthz`);
    expect(await numbers(running, 'rpc_lb_requests_total')).toEqual({});
    expect(await inFlight(running)).toBe(0);
  });

  it('have no more series for whatever clients send', async () => {
    const { first, second, running } = await setUp();
    const series = async () => {
      const families = [...(await read(running))].filter(([name]) => name.startsWith('rpc_lb_'));
      return new Set(families.flatMap(([, { samples }]) => [...samples.keys()]));
    };
    const before = await series();
    for (let n = 0; n < 40; n += 1) {
      const odd = `eth_get${'x'.repeat(n * 10)}Odd${n}"} 1`;
      if (n % 10 === 0) first.next(answer({ status: 503 }));
      if (n % 20 === 0) second.next(answer({ status: 503 }));
      await Promise.all([
        http(`${running.url}/odd${n}?q=${n}`, {
          method: ['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH'][n % 5] ?? '',
          headers: { 'user-agent': `odd-${n}`, 'x-request-id': `odd-${n}`, 'x-api-key': `odd-${n}` },
        }),
        post(`${running.url}/odd${n}`, JSON.stringify({ jsonrpc: '2.0', id: odd, method: odd })),
        post(running.url, '{"jsonrpc":"2.0","id":1'),
      ]);
    }
    const more = [...(await series())].filter((each) => !before.has(each));
    // Only while an upstream is out.
    expect(more.filter((each) => !/^rpc_lb_upstream_(?:out|quarantine_end)/.test(each))).toEqual([]);
    expect(await text(running)).not.toMatch(/odd/i);
    await idle(running);
    const byMethod = await numbers(running, 'rpc_lb_method_requests_total');
    expect(Object.keys(byMethod).filter((key) => !key.includes('method="other"'))).toEqual([]);
    expect(Object.values(byMethod).reduce((sum, value) => sum + value, 0)).toBe(40);
  });
});
