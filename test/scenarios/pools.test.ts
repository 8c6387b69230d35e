// Several chains in one process, told apart by the path.
import { beforeAll, describe, expect, it } from 'vitest';
import { AdminClient, refusalIn } from '../support/admin-client.ts';
import { balanceHere } from '../support/app.ts';
import { answer, answerByLabel, resetAfterRequest } from '../support/behaviours.ts';
import type { Balancer } from '../support/daemon.ts';
import { readExposition } from '../support/exposition.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { http, post } from '../support/http-client.ts';
import { RawClient, requestBytes } from '../support/raw-client.ts';
import { until } from '../support/waiting.ts';

const CALL = '{"jsonrpc":"2.0","id":7,"method":"eth_call","params":[]}';

describe('pools beside the one without a path', () => {
  let main: FakeUpstream;
  let base: FakeUpstream;
  let one: FakeUpstream;
  let balancer: Balancer;
  let admin: AdminClient;

  beforeAll(async () => {
    main = await FakeUpstream.start('M');
    base = await FakeUpstream.start('B');
    one = await FakeUpstream.start('O');
    balancer = await balanceHere({
      primaries: [main],
      env: {
        RPC_URLS_BASE: `${base.url}/v2/seCret name=b`,
        FALLBACK_RPC_URLS_BASE: 'none',
        RPC_URLS_ARBITRUM_ONE: `${one.url} name=o`,
        FALLBACK_RPC_URLS_ARBITRUM_ONE: 'none',
        STRATEGY_BASE: 'round-robin',
        ADMIN_PORT: '0',
        CLIENT_KEEP_ALIVE: '5s',
      },
    });
    admin = new AdminClient(balancer.adminUrl);
  });

  it.each([
    ['/base', 'B', '/v2/seCret'],
    ['/base/', 'B', '/v2/seCret'],
    ['/base/x/y?q=1', 'B', '/v2/seCret/x/y?q=1'],
    ['/base?q=1', 'B', '/v2/seCret?q=1'],
    ['/base/base', 'B', '/v2/seCret/base'],
    ['/base/stats', 'B', '/v2/seCret/stats'],
    ['/base//x', 'B', '/v2/seCret//x'],
    ['/arbitrum-one', 'O', '/'],
    ['/arbitrum-one/stats', 'O', '/stats'],
    ['/', 'M', '/'],
    ['/basex', 'M', '/basex'],
    ['/BASE', 'M', '/BASE'],
    ['/%62ase', 'M', '/%62ase'],
    ['/x/base', 'M', '/x/base'],
    ['/arbitrum_one', 'M', '/arbitrum_one'],
  ])('%s goes to %s as %s', async (path, label, target) => {
    const upstream = [main, base, one].find((each) => each.label === label);
    expect((await post(balancer.url + path, CALL)).json()).toMatchObject({ id: 7, result: label });
    expect(upstream?.requests.at(-1)?.target).toBe(target);
  });

  it('nobody climbs out of an upstream by way of a pool', async () => {
    for (const path of ['/base/..', '/base/%2e%2e/x', '/base/x/../../y']) {
      const client = await RawClient.connect(balancer.port);
      client.send(requestBytes(`GET ${path}`));
      expect([path, (await client.response()).status]).toEqual([path, 400]);
    }
  });

  it('get the beginning of the path back in Location, Link and the path of a cookie', async () => {
    const headers = [
      ['Location', '/v2/seCret/next?a=1'],
      ['Set-Cookie', 'a=1; Path=/'],
      ['Set-Cookie', 'b=2; Path=/v2/seCret/deep'],
      ['Link', '</v2/seCret/x>; rel=next'],
    ] as const;
    base.next(answer({ status: 302, headers }));
    const moved = await http(`${balancer.url}/base/here`);
    expect(moved.headers['location']).toBe('/base/next?a=1');
    expect(moved.headers['set-cookie']).toEqual(['a=1; Path=/base', 'b=2; Path=/base/deep']);
    expect(moved.headers['link']).toBe('</base/x>; rel=next');
    one.next(
      answer({
        status: 302,
        headers: [
          ['Location', `${one.url}/next`],
          ['Set-Cookie', 'a=1; Path=/'],
        ],
      }),
    );
    const other = await http(`${balancer.url}/arbitrum-one`);
    expect(other.headers['location']).toBe('/arbitrum-one/next');
    expect(other.headers['set-cookie']).toEqual(['a=1; Path=/arbitrum-one']);
  });

  it('relative references lead where the upstream meant', async () => {
    for (const [path, location] of [
      ['/arbitrum-one', 'next'],
      ['/arbitrum-one/', 'next'],
      ['/arbitrum-one/a/b', '../c'],
    ] as const) {
      one.next(answer({ status: 302, headers: [['Location', location]] }));
      const { headers } = await http(balancer.url + path);
      const meant = new URL(location, `http://upstream${path.slice('/arbitrum-one'.length) || '/'}`).pathname;
      expect(new URL(String(headers['location']), balancer.url + path).pathname).toBe(
        `/arbitrum-one${meant}`,
      );
    }
  });

  it('have rows of their own in /stats, all with their pool', async () => {
    const rows = await balancer.stats();
    expect(rows.map(({ pool, name }) => `${pool} ${name}`)).toEqual([
      `default 127.0.0.1:${main.port}`,
      'base b',
      'arbitrum-one o',
    ]);
    const own = (await http(`${balancer.url}/stats/base`)).json();
    expect(own).toMatchObject([{ pool: 'base', name: 'b' }]);
    expect((await http(`${balancer.url}/stats/default`)).json()).toHaveLength(1);
    for (const path of ['/stats/nobody', '/readyz/nobody', '/stats/base/x', '/readyz/'])
      expect([path, (await http(balancer.url + path)).status]).toEqual([path, 404]);
    expect((await admin.get('/stats/base')).json()).toMatchObject([{ name: 'b' }]);
    expect((await admin.get('/stats/nobody')).status).toBe(404);
  });

  it('are named by the log, and by the metrics', async () => {
    await post(`${balancer.url}/base/x?key=1`, CALL, { 'x-request-id': 'of-base' });
    const line = await balancer.logged(({ id, msg }) => id === 'of-base' && msg === 'Request', 'the line');
    expect(line).toMatchObject({ pool: 'base', path: '/base/x', upstream: 'b' });
    const metrics = readExposition((await admin.get('/metrics')).text);
    const labelsOf = (family: string) => [...(metrics.get(family)?.samples.keys() ?? [])].join('\n');
    for (const family of [
      'requests_total',
      'request_duration_seconds',
      'inflight_requests',
      'waiting_requests',
      'hedges_total',
      'queue_wait_seconds',
      'attempts_total',
      'upstream_state',
      'upstream_slow',
    ])
      for (const pool of ['default', 'base', 'arbitrum-one'])
        expect(labelsOf(`rpc_lb_${family}`)).toContain(`pool="${pool}"`);
    expect(
      metrics
        .get('rpc_lb_requests_total')
        ?.samples.get('rpc_lb_requests_total{outcome="answered",pool="base"}'),
    ).toBeGreaterThan(0);
  });

  it('share nothing: one that is out leaves the others alone, and the process is not ready', async () => {
    one.use(resetAfterRequest());
    expect((await post(`${balancer.url}/arbitrum-one`, CALL)).status).toBe(502);
    expect((await post(`${balancer.url}/base`, CALL)).status).toBe(200);
    await until(async () => (await http(`${balancer.url}/readyz`)).status === 503, 'not ready');
    expect((await http(`${balancer.url}/readyz`)).json()).toMatchObject({
      reason: 'no upstream is usable in arbitrum-one',
    });
    expect((await http(`${balancer.url}/readyz/base`)).status).toBe(200);
    expect((await http(`${balancer.url}/readyz/arbitrum-one`)).status).toBe(503);
    one.use(answerByLabel('O'));
    await admin.post('/servers/o/release');
    expect((await http(`${balancer.url}/readyz`)).status).toBe(200);
  });

  it('are changed by operators, each for itself', async () => {
    const url = 'http://127.0.0.1:9/';
    expect(refusalIn(await admin.post('/servers', { url, pool: 'nobody' }))).toEqual([404, 'UNKNOWN_POOL']);
    expect(refusalIn(await admin.post('/servers', { url, pool: 7 }))).toEqual([400, 'INVALID_INPUT']);
    expect(refusalIn(await admin.post('/servers', { url, pool: 'base', name: 'o' }))).toEqual([
      409,
      'NAME_TAKEN',
    ]);
    expect(refusalIn(await admin.delete('/servers/o'))).toEqual([409, 'LAST_UPSTREAM']);
    const added = await admin.post('/servers', { url, pool: 'base', tier: 'fallback', weight: 3 });
    expect([added.status, added.json()]).toMatchObject([
      201,
      { pool: 'base', name: '127.0.0.1:9', weight: 3 },
    ]);
    expect((await admin.post('/servers', { url, pool: 'arbitrum-one' })).json()).toMatchObject({
      name: '127.0.0.1:9-2',
    });
    expect((await admin.patch('/servers/127.0.0.1:9', { draining: true })).json()).toMatchObject({
      state: 'draining',
    });
    for (const name of ['127.0.0.1:9', '127.0.0.1:9-2'])
      expect((await admin.delete(`/servers/${name}`)).status).toBe(204);
    expect((await admin.put('/strategy', { strategy: 'peak-ewma', pool: 'base' })).json()).toEqual({
      strategy: 'peak-ewma',
      pool: 'base',
    });
    expect((await admin.put('/strategy', { strategy: 'least-connections' })).json()).toEqual({
      strategy: 'least-connections',
      pool: 'default',
    });
    expect(refusalIn(await admin.put('/strategy', { strategy: 'shuffle', pool: 'x' }))).toEqual([
      404,
      'UNKNOWN_POOL',
    ]);
    const config = (await admin.get('/config')).json() as Record<string, { value: string; source: string }>;
    expect(config['STRATEGY_BASE']).toEqual({ value: 'peak-ewma', source: 'admin port' });
    expect(config['STRATEGY']).toEqual({ value: 'least-connections', source: 'admin port' });
    expect(config['RPC_URLS_ARBITRUM_ONE']?.value).toBe(`${one.url} name=o weight=1`);
    expect(JSON.stringify(config)).not.toContain('seCret');
  });
});

describe('pools without one for other paths', () => {
  it('answer 404 to those, a JSON-RPC request with its own id', async () => {
    const base = await FakeUpstream.start('B');
    const balancer = await balanceHere({
      primaries: [],
      env: { RPC_URLS_BASE: base.url, FALLBACK_RPC_URLS_BASE: 'none', ADMIN_PORT: '0' },
    });
    const { status, text } = await post(`${balancer.url}/bsae`, CALL);
    expect([status, JSON.parse(text)]).toMatchObject([
      404,
      { id: 7, error: { code: -32601, data: { code: 'NO_SUCH_POOL' } } },
    ]);
    const plain = await http(`${balancer.url}/`);
    expect([plain.status, plain.json()]).toMatchObject([404, { code: 'NO_SUCH_POOL' }]);
    const batch = await post(
      balancer.url,
      `[${CALL},{"jsonrpc":"2.0","method":"x"},{"jsonrpc":"2.0","id":"b","method":"y"}]`,
    );
    expect(batch.json()).toMatchObject([{ id: 7 }, { id: 'b' }]);
    expect((await http(`${balancer.url}/readyz`)).status).toBe(200);
    expect((await post(`${balancer.url}/base`, CALL)).json()).toMatchObject({ result: 'B' });
    const admin = new AdminClient(balancer.adminUrl);
    expect(refusalIn(await admin.post('/servers', { url: 'http://127.0.0.1:9' }))).toEqual([
      400,
      'INVALID_INPUT',
    ]);
    const metrics = readExposition((await admin.get('/metrics')).text).get('rpc_lb_requests_total')?.samples;
    expect(metrics?.get('rpc_lb_requests_total{outcome="refused"}')).toBe(3);
    expect(base.requests).toHaveLength(1);
  });
});
