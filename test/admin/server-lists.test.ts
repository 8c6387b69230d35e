// What operators want the lists to be, and where that is kept.
import { describe, expect, it } from 'vitest';
import { TOLD_TO_NOBODY } from '../../src/admin/operator-changes.ts';
import { type ListStore, ServerLists } from '../../src/admin/server-lists.ts';
import { Servers } from '../../src/admin/servers.ts';
import { PoolIdentity } from '../../src/events.ts';
import type { Pool } from '../../src/pools/pool.ts';
import { PoolTable } from '../../src/pools/pool-table.ts';
import type { UpstreamSpec } from '../../src/upstreams/upstream.ts';
import { membershipOf } from '../support/upstreams.ts';

const spec = (name: string): UpstreamSpec => ({
  name,
  url: new URL(`http://${name}.example`),
  tier: 'primary',
  weight: 1,
});

/** Keeps the names, with weights other than 1, and can be told to fail or to do something first. */
class MemoryStore implements ListStore {
  readonly saved: string[] = [];
  fails = false;
  before: () => void = () => {};

  async save(upstreams: readonly UpstreamSpec[]): Promise<void> {
    this.before();
    await Promise.resolve();
    if (this.fails) throw new Error('no space left');
    this.saved.push(
      upstreams
        .map(({ name, weight, draining }) => `${name}${weight > 1 ? weight : ''}${draining ? '-' : ''}`)
        .join(' '),
    );
  }
}

function setUp(...names: string[]) {
  const store = new MemoryStore();
  const specs = names.map(spec);
  const { announcer, registry, quarantine, membership } = membershipOf(specs);
  const lists = new ServerLists(specs, store);
  const hidden: string[] = [];
  const onNew = ({ url }: UpstreamSpec) => void hidden.push(url.host);
  const identity = new PoolIdentity('default');
  // Nothing else is read of it.
  const pool = { identity, path: '', registry, membership, quarantine } as unknown as Pool;
  const pools = new PoolTable([pool], pool);
  const servers = new Servers({
    lists,
    pools: () => pools,
    announcer,
    folder: '.',
    onNew,
    told: TOLD_TO_NOBODY,
  });
  const present = () => registry.all.map(({ name }) => name).join(' ');
  const removeUnhealthy = (name: string) => {
    const upstream = registry.find(name);
    if (upstream) membership.remove(upstream, 'unhealthy');
  };
  return { servers, store, lists, present, removeUnhealthy, hidden, registry };
}

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: unknown) => Object(error).code ?? error,
  );

describe('the lists that are kept', () => {
  it('are saved with each change, and not without one', async () => {
    const { servers, store } = setUp('a', 'b');
    await servers.add({ url: 'http://c.example', name: 'c', weight: 5 });
    await servers.change('a', { weight: 2, draining: true });
    await servers.change('a', { draining: true });
    await codeOf(servers.change('a', { weight: 0 }));
    await codeOf(servers.add({ url: 'http://c.example' }));
    servers.release('a');
    await servers.remove('b');
    await servers.change('a', { draining: false });
    expect(store.saved).toEqual(['a b c5', 'a2- b c5', 'a2- c5', 'a2 c5']);
  });

  it('change one after the other, each on top of the one before', async () => {
    const { servers, store, present } = setUp('a', 'b');
    const results = await Promise.all([
      codeOf(servers.add({ url: 'http://c.example', name: 'c' })),
      codeOf(servers.add({ url: 'http://other.example', name: 'c' })),
      codeOf(servers.remove('a')),
      codeOf(servers.remove('a')),
      codeOf(servers.remove('b')),
      codeOf(servers.remove('c')),
    ]);
    expect(results).toEqual(['done', 'NAME_TAKEN', 'done', 'UNKNOWN_UPSTREAM', 'done', 'LAST_UPSTREAM']);
    expect(present()).toBe('c');
    expect(store.saved.at(-1)).toBe('c');
  });

  it('stay as they are, and the program with them, when they can not be saved', async () => {
    const { servers, store, lists, present, hidden, registry } = setUp('a', 'b');
    store.fails = true;
    const before = lists.upstreams;
    expect([
      await codeOf(servers.add({ url: 'http://c.example' })),
      await codeOf(servers.remove('b')),
      await codeOf(servers.change('a', { weight: 7, draining: true })),
    ]).toEqual(['NOT_SAVED', 'NOT_SAVED', 'NOT_SAVED']);
    expect(present()).toBe('a b');
    expect(lists.upstreams).toBe(before);
    expect(hidden).toEqual([]);
    expect(registry.find('a')).toMatchObject({ weight: 1, draining: false });
    store.fails = false;
    await servers.remove('b');
    expect([present(), store.saved]).toEqual(['a', ['a']]);
  });

  it('are saved back when the program can no longer follow', async () => {
    const { servers, store, present, removeUnhealthy } = setUp('a', 'b');
    store.before = () => {
      store.before = () => {};
      removeUnhealthy('b');
    };
    expect(await codeOf(servers.remove('a'))).toBe('LAST_UPSTREAM');
    expect([present(), store.saved]).toEqual(['a', ['b', 'a b']]);
  });
});

describe('one that was removed because it was down for long', () => {
  it('is still wanted: the next start tries it again', async () => {
    const { servers, store, removeUnhealthy } = setUp('a', 'b');
    removeUnhealthy('b');
    await servers.change('a', { weight: 2 });
    expect(store.saved).toEqual(['a2 b']);
    expect(await codeOf(servers.change('b', { weight: 2 }))).toBe('UNKNOWN_UPSTREAM');
  });

  it('is no longer wanted when an operator removes it', async () => {
    const { servers, store, removeUnhealthy } = setUp('a', 'b');
    removeUnhealthy('b');
    expect(await codeOf(servers.remove('b'))).toBe('done');
    expect(await codeOf(servers.remove('b'))).toBe('UNKNOWN_UPSTREAM');
    expect(store.saved).toEqual(['a']);
  });

  it('makes room for one of its URL or its name, and gives its name to no other by chance', async () => {
    const { servers, store, removeUnhealthy } = setUp('a', 'b.example', 'c');
    removeUnhealthy('b.example');
    removeUnhealthy('c');
    expect((await servers.add({ url: 'http://b.example/other' })).name).toBe('b.example-2');
    expect((await servers.add({ url: 'http://b.example.example/' })).name).toBe('b.example.example');
    expect((await servers.add({ url: 'http://new.example', name: 'c' })).name).toBe('c');
    expect(store.saved.at(-1)).toBe('a b.example-2 b.example.example c');
  });
});
