// PERSIST_SERVERS: the lists over a restart, and what a crash or a full disk may leave.
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { AdminClient, refusalIn } from '../support/admin-client.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import type { StatsRow } from '../support/daemon.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { releaseAfterwards } from '../support/leftovers.ts';
import { until } from '../support/waiting.ts';

let folder: string;
let file: string;
let upstream: FakeUpstream;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lists-'));
  file = join(folder, 'lists.json');
  releaseAfterwards(() => rmSync(folder, { recursive: true }));
  upstream = await FakeUpstream.start();
});

async function start(path = file): Promise<{ running: RunningApp; admin: AdminClient }> {
  const flags = ['--admin-port=0', `--persist-servers=${path}`];
  const running = await startApp({ primaries: [`${upstream.url} name=a`], flags });
  return { running, admin: new AdminClient(running.adminUrl) };
}

const rowsOf = async (admin: AdminClient) => (await admin.get('/servers')).json() as StatsRow[];
const saved = () => JSON.parse(readFileSync(file, 'utf8'));

describe('the file that keeps the lists', () => {
  it('is written by the first change, whole, and for the owner only', async () => {
    const { admin } = await start();
    expect(readdirSync(folder)).toEqual([]);
    await admin.post('/servers', {
      url: 'http://user:pw@127.0.0.1:1/KEY?KEY',
      name: 'b',
      tier: 'fallback',
      weight: 4,
    });
    expect(saved()).toEqual({
      version: 1,
      servers: [
        { url: `${upstream.url}/`, name: 'a', tier: 'primary', weight: 1 },
        { url: 'http://user:pw@127.0.0.1:1/KEY?KEY', name: 'b', tier: 'fallback', weight: 4 },
      ],
    });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['lists.json']);
  });

  it('is what the next start goes by: servers, tiers, weights, draining', async () => {
    const { running, admin } = await start();
    await admin.post('/servers', { url: 'http://127.0.0.1:1/KEY', name: 'b', tier: 'fallback', weight: 4 });
    await admin.post('/servers', { url: 'http://127.0.0.1:2', name: 'c' });
    await admin.patch('/servers/c', { draining: true, weight: 9 });
    await admin.delete('/servers/a');
    await running.app.stop();
    const again = await start();
    expect(await rowsOf(again.admin)).toMatchObject([
      { name: 'c', tier: 'primary', weight: 9, state: 'draining' },
      { name: 'b', tier: 'fallback', weight: 4, state: 'usable' },
    ]);
    const config = Object((await again.admin.get('/config')).json());
    expect(config.RPC_URLS).toEqual({ value: 'http://127.0.0.1:2 name=c weight=9 (draining)', source: file });
    await again.admin.patch('/servers/c', { draining: false });
    expect(saved().servers).toMatchObject([{ name: 'c', weight: 9 }, { name: 'b' }]);
    expect(saved().servers[0]).not.toHaveProperty('draining');
  });

  it('keeps neither the strategy nor a quarantine', async () => {
    const { admin } = await start();
    await admin.put('/strategy', { strategy: 'round-robin' });
    await admin.post('/servers/a/release');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('does not mind what a crash has left beside it, and follows no link there', async () => {
    const other = join(folder, 'other');
    writeFileSync(other, 'untouched');
    for (const leave of [
      (draft: string) => writeFileSync(draft, '{"version":1,"serv', { mode: 0o644 }),
      (draft: string) => symlinkSync(other, draft),
    ]) {
      leave(join(folder, '.lists.json.new'));
      const { running, admin } = await start();
      expect(await rowsOf(admin)).toHaveLength(1);
      expect((await admin.patch('/servers/a', { draining: true })).status).toBe(200);
      expect((await admin.patch('/servers/a', { draining: false })).status).toBe(200);
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(readdirSync(folder).sort()).toEqual(['lists.json', 'other']);
      await running.app.stop();
    }
    expect(readFileSync(other, 'utf8')).toBe('untouched');
  });

  it('may be a link to where it is kept', async () => {
    const link = join(folder, 'link.json');
    const first = await start();
    await first.admin.patch('/servers/a', { weight: 2 });
    await first.running.app.stop();
    chmodSync(file, 0o644);
    symlinkSync(file, link);
    const { admin } = await start(link);
    await admin.patch('/servers/a', { weight: 3 });
    expect(saved().servers).toMatchObject([{ weight: 3 }]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).sort()).toEqual(['link.json', 'lists.json']);
  });

  it('that can not be written makes the change fail: file and program stay as they were', async () => {
    const { running, admin } = await start();
    await admin.patch('/servers/a', { weight: 2 });
    const before = readFileSync(file, 'utf8');
    // What no new file can take the place of, whoever asks.
    mkdirSync(join(folder, '.lists.json.new', 'x'), { recursive: true });
    const refused = await admin.patch('/servers/a', { weight: 3 });
    expect(refusalIn(refused)).toEqual([500, 'NOT_SAVED']);
    expect(refusalIn(await admin.post('/servers', { url: 'http://127.0.0.1:1' }))).toEqual([
      500,
      'NOT_SAVED',
    ]);
    expect(await rowsOf(admin)).toMatchObject([{ name: 'a', weight: 2 }]);
    expect(readFileSync(file, 'utf8')).toBe(before);
    rmSync(join(folder, '.lists.json.new'), { recursive: true });
    expect((await admin.patch('/servers/a', { weight: 3 })).status).toBe(200);
    const failures = () => running.logs.filter(({ msg }) => msg === 'Admin call failed');
    await until(() => failures().length === 2, 'two lines in the log');
    expect(failures()).toMatchObject([
      { level: 'error', code: 'NOT_SAVED', method: 'PATCH', path: '/servers/a' },
      { level: 'error', code: 'NOT_SAVED', method: 'POST', path: '/servers' },
    ]);
  });

  it('is whole at every moment', async () => {
    const { admin } = await start();
    let writing = true;
    const writer = (async () => {
      for (let weight = 2; weight < 25; weight++) {
        await admin.patch('/servers/a', { weight });
        expect(saved().servers).toMatchObject([{ name: 'a', weight }]);
      }
      writing = false;
    })();
    let reads = 0;
    while (writing) {
      await new Promise(setImmediate);
      if (readdirSync(folder).includes('lists.json')) {
        expect(saved().servers).toHaveLength(1);
        reads++;
      }
    }
    await writer;
    expect(reads).toBeGreaterThan(0);
  });
});
