// The verbs of the admin port, over real sockets and with real upstreams.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { AdminClient, refusalIn } from '../support/admin-client.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { answerByLabel, Gate, held, refuseRate, resetAfterRequest } from '../support/behaviours.ts';
import type { StatsRow } from '../support/daemon.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { http } from '../support/http-client.ts';
import { until } from '../support/waiting.ts';

const folder = mkdtempSync(join(tmpdir(), 'servers-'));
/** Nobody writes to it: who opens it to read waits for ever. */
const PIPE = join(folder, 'pipe');
execFileSync('mkfifo', [PIPE]);
afterAll(() => rmSync(folder, { recursive: true }));

let a: FakeUpstream;
let b: FakeUpstream;
let running: RunningApp;
let admin: AdminClient;

beforeEach(async () => {
  a = await FakeUpstream.start('A');
  b = await FakeUpstream.start('B');
  running = await startApp({
    primaries: [`${a.url} name=a`],
    flags: ['--admin-port=0', '--strategy=round-robin', '--error-time-to-live-minutes=5'],
  });
  admin = new AdminClient(running.adminUrl);
});

const rows = async () => (await admin.get('/servers')).json() as StatsRow[];
const names = async () => (await rows()).map(({ name }) => name).join(' ');
const row = async (name: string) => (await rows()).find((each) => each.name === name);
/** Who answers the next request. */
const asked = async () => (await http(running.url)).text;

describe('GET', () => {
  it('/servers and /stats tell what the client port tells', async () => {
    await asked();
    const expected = (await http(`${running.url}/stats`)).json();
    for (const path of ['/servers', '/stats', '/stats?pretty']) {
      const response = await admin.get(path);
      expect([response.status, response.headers['content-type']]).toEqual([200, 'application/json']);
      expect(response.headers['cache-control']).toBe('no-store');
      expect(response.json()).toMatchObject([{ name: 'a', requests: 1 }]);
      expect(Object.keys(Object(response.json())[0])).toEqual(Object.keys(Object(expected)[0]));
    }
  });

  it('/healthz and /readyz answer as on the client port', async () => {
    expect((await admin.get('/healthz')).json()).toEqual({ status: 'ok' });
    expect((await admin.get('/readyz')).json()).toEqual({ status: 'ready' });
    await admin.patch('/servers/a', { draining: true });
    const response = await admin.get('/readyz');
    expect([response.status, response.json()]).toEqual([
      503,
      { status: 'not ready', reason: 'no upstream is usable' },
    ]);
  });

  it('HEAD is answered like it, without a body', async () => {
    const [got, headed] = [
      await admin.get('/healthz'),
      await http(`${admin.url}/healthz`, { method: 'HEAD' }),
    ];
    expect([headed.status, headed.text]).toEqual([200, '']);
    expect(headed.headers['content-length']).toBe(got.headers['content-length']);
  });

  it('/config shows the settings in force, masked, and what was changed since the start', async () => {
    const at = (name: string) => admin.get('/config').then((response) => Object(response.json())[name]);
    expect(await at('STRATEGY')).toEqual({ value: 'round-robin', source: 'flag --strategy' });
    expect(await at('RPC_URLS')).toEqual({ value: `${a.url} name=a weight=1`, source: 'flag --backends' });
    await admin.put('/strategy', { strategy: 'shuffle' });
    await admin.post('/servers', { url: `${b.url}/v2/HUSH?HUSH`, name: 'b' });
    await admin.patch('/servers/a', { weight: 3, draining: true });
    expect(await at('STRATEGY')).toEqual({ value: 'shuffle', source: 'admin port' });
    expect(await at('RPC_URLS')).toEqual({
      value: `${a.url} name=a weight=3 (draining), ${b.url} name=b weight=1`,
      source: 'admin port',
    });
    expect((await admin.get('/config')).text).not.toContain('HUSH');
  });
});

describe('POST /servers', () => {
  it('adds one that the next request may go to, and answers with its row', async () => {
    const added = await admin.post('/servers', { url: `${b.url}/v2/HUSH`, name: 'b', weight: 5 });
    expect(added.status).toBe(201);
    expect(added.json()).toEqual(await row('b'));
    expect(added.json()).toMatchObject({
      name: 'b',
      url: b.url,
      tier: 'primary',
      weight: 5,
      state: 'usable',
    });
    expect(added.text).not.toContain('HUSH');
    expect(new Set([await asked(), await asked()])).toEqual(new Set(['A', 'B']));
    expect(b.requests[0]?.target).toBe('/v2/HUSH');
  });

  it('makes a name of the host that nobody has', async () => {
    const nameOf = async (path: string) =>
      Object((await admin.post('/servers', { url: b.url + path })).json()).name;
    const host = `127.0.0.1:${b.port}`;
    expect([await nameOf('/1'), await nameOf('/2'), await nameOf('/3')]).toEqual([
      host,
      `${host}-2`,
      `${host}-3`,
    ]);
  });

  it('finds a made name in a path, percent-encoded or not', async () => {
    const name = `127.0.0.1:${b.port}`;
    await admin.post('/servers', { url: b.url });
    await admin.post('/servers', { url: 'http://[::1]:8545' });
    for (const [path, weight] of [
      [name, 2],
      [encodeURIComponent(name), 3],
    ] as const) {
      expect((await admin.patch(`/servers/${path}`, { weight })).json()).toMatchObject({ name, weight });
    }
    expect((await admin.post(`/servers/${name}/release`)).status).toBe(200);
    const metrics = (await admin.get('/metrics')).text;
    expect(metrics).toContain(`rpc_lb_upstream_state{upstream="${name}",state="usable"} 1`);
    expect(metrics).toContain('rpc_lb_upstream_state{upstream="[::1]:8545",state="usable"} 1');
    await admin.delete('/servers/a');
    expect((await http(running.url)).headers['x-forwarded-server']).toBe(name);
    expect((await admin.patch('/servers/[::1]:8545', { weight: 2 })).json()).toMatchObject({ weight: 2 });
    expect((await admin.delete('/servers/%5B%3A%3A1%5D%3A8545')).status).toBe(204);
    expect(await names()).toBe(name);
  });

  it('puts a fallback behind, which is asked when no primary answers', async () => {
    await admin.post('/servers', { url: b.url, name: 'b', tier: 'fallback' });
    expect([await asked(), await asked()]).toEqual(['A', 'A']);
    a.use(resetAfterRequest());
    expect(await asked()).toBe('B');
  });

  it('takes the options of the lists', async () => {
    await admin.post('/servers', { url: b.url, name: 'b', host: 'keep' });
    await admin.delete('/servers/a');
    await http(running.url, { headers: { host: 'asked.example' } });
    expect(b.requests[0]?.header('host')).toBe('asked.example');
    await admin.post('/servers', { url: 'https://127.0.0.1:1', name: 'c', insecure: true, draining: true });
    expect(await row('c')).toMatchObject({ state: 'draining' });
    await until(() => running.logs.some((line) => /insecure=true/.test(`${line.msg}`)), 'a warning');
  });

  it.each<[unknown, number, string, RegExp?]>([
    [undefined, 400, 'INVALID_INPUT'],
    [[], 400, 'INVALID_INPUT'],
    [{}, 400, 'INVALID_INPUT'],
    [{ url: 'ftp://eth.example/HUSH' }, 400, 'INVALID_INPUT', /ftp:\/\/eth\.example is no URL/],
    [{ url: 'https://eth.example/HUSH#x' }, 400, 'INVALID_INPUT', /has a fragment/],
    [{ url: 'https://eth.example/HUSH', weight: 0 }, 400, 'INVALID_INPUT', /weight=0/],
    [{ url: 'https://eth.example/HUSH', weight: 1001 }, 400, 'INVALID_INPUT', /from 1 to 1000/],
    [{ url: 'https://eth.example/HUSH', weight: 1.5 }, 400, 'INVALID_INPUT', /weight=1\.5/],
    [{ url: 'https://eth.example/HUSH', weight: '5' }, 400, 'INVALID_INPUT', /"weight"/],
    [{ url: 'https://eth.example/HUSH', name: 'a/b' }, 400, 'INVALID_INPUT', /name=a\/b/],
    [{ url: 'https://eth.example/HUSH', name: '..' }, 400, 'INVALID_INPUT', /name=\.\./],
    [{ url: 'https://eth.example/HUSH', name: 'x'.repeat(20_000) }, 400, 'INVALID_INPUT', /up to 64/],
    [{ url: `https://eth.example/HUSH${'x'.repeat(20_000)}` }, 400, 'INVALID_INPUT', /up to 4096/],
    [{ url: 'https://eth.example/HUSH', ca: '/dev/zero' }, 400, 'INVALID_INPUT', /no regular file/],
    [{ url: 'https://eth.example/HUSH', ca: PIPE }, 400, 'INVALID_INPUT', /no regular file/],
    [{ url: 'https://eth.example/HUSH', tier: 'third' }, 400, 'INVALID_INPUT', /"tier"/],
    [{ url: 'https://eth.example/HUSH', colour: 'red' }, 400, 'INVALID_INPUT', /"colour"/],
    [{ url: 'https://eth.example/HUSH', ca: 'no-such.pem' }, 400, 'INVALID_INPUT', /no such file/],
    [{ url: 'https://eth.example/HUSH', name: 'a' }, 409, 'NAME_TAKEN'],
  ])('refuses %j with %i and changes nothing', async (body, status, code, detail = /./) => {
    const response = await admin.post('/servers', body);
    expect(refusalIn(response)).toEqual([status, code]);
    expect(Object(response.json()).detail).toMatch(detail);
    expect(response.text).not.toContain('HUSH');
    expect(await names()).toBe('a');
  });

  it('refuses the URL of another one, also when it is written otherwise', async () => {
    for (const url of [a.url, `${a.url}/`, a.url.replace('http', 'HTTP')])
      expect(refusalIn(await admin.post('/servers', { url, name: 'x' }))).toEqual([409, 'URL_TAKEN']);
  });
});

describe('PATCH /servers/NAME', () => {
  beforeEach(() => admin.post('/servers', { url: b.url, name: 'b' }));

  it('changes the weight for the next request', async () => {
    await admin.put('/strategy', { strategy: 'weighted-round-robin' });
    const changed = await admin.patch('/servers/b', { weight: 3 });
    expect([changed.status, changed.json()]).toEqual([200, await row('b')]);
    expect(await row('b')).toMatchObject({ weight: 3, state: 'usable' });
    const answers = [await asked(), await asked(), await asked(), await asked()];
    expect(answers.filter((label) => label === 'B')).toHaveLength(3);
  });

  it('drains: no new request goes there, those in flight finish and are counted until then', async () => {
    const gate = new Gate();
    b.use(held(gate, answerByLabel('B')));
    const inFlight = [http(running.url), http(running.url)];
    await b.arrived();
    const drained = await admin.patch('/servers/b', { draining: true });
    expect(drained.json()).toMatchObject({ state: 'draining', connections: 1, weight: 1 });
    expect([await asked(), await asked(), await asked()]).toEqual(['A', 'A', 'A']);
    expect(await row('b')).toMatchObject({ state: 'draining', connections: 1 });
    gate.release();
    const answers = await Promise.all(inFlight);
    expect(answers.map(({ text }) => text).sort()).toEqual(['A', 'B']);
    await until(async () => (await row('b'))?.connections === 0, 'no connection left');
    expect(b.requests).toHaveLength(1);
    const back = await admin.patch('/servers/b', { draining: false });
    expect(back.json()).toMatchObject({ state: 'usable' });
    expect(new Set([await asked(), await asked()])).toEqual(new Set(['A', 'B']));
  });

  it('that changes nothing is no change', async () => {
    const response = await admin.patch('/servers/b', { weight: 1, draining: false });
    expect([response.status, response.json()]).toEqual([200, await row('b')]);
    await admin.patch('/servers/b', { weight: 2 });
    await until(() => running.logs.some(({ msg }) => msg === 'Changed'), 'a change in the log');
    expect(running.logs.filter(({ msg }) => msg === 'Changed')).toMatchObject([
      { upstream: 'b', weight: 2, draining: false, level: 'warn' },
    ]);
  });

  it.each<[unknown]>([
    [undefined],
    [{}],
    [[]],
    [null],
    [{ weight: 0 }],
    [{ weight: 1001 }],
    [{ weight: 1.5 }],
    [{ weight: '2' }],
    [{ weight: null }],
    [{ draining: 'yes' }],
    [{ draining: null }],
    [{ weight: 2, name: 'c' }],
    [{ weight: 2, draining: 1 }],
    [{ wieght: 2 }],
    [{ HUSH7K3Y: 2 }],
  ])('refuses %j and changes nothing', async (body) => {
    const response = await admin.patch('/servers/b', body);
    expect(refusalIn(response)).toEqual([400, 'INVALID_INPUT']);
    expect(response.text).not.toContain('HUSH');
    expect(await row('b')).toMatchObject({ weight: 1, state: 'usable' });
  });

  it.each<[string, unknown, string]>([
    ['/servers/b', { weight: '2' }, '"weight": "2" is not allowed; allowed: a whole number from 1 to 1000'],
    ['/servers/b', { draining: 'yes' }, '"draining": "yes" is not allowed; allowed: true or false'],
    [
      '/servers/b',
      { rps: 2 },
      'the body has an unknown key "rps"; allowed: a JSON object with "weight", "draining"',
    ],
  ])('says what was wrong in %s %j', async (path, body, detail) => {
    expect((await admin.patch(path, body)).json()).toMatchObject({ detail });
  });

  it('finds a name that is written with percent signs, and none that is not there', async () => {
    expect((await admin.patch('/servers/%62', { weight: 2 })).status).toBe(200);
    for (const name of ['c', 'B', 'b%00', 'b%2Frelease', 'constructor'])
      expect(refusalIn(await admin.patch(`/servers/${name}`, { weight: 2 }))).toEqual([
        404,
        'UNKNOWN_UPSTREAM',
      ]);
    expect(refusalIn(await admin.patch('/servers/%zz', { weight: 2 }))).toEqual([400, 'INVALID_INPUT']);
  });
});

describe('DELETE /servers/NAME', () => {
  beforeEach(() => admin.post('/servers', { url: b.url, name: 'b' }));

  it('removes one: its requests in flight finish, no new one goes there', async () => {
    const gate = new Gate();
    b.use(held(gate, answerByLabel('B')));
    const inFlight = [http(running.url), http(running.url)];
    await b.arrived();
    const removed = await admin.delete('/servers/b');
    expect([removed.status, removed.text, removed.headers['content-type']]).toEqual([204, '', undefined]);
    expect(await names()).toBe('a');
    expect([await asked(), await asked()]).toEqual(['A', 'A']);
    gate.release();
    expect((await Promise.all(inFlight)).map(({ text }) => text).sort()).toEqual(['A', 'B']);
    expect(b.requests).toHaveLength(1);
  });

  it('keeps what was learned of the others, and forgets what was learned of the one', async () => {
    a.next(refuseRate('60'));
    b.next(refuseRate('60'));
    await asked();
    expect((await rows()).map(({ state }) => state)).toEqual(['quarantined', 'quarantined']);
    await admin.delete('/servers/b');
    await admin.post('/servers', { url: b.url, name: 'b' });
    expect((await rows()).map(({ state }) => state)).toEqual(['quarantined', 'usable']);
    expect(await row('a')).toMatchObject({ reason: 'rate-limited', failures: 1 });
  });

  it('and what its last request brings is not held against a new one of its name', async () => {
    const gate = new Gate();
    b.use(held(gate, resetAfterRequest()));
    const inFlight = [http(running.url), http(running.url)];
    await b.arrived();
    await admin.delete('/servers/b');
    await admin.post('/servers', { url: `${b.url}/again`, name: 'b' });
    gate.release();
    expect((await Promise.all(inFlight)).map(({ text }) => text)).toEqual(['A', 'A']);
    expect(await row('b')).toMatchObject({ state: 'usable', failures: 0, requests: 0 });
  });

  it('leaves the last one of both lists', async () => {
    expect((await admin.delete('/servers/a')).status).toBe(204);
    expect(refusalIn(await admin.delete('/servers/b'))).toEqual([409, 'LAST_UPSTREAM']);
    expect(refusalIn(await admin.delete('/servers/a'))).toEqual([404, 'UNKNOWN_UPSTREAM']);
    expect(await names()).toBe('b');
    expect(await asked()).toBe('B');
  });

  it('at the same time for all but one and for that one leaves one', async () => {
    const answers = await Promise.all([admin.delete('/servers/a'), admin.delete('/servers/b')]);
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 409]);
    expect(await rows()).toHaveLength(1);
  });
});

describe('POST /servers/NAME/release', () => {
  it('ends a quarantine', async () => {
    a.next(refuseRate('3000'));
    await asked();
    expect(await row('a')).toMatchObject({ state: 'quarantined' });
    const released = await admin.post('/servers/a/release');
    expect([released.status, released.json()]).toEqual([200, await row('a')]);
    expect(await row('a')).toMatchObject({ state: 'usable', until: null });
    expect(await asked()).toBe('A');
  });

  it('leaves one that is in none as it is, and takes an empty object', async () => {
    const response = await admin.post('/servers/a/release', {});
    expect([response.status, response.json()]).toEqual([200, await row('a')]);
  });

  it.each([[{ until: 1 }], [[]], ['now'], [null]])('refuses the body %j', async (body) => {
    expect(refusalIn(await admin.post('/servers/a/release', body))).toEqual([400, 'INVALID_INPUT']);
  });

  it('does not find one that is not there', async () => {
    expect(refusalIn(await admin.post('/servers/x/release'))).toEqual([404, 'UNKNOWN_UPSTREAM']);
  });
});

describe('PUT /strategy', () => {
  beforeEach(() => admin.post('/servers', { url: b.url, name: 'b' }));

  it('changes the order for the next request, and says which it is', async () => {
    const response = await admin.put('/strategy', { strategy: 'weighted-round-robin' });
    expect([response.status, response.json()]).toEqual([200, { strategy: 'weighted-round-robin' }]);
    await admin.patch('/servers/a', { weight: 3 });
    const answers = [await asked(), await asked(), await asked(), await asked()];
    expect(answers.filter((label) => label === 'A')).toHaveLength(3);
  });

  it('keeps what the strategy knows when it is the same', async () => {
    const first = await asked();
    await admin.put('/strategy', { strategy: 'round-robin' });
    expect(await asked()).not.toBe(first);
    expect((await admin.put('/strategy', { strategy: 'random' })).json()).toEqual({ strategy: 'random' });
    await until(() => running.logs.some(({ msg }) => msg === 'Strategy changed'), 'the change in the log');
    expect(running.logs.filter(({ msg }) => msg === 'Strategy changed')).toHaveLength(1);
  });

  it.each<[unknown]>([
    [undefined],
    [{}],
    ['shuffle'],
    [{ strategy: 'best' }],
    [{ strategy: 'constructor' }],
    [{ strategy: 1 }],
    [{ strategy: 'shuffle', tier: 'primary' }],
  ])('refuses %j', async (body) => {
    const response = await admin.put('/strategy', body);
    expect(refusalIn(response)).toEqual([400, 'INVALID_INPUT']);
    expect(response.text).not.toMatch(/undefined/);
    expect(Object((await admin.get('/config')).json()).STRATEGY.value).toBe('round-robin');
  });
});
