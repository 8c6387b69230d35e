// A daemon reads its files anew while it serves.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { AdminClient, refusalIn } from '../support/admin-client.ts';
import { answer, answerByLabel, delayed, Gate, held, resetAfterRequest } from '../support/behaviours.ts';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { startFakeWebhook } from '../support/fake-webhook.ts';
import { http, post, rpc } from '../support/http-client.ts';
import { releaseAfterwards } from '../support/leftovers.ts';
import { load } from '../support/load.ts';
import { until } from '../support/waiting.ts';

const LABEL = 'same';

/** A daemon that reads `.env` in a folder of its own. */
class Reloadable {
  readonly folder = mkdtempSync(join(tmpdir(), 'rpc-load-balancer-reload-'));
  daemon!: Daemon;
  admin!: AdminClient;

  static async start(
    settings: Readonly<Record<string, string>>,
    args: readonly string[] = [],
  ): Promise<Reloadable> {
    const made = new Reloadable();
    releaseAfterwards(() => rmSync(made.folder, { recursive: true, force: true }));
    made.write(settings);
    made.daemon = await startDaemon({ cwd: made.folder, env: { ADMIN_PORT: '0' }, args });
    made.admin = new AdminClient(made.daemon.adminUrl);
    return made;
  }

  write(settings: Readonly<Record<string, string>>): void {
    const lines = Object.entries({ HEALTH_CHECK: 'off', ...settings }).map(
      ([name, value]) => `${name}=${value}`,
    );
    writeFileSync(join(this.folder, '.env'), `${lines.join('\n')}\n`);
  }

  /** What `POST /reload` answers after these were written. */
  async reload(settings: Readonly<Record<string, string>>): Promise<unknown> {
    this.write(settings);
    const { status, text } = await this.admin.post('/reload');
    if (status !== 200) throw new Error(text);
    return JSON.parse(text);
  }
}

describe('a reload', () => {
  let one: FakeUpstream;
  let two: FakeUpstream;
  let three: FakeUpstream;
  let made: Reloadable;
  const lists = () => ({ RPC_URLS: `${one.url}/seCret name=one`, FALLBACK_RPC_URLS: `${two.url} name=two` });

  beforeAll(async () => {
    one = await FakeUpstream.start('1');
    two = await FakeUpstream.start('2');
    three = await FakeUpstream.start('3');
    made = await Reloadable.start(lists());
  });

  it('without a change changes nothing', async () => {
    expect(await made.reload(lists())).toEqual({ changed: [], restart: [] });
  });

  it('warns of a name that nearly is a setting’s', async () => {
    await made.reload({ ...lists(), STRATEGYY: 'random' });
    const { level } = await made.daemon.logged(
      ({ msg }) => msg === 'STRATEGYY (.env line 4) is no setting and has no effect; did you mean STRATEGY?',
      'the warning',
    );
    expect(level).toBe('warn');
  });

  it('names what has changed, and what needs a restart and stays in force', async () => {
    const { port } = made.daemon;
    const answered = await made.reload({
      ...lists(),
      STRATEGY: 'round-robin',
      MAX_BODY: '1kb',
      LOG_FORMAT: 'pretty',
      TLS_MIN_VERSION: '1.3',
      PERSIST_SERVERS: 'lists.json',
    });
    expect(answered).toEqual({
      changed: ['STRATEGY', 'MAX_BODY'],
      restart: ['PERSIST_SERVERS', 'TLS_MIN_VERSION', 'LOG_FORMAT'],
    });
    expect((await post(`http://127.0.0.1:${port}`, 'x'.repeat(2_000))).status).toBe(413);
    const config = (await made.admin.get('/config')).json();
    expect(config).toMatchObject({
      STRATEGY: { value: 'round-robin', source: '.env line 4' },
      PERSIST_SERVERS: { value: 'off' },
    });
    expect(await made.reload(lists())).toEqual({ changed: ['STRATEGY', 'MAX_BODY'], restart: [] });
  });

  it('keeps what was learnt and counted of an upstream whose URL stays, under another name too', async () => {
    await rpc(made.daemon.url, 'eth_chainId');
    one.use(answer({ status: 503, headers: [['Retry-After', '3600']] }));
    await rpc(made.daemon.url, 'eth_chainId');
    const before = (await made.daemon.stats()).find(({ name }) => name === 'one');
    expect(before).toMatchObject({ state: 'quarantined', requests: 2, failures: 1 });
    const answered = await made.reload({
      RPC_URLS: `${three.url} name=three weight=3`,
      FALLBACK_RPC_URLS: `${one.url}/seCret name=uno weight=2`,
    });
    expect(answered).toEqual({ changed: ['RPC_URLS', 'FALLBACK_RPC_URLS'], restart: [] });
    expect(await made.daemon.stats()).toMatchObject([
      { name: 'three', weight: 3, requests: 0, state: 'usable' },
      {
        name: 'uno',
        tier: 'fallback',
        weight: 2,
        requests: 2,
        failures: 1,
        state: 'quarantined',
      },
    ]);
    const after = (await made.daemon.stats()).find(({ name }) => name === 'uno');
    // Written to the millisecond, and counted from another moment.
    const movedMs = Math.abs(Date.parse(String(after?.until)) - Date.parse(String(before?.until)));
    expect(movedMs).toBeLessThan(1_000);
    expect((await rpc(made.daemon.url, 'eth_chainId')).reply.result).toBe('3');
    one.use(answerByLabel('1'));
    await made.reload({ RPC_URLS: `${one.url}/seCret name=one`, FALLBACK_RPC_URLS: 'none' });
    expect(await made.daemon.stats()).toMatchObject([{ name: 'one', state: 'quarantined' }]);
    await made.reload(lists());
    expect((await made.admin.post('/servers/one/release')).status).toBe(200);
  });

  it('of a wrong file changes nothing, and tells all problems, without secrets', async () => {
    made.write({
      RPC_URLS: 'ftp://127.0.0.1/seCret',
      FALLBACK_RPC_URLS: 'none',
      STRATEGY: 'rond',
      STRATEGY_BASE: 'shuffle',
    });
    const refused = await made.admin.post('/reload');
    expect(refusalIn(refused)).toEqual([400, 'INVALID_SETTINGS']);
    const { detail } = refused.json() as { detail: string };
    expect(detail.split('\n').map((line) => line.split(' ')[0])).toEqual([
      'STRATEGY_BASE',
      'STRATEGY',
      'RPC_URLS',
    ]);
    expect(detail).not.toContain('seCret');
    expect((await rpc(made.daemon.url, 'eth_chainId')).reply.result).toBe('1');
    await made.daemon.logged(
      ({ msg }) => msg?.startsWith('Not reloaded: STRATEGY (.env line 4): "rond"') ?? false,
      'why',
    );
    made.daemon.signal('SIGHUP');
    await until(
      () => made.daemon.logs().filter(({ msg }) => msg?.startsWith('Not reloaded: RPC_URLS')).length === 2,
      'the second',
    );
    expect(made.daemon.stdout).not.toContain('seCret');
    made.write(lists());
  });

  it('by SIGHUP is the same', async () => {
    made.write({ ...lists(), MAX_BATCH: '2' });
    made.daemon.signal('SIGHUP');
    await made.daemon.logged(
      ({ msg, changed }) => msg === 'Settings reloaded' && `${changed}` === 'MAX_BATCH',
      'the reload',
    );
    const call = '{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}';
    expect((await post(made.daemon.url, `[${call},${call},${call}]`)).status).toBe(413);
    await made.reload(lists());
  });

  it('replaces what operators have changed, and says so', async () => {
    await made.admin.patch('/servers/one', { draining: true });
    await made.admin.post('/servers', { url: three.url, name: 'added' });
    await made.admin.put('/strategy', { strategy: 'peak-ewma' });
    expect(await made.reload(lists())).toEqual({ changed: ['RPC_URLS', 'STRATEGY'], restart: [] });
    expect(await made.daemon.stats()).toMatchObject([{ name: 'one', state: 'usable' }, { name: 'two' }]);
    const line = await made.daemon.logged(
      ({ msg }) => msg?.startsWith('Replaced by the settings') ?? false,
      'the replaced',
    );
    expect(line['settings']).toEqual(['RPC_URLS', 'STRATEGY']);
  });

  it('adds pools, changes them and takes them away; with the first all are told by name', async () => {
    const base = {
      RPC_URLS_BASE: `${three.url} name=b`,
      FALLBACK_RPC_URLS_BASE: 'none',
      STRATEGY_BASE: 'round-robin',
    };
    expect(await made.reload({ ...lists(), ...base })).toEqual({
      changed: ['RPC_URLS_BASE', 'FALLBACK_RPC_URLS_BASE', 'STRATEGY_BASE'],
      restart: [],
    });
    expect((await rpc(`${made.daemon.url}/base`, 'eth_chainId')).reply.result).toBe('3');
    expect((await made.daemon.stats()).map(({ pool }) => pool)).toEqual(['default', 'default', 'base']);
    expect(
      await made.reload({ ...lists(), ...base, STRATEGY_BASE: 'shuffle', MAX_ATTEMPTS_BASE: '1' }),
    ).toEqual({ changed: ['STRATEGY_BASE', 'MAX_ATTEMPTS_BASE'], restart: [] });
    expect(await made.reload(lists())).toEqual({
      changed: ['RPC_URLS_BASE', 'FALLBACK_RPC_URLS_BASE', 'STRATEGY_BASE', 'MAX_ATTEMPTS_BASE'],
      restart: [],
    });
    expect((await rpc(`${made.daemon.url}/base`, 'eth_chainId')).reply.result).toBe('1');
    expect((await made.daemon.stats()).every(({ pool }) => pool === undefined)).toBe(true);
  });

  it('lets keys, limits and log level hold from the next request on', async () => {
    await made.reload({ ...lists(), API_KEYS: 'alice:seCretKeyOfAlice rps=1', LOG_LEVEL: 'warn' });
    expect((await rpc(made.daemon.url, 'eth_chainId')).status).toBe(401);
    const asAlice = () => rpc(`${made.daemon.url}/seCretKeyOfAlice`, 'eth_chainId');
    expect((await asAlice()).status).toBe(200);
    await made.reload({ ...lists(), API_KEYS: 'alice:seCretKeyOfAlice rps=2', LOG_LEVEL: 'warn' });
    const muted = await rpc(`${made.daemon.url}/other`, 'eth_chainId');
    expect(muted.status).toBe(401);
    await made.reload(lists());
    const told = await rpc(made.daemon.url, 'eth_chainId');
    expect(told.status).toBe(200);
    const lineOf = ({ headers }: typeof told) =>
      made.daemon.logs().find(({ id }) => id === headers['x-request-id']);
    await until(() => lineOf(told), 'a line');
    expect(lineOf(muted)).toBeUndefined();
    expect(made.daemon.stdout + made.daemon.stderr).not.toContain('seCret');
  });

  it('lets the token of the admin port be changed, but not be taken away', async () => {
    const token = 'tokenOfTheOperators77';
    await made.reload({ ...lists(), ADMIN_TOKEN: token });
    expect(refusalIn(await made.admin.get('/servers'))).toEqual([401, 'UNAUTHORIZED']);
    const known = new AdminClient(made.daemon.adminUrl, { authorization: `Bearer ${token}` });
    made.write(lists());
    expect((await known.post('/reload')).json()).toEqual({ changed: [], restart: ['ADMIN_TOKEN'] });
    expect((await known.get('/servers')).status).toBe(200);
    expect((await made.admin.get('/servers')).status).toBe(401);
  });
});

describe('what a reload must not keep, and must not lose', () => {
  it('a fixed time of an upstream that is well by now', async () => {
    const one = await FakeUpstream.start('1', answer({ status: 500 }));
    const lists = { RPC_URLS: `${one.url} name=one`, FALLBACK_RPC_URLS: 'none' };
    const made = await Reloadable.start({ ...lists, ERROR_TIME_TO_LIVE_MINUTES: '60' });
    await rpc(made.daemon.url, 'eth_chainId');
    one.use(answerByLabel('1'));
    expect((await rpc(made.daemon.url, 'eth_chainId')).status).toBe(503);
    expect(await made.reload(lists)).toEqual({ changed: ['ERROR_TIME_TO_LIVE_MINUTES'], restart: [] });
    expect((await rpc(made.daemon.url, 'eth_chainId')).reply.result).toBe('1');
  });

  it('an upstream that a request under way could still be answered by', async () => {
    const gate = new Gate();
    const breaks = await FakeUpstream.start('breaks', held(gate, resetAfterRequest()));
    const well = await FakeUpstream.start('well');
    const listed = `${breaks.url} name=breaks`;
    const made = await Reloadable.start({ RPC_URLS: listed, FALLBACK_RPC_URLS: `${well.url} name=well` });
    const asked = rpc(made.daemon.url, 'eth_chainId');
    await until(() => breaks.requests.length === 1, 'the request');
    await made.reload({ RPC_URLS: listed, FALLBACK_RPC_URLS: 'none' });
    gate.release();
    expect((await asked).reply.result).toBe('well');
    expect((await rpc(made.daemon.url, 'eth_chainId')).status).toBe(502);
  });

  it('the word that a restart is needed, and the old value with its source, until it is made', async () => {
    const one = await FakeUpstream.start('1');
    const lists = { RPC_URLS: one.url, FALLBACK_RPC_URLS: 'none' };
    const made = await Reloadable.start({ ...lists, ENV: 'x' });
    for (const _ of [1, 2]) expect(await made.reload(lists)).toEqual({ changed: [], restart: ['ENV'] });
    expect((await made.admin.get('/config')).json()).toMatchObject({
      ENV: { value: 'x', source: '.env line 4' },
    });
  });

  it('the end of an alert when its pool is taken away', async () => {
    const webhook = await startFakeWebhook();
    const one = await FakeUpstream.start('1');
    const bad = await FakeUpstream.start('2', resetAfterRequest());
    const lists = { RPC_URLS: one.url, FALLBACK_RPC_URLS: 'none', SLACK_WEBHOOK_URL: webhook.url };
    const made = await Reloadable.start({ ...lists, RPC_URLS_BASE: bad.url, FALLBACK_RPC_URLS_BASE: 'none' });
    await rpc(`${made.daemon.url}/base`, 'eth_chainId');
    await until(() => webhook.texts.length === 1, 'the alert');
    await made.reload(lists);
    await until(() => webhook.texts.length === 2, 'its end');
    expect(webhook.texts.at(-1)).toContain('pool base: the pool was taken out of the settings');
  });
});

describe('a request under way', () => {
  it('ends with the settings that it began with, at an upstream that is no longer listed', async () => {
    const old = await FakeUpstream.start('old', delayed(600, answerByLabel(LABEL)));
    const next = await FakeUpstream.start('next');
    const made = await Reloadable.start({ RPC_URLS: old.url, FALLBACK_RPC_URLS: 'none' });
    const asked = rpc(made.daemon.url, 'eth_chainId');
    await until(() => old.requests.length === 1, 'the request');
    await made.reload({
      RPC_URLS: next.url,
      FALLBACK_RPC_URLS: 'none',
      ATTEMPT_TIMEOUT: '200ms',
      REQUEST_TIMEOUT: '250ms',
    });
    expect((await rpc(made.daemon.url, 'eth_chainId')).reply.result).toBe('next');
    expect((await asked).reply.result).toBe(LABEL);
    await until(() => old.openConnections === 0, 'the end of its connections');
  });
});

describe('the lists that PERSIST_SERVERS keeps', () => {
  it('stay as operators have made them, of each pool', async () => {
    const a = await FakeUpstream.start('a');
    const b = await FakeUpstream.start('b');
    const settings = {
      RPC_URLS: `${a.url} name=a`,
      FALLBACK_RPC_URLS: 'none',
      RPC_URLS_BASE: `${a.url} name=x`,
      FALLBACK_RPC_URLS_BASE: 'none',
      PERSIST_SERVERS: 'lists.json',
    };
    const made = await Reloadable.start(settings);
    await made.admin.post('/servers', { url: b.url, name: 'y', pool: 'base' });
    await made.admin.delete('/servers/x');
    expect(await made.reload({ ...settings, STRATEGY: 'round-robin' })).toEqual({
      changed: ['STRATEGY'],
      restart: [],
    });
    expect((await made.daemon.stats()).map(({ pool, name }) => `${pool} ${name}`)).toEqual([
      'default a',
      'base y',
    ]);
    // A file that waits for a restart is neither read nor written.
    expect(
      await made.reload({ ...settings, STRATEGY: 'round-robin', PERSIST_SERVERS: 'others.json' }),
    ).toEqual({
      changed: [],
      restart: ['PERSIST_SERVERS'],
    });
    // A pool that is gone takes no names, and what the file has of it stays there.
    const { RPC_URLS_BASE: _list, FALLBACK_RPC_URLS_BASE: _fallback, ...without } = settings;
    await made.reload({ ...without, RPC_URLS_OTHER: `${b.url} name=y`, FALLBACK_RPC_URLS_OTHER: 'none' });
    await made.admin.patch('/servers/a', { weight: 7 });
    await made.reload(settings);
    expect((await made.daemon.stats()).map(({ name, weight }) => `${name} ${weight}`)).toEqual([
      'a 7',
      'y 1',
    ]);
    await made.daemon.stop();
    const again = await startDaemon({ cwd: made.folder, env: { ADMIN_PORT: '0' } });
    expect((await again.stats()).map(({ pool, name }) => `${pool} ${name}`)).toEqual(['default a', 'base y']);
    expect((await http(`${again.url}/base`)).text).toContain('b');
  });
});

it('reloads under load with other lists each time lose no request', async () => {
  const upstreams = await Promise.all(
    [1, 2, 3, 4].map(() => FakeUpstream.start(LABEL, delayed(5, answerByLabel(LABEL)))),
  );
  const listsOf = (round: number) => {
    const shown = upstreams.filter((_, index) => index !== round % upstreams.length);
    const url = ({ url: base }: FakeUpstream, index: number) =>
      `${base} name=n${(index + round) % 5} weight=${1 + (round % 3)}`;
    return {
      RPC_URLS: shown.slice(0, 2).map(url).join(', '),
      FALLBACK_RPC_URLS: shown
        .slice(2)
        .map((each) => url(each, 3))
        .join(', '),
      MAX_ATTEMPTS: round % 2 ? '3' : 'all',
      RPC_URLS_BASE: shown
        .slice(1)
        .map((each) => each.url)
        .join(','),
      FALLBACK_RPC_URLS_BASE: 'none',
    };
  };
  const made = await Reloadable.start(listsOf(0));
  let goesOn = true;
  const report = load({
    url: made.daemon.url,
    durationMs: 0,
    goesOn: () => goesOn,
    clients: 8,
    expected: LABEL,
  });
  const ofBase = load({
    url: `${made.daemon.url}/base`,
    durationMs: 0,
    goesOn: () => goesOn,
    clients: 4,
    expected: LABEL,
  });
  for (let round = 1; round <= 25; round += 1) await made.reload(listsOf(round));
  goesOn = false;
  for (const each of [await report, await ofBase]) {
    expect([...each.faults]).toEqual([]);
    expect(each.good).toBeGreaterThan(25);
  }
}, 60_000);
