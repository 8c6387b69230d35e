// What operators change through one process holds in all of them. Each is the program itself, in front of real upstreams.

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createFacts } from '../../src/app/shared-facts.ts';
import { systemClock } from '../../src/clock.ts';
import type { Fact } from '../../src/sharing/fact.ts';
import { FactTable } from '../../src/sharing/fact-table.ts';
import type { Role } from '../../src/sharing/knowledge.ts';
import { AdminClient } from '../support/admin-client.ts';
import { type AppSetUp, type RunningApp, startApp } from '../support/app.ts';
import { Authority, folder } from '../support/certificates.ts';
import type { StatsRow } from '../support/daemon.ts';
import { link } from '../support/fact-links.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { http } from '../support/http-client.ts';
import { until } from '../support/waiting.ts';

let a: FakeUpstream;
let b: FakeUpstream;
let c: FakeUpstream;

beforeAll(async () => {
  a = await FakeUpstream.start('A');
  b = await FakeUpstream.start('B');
  c = await FakeUpstream.start('C');
});

/** A process of a fleet. */
class Member {
  readonly table: FactTable;
  readonly app: RunningApp;
  readonly admin: AdminClient;

  constructor(table: FactTable, app: RunningApp) {
    this.table = table;
    this.app = app;
    this.admin = new AdminClient(app.adminUrl);
  }

  /** `a(2) b-`: names with weights other than 1, and what is drained. */
  async servers(): Promise<string> {
    const response = await http(`${this.app.url}/stats`);
    const shown = ({ name, weight, state }: StatsRow) =>
      `${name}${weight === 1 ? '' : `(${weight})`}${state === 'draining' ? '-' : ''}`;
    return (response.json() as StatsRow[]).map(shown).join(' ');
  }

  async shows(servers: string): Promise<void> {
    await until(async () => (await this.servers()) === servers, `${this.table.origin}: ${servers}`);
  }

  async config(name: string): Promise<unknown> {
    return Object((await this.admin.get('/config')).json())[name];
  }

  count(text: string): number {
    return this.app.logs.filter(({ msg }) => msg === text).length;
  }
}

let members = 0;

async function start(
  to: Member | undefined,
  setUp: Partial<AppSetUp> = {},
  role: Role = 'alone',
  sent: Fact[] = [],
): Promise<Member> {
  members += 1;
  const table = new FactTable({ clock: systemClock, origin: `${members}` });
  if (to) link(to.table, table, role === 'worker' ? 'machine' : 'fleet', sent);
  const { flags = [], ...rest } = setUp;
  const app = await startApp({
    primaries: [`${a.url} name=a`, `${b.url} name=b`],
    ...rest,
    flags: [...(role === 'worker' ? [] : ['--admin-port=0']), ...flags],
    facts: createFacts({ table, role, workers: 1 }),
  });
  return new Member(table, app);
}

describe('a change of an operator', () => {
  let one: Member;
  let two: Member;

  beforeEach(async () => {
    one = await start(undefined);
    two = await start(one);
  });

  it('holds in all replicas, and is announced once in each', async () => {
    await one.admin.post('/servers', { url: `${c.url}/KEY`, name: 'c', weight: 5, tier: 'fallback' });
    await two.shows('a b c(5)');
    await two.admin.patch('/servers/a', { weight: 3 });
    await one.shows('a(3) b c(5)');
    await one.admin.patch('/servers/c', { draining: true });
    await two.shows('a(3) b c(5)-');
    await two.admin.delete('/servers/b');
    await one.shows('a(3) c(5)-');
    await two.admin.put('/strategy', { strategy: 'round-robin' });
    await until(async () => Object(await one.config('STRATEGY')).value === 'round-robin', 'the strategy');
    for (const each of [one, two]) {
      const counts = () =>
        ['Added', 'Changed', 'Removed', 'Strategy changed'].map((text) => each.count(text)).join(' ');
      await until(() => each.count('Strategy changed') > 0, 'the log');
      expect(counts()).toBe('1 2 1 1');
      expect(await each.config('STRATEGY')).toEqual({ value: 'round-robin', source: 'admin port' });
      expect(await each.config('RPC_URLS')).toEqual({
        value: `${a.url} name=a weight=3`,
        source: 'admin port',
      });
      expect(each.app.logs.filter(({ cause }) => cause !== undefined)).toMatchObject([{ cause: 'operator' }]);
      expect(JSON.stringify(each.app.logs)).not.toContain('KEY');
    }
  });

  it('holds in a replica that starts later, before it serves', async () => {
    await one.admin.post('/servers', { url: c.url, name: 'c' });
    await one.admin.delete('/servers/a');
    await one.admin.patch('/servers/b', { draining: true });
    await one.admin.put('/strategy', { strategy: 'round-robin' });
    const three = await start(two);
    expect(await three.servers()).toBe('b- c');
    expect(await three.config('STRATEGY')).toEqual({ value: 'round-robin', source: 'admin port' });
  });

  it('is undone everywhere by a reload of one replica, by the files of each', async () => {
    await one.admin.post('/servers', { url: `${c.url}/KEY`, name: 'c' });
    await one.admin.delete('/servers/a');
    await one.admin.put('/strategy', { strategy: 'round-robin' });
    await two.shows('b c');
    expect((await two.admin.post('/reload')).status).toBe(200);
    await one.shows('a b');
    await two.shows('a b');
    expect(await one.config('STRATEGY')).toEqual({ value: expect.any(String), source: 'default' });
    // What was added is told to nobody any more.
    expect(JSON.stringify([one.table.snapshot('fleet'), two.table.snapshot('fleet')])).not.toContain('KEY');
    await one.admin.patch('/servers/a', { weight: 7 });
    await two.shows('a(7) b');
    const three = await start(one);
    expect(await three.servers()).toBe('a(7) b');
    await one.admin.patch('/servers/a', { weight: 8 });
    const all = [one, two, three];
    await until(() => all.every((each) => each.count('Changed') > 0), 'the logs');
    expect(all.map((each) => each.count('Settings reloaded'))).toEqual([1, 1, 0]);
  });

  it('is void where the files of a replica can not be read when another one reloads', async () => {
    await one.admin.patch('/servers/a', { weight: 9 });
    await two.shows('a(9) b');
    // It has other settings from now on, which are wrong.
    await two.app.reload({ primaries: ['http://'], flags: [] });
    expect(await two.servers()).toBe('a(9) b');
    expect((await one.admin.post('/reload')).status).toBe(200);
    await two.shows('a b');
  });
});

describe('the file of PERSIST_SERVERS', () => {
  it('keeps what was changed through other replicas', async () => {
    const where = folder();
    const file = join(where, 'lists.json');
    const one = await start(undefined);
    const two = await start(one, { flags: [`--persist-servers=${file}`] });
    await one.admin.post('/servers', { url: `${c.url}/KEY`, name: 'c', weight: 2 });
    await two.shows('a b c(2)');
    expect(JSON.parse(readFileSync(file, 'utf8')).servers).toMatchObject([
      { name: 'a' },
      { name: 'b' },
      { name: 'c', url: `${c.url}/KEY`, weight: 2 },
    ]);
    rmSync(where, { recursive: true });
    await one.admin.delete('/servers/c');
    await two.shows('a b');
    await until(() => two.app.logs.some(({ msg }) => /made, but not saved/.test(String(msg))), 'the error');
  });
});

describe('secrets', () => {
  it('of the settings are told to nobody, whatever operators change', async () => {
    const sent: Fact[] = [];
    const caFile = join(folder(), 'HUSH.pem');
    writeFileSync(caFile, new Authority().cert);
    const settings = {
      primaries: [
        `${a.url}/pathHUSH?q=queryHUSH name=a header=X-Key:headerHUSH`,
        `${b.url.replace('http://', 'http://user:passHUSH@')} name=b account=shared`,
      ],
      flags: [`--rpc-urls-base=${c.url}/baseHUSH name=base`, '--fallback-rpc-urls-base=none'],
      fallbacks: [`https://127.0.0.1:1/tlsHUSH name=tls ca=${caFile}`],
    };
    const one = await start(undefined, settings);
    const two = await start(one, settings, 'alone', sent);
    const url = 'http://127.0.0.1:1/added?k=added';
    for (const body of [
      { url, name: 'new', header: 'X-Own:added', pool: 'base' },
      { url: `${c.url}/added`, name: 'other' },
    ])
      expect((await one.admin.post('/servers', body)).status).toBe(201);
    for (const name of ['a', 'b', 'base', 'new', 'tls'])
      expect((await one.admin.patch(`/servers/${name}`, { weight: 4, draining: true })).status).toBe(200);
    for (const name of ['a', 'base']) await one.admin.post(`/servers/${name}/release`);
    for (const name of ['a', 'base']) expect((await one.admin.delete(`/servers/${name}`)).status).toBe(204);
    await one.admin.put('/strategy', { strategy: 'round-robin', pool: 'base' });
    await two.shows('b(4)- other tls(4)- new(4)-');
    await two.admin.post('/reload');
    const text = JSON.stringify(sent);
    expect(text).not.toContain('HUSH');
    expect(text).toContain('/added?k=added');
    expect(text).toContain('X-Own:added');
    expect(new Set(sent.map(({ key }) => key.split(' ')[0]))).toEqual(
      new Set(['server', 'strategy', 'rest', 'lists', 'use', 'learnt']),
    );
  });
});

describe('workers', () => {
  it('follow the first process, which follows other replicas', async () => {
    const other = await start(undefined);
    const first = await start(other, {}, 'first');
    const worker = await start(first, {}, 'worker');
    await other.admin.post('/servers', { url: c.url, name: 'c' });
    await worker.shows('a b c');
    await first.admin.patch('/servers/c', { weight: 2 });
    await worker.shows('a b c(2)');
    await other.shows('a b c(2)');
    expect((await first.admin.post('/reload')).status).toBe(200);
    // Its settings come with the next message.
    await worker.app.reload({ primaries: [`${a.url} name=a`, `${b.url} name=new`], flags: [] });
    expect(await worker.servers()).toBe('a new');
    expect(await other.servers()).toBe('a b');
  });

  it('have no upstream that the probes of the first process have removed', async () => {
    const dead = await FakeUpstream.start('dead');
    const lists = { primaries: [`${a.url} name=a`, `${dead.url} name=dead`] };
    const first = await start(
      undefined,
      {
        ...lists,
        flags: [
          '--health-check=tcp',
          '--health-check-interval=100ms',
          '--health-check-fall=1',
          '--remove-unhealthy-after=100ms',
        ],
      },
      'first',
    );
    const worker = await start(first, lists, 'worker');
    const other = await start(first, lists);
    await dead.close();
    await worker.shows('a');
    // Another machine may reach it.
    expect(await other.servers()).toBe('a dead');
    await other.admin.patch('/servers/a', { weight: 2 });
    await worker.shows('a(2)');
    expect(await first.servers()).toBe('a(2)');
    // A worker that starts later does not have it either.
    const late = await start(first, lists, 'worker');
    expect(await late.servers()).toBe('a(2)');
    // An operator wants it again.
    await other.admin.delete('/servers/dead');
    await other.admin.post('/servers', { url: dead.url, name: 'dead' });
    await until(() => first.count('Added') > 0, 'its return');
  });
});
