import { describe, expect, it } from 'vitest';
import type { Event } from '../../src/events.ts';
import { RegistryError } from '../../src/upstreams/registry.ts';
import type { Upstream, UpstreamSpec } from '../../src/upstreams/upstream.ts';
import { membershipOf } from '../support/upstreams.ts';

const spec = (name: string, extra: Partial<UpstreamSpec> = {}): UpstreamSpec => ({
  name,
  url: new URL(`http://${name.toLowerCase()}.example/key-${name}`),
  // As in the other tests of this folder: small letters are fallbacks.
  tier: name === name.toUpperCase() ? 'primary' : 'fallback',
  weight: 1,
  ...extra,
});

function setUp(names: string) {
  const left: string[] = [];
  const onLeave = ({ name }: Upstream) => void left.push(name);
  const specs = [...names].map((name) => spec(name));
  const { clock, announcer, changes, registry, quarantine, membership } = membershipOf(specs, onLeave);
  const events: Event[] = [];
  announcer.listen((event) => events.push(event));
  const names_ = () => registry.all.map(({ name }) => name).join('');
  const find = (name: string): Upstream => {
    const found = registry.find(name);
    if (!found) throw new Error(`no ${name}`);
    return found;
  };
  return { clock, events, changes, registry, quarantine, membership, left, names: names_, find };
}

function conflictOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof RegistryError) return error.conflict;
    throw error;
  }
  return 'none';
}

describe('an upstream that joins', () => {
  it('stands at the end of its list', () => {
    const { membership, names } = setUp('ABab');
    membership.add(spec('C'));
    membership.add(spec('c'));
    expect(names()).toBe('ABCabc');
  });

  it('is up since that moment, is announced, and reported as a change for the better', () => {
    const { membership, clock, events, changes } = setUp('A');
    const reports: boolean[] = [];
    changes.listen((isBetter) => reports.push(isBetter));
    clock.advance(60_000);
    expect(membership.add(spec('B')).upSinceMs).toBe(clock.monotonicMs());
    expect(events).toMatchObject([{ type: 'upstream-added', upstream: { name: 'B', tier: 'primary' } }]);
    expect(reports).toEqual([true]);
  });

  it('is refused when its name or its URL is there already, whatever the tier', () => {
    const { membership, names, events } = setUp('Ab');
    expect(conflictOf(() => membership.add(spec('A', { url: new URL('http://new.example') })))).toBe(
      'name-taken',
    );
    expect(conflictOf(() => membership.add(spec('N', { url: new URL('http://B.example:80/key-b') })))).toBe(
      'url-taken',
    );
    expect(conflictOf(() => membership.add(spec('N', { url: new URL('http://b.example/KEY-b') })))).toBe(
      'none',
    );
    expect(names()).toBe('ANb');
    expect(events).toHaveLength(1);
  });

  it('is another server when only its user-info, its query or its port differs', () => {
    const { membership } = setUp('A');
    for (const [name, url] of [
      ['B', 'http://user:pass@a.example/key-A'],
      ['C', 'http://a.example/key-A?token=1'],
      ['D', 'http://a.example:8080/key-A'],
      ['E', 'https://a.example/key-A'],
    ] as const) {
      expect(conflictOf(() => membership.add(spec(name, { url: new URL(url) })))).toBe('none');
    }
  });
});

describe('an upstream that leaves', () => {
  it('is gone from its list, announced with the cause, and let go of', () => {
    const { membership, find, names, events, left } = setUp('ABa');
    const upstream = find('B');
    membership.remove(upstream, 'unhealthy');
    expect(names()).toBe('Aa');
    expect(left).toEqual(['B']);
    expect(upstream.hasLeft).toBe(true);
    expect(events).toMatchObject([
      { type: 'upstream-removed', upstream: { name: 'B', tier: 'primary' }, cause: 'unhealthy' },
    ]);
  });

  it('is never the last of both lists', () => {
    const { membership, find, names, left } = setUp('Aa');
    membership.remove(find('A'), 'operator');
    const last = find('a');
    expect(conflictOf(() => membership.remove(last, 'operator'))).toBe('last-upstream');
    expect([names(), last.hasLeft, left]).toEqual(['a', false, ['A']]);
  });

  it('takes with it what was learned of it, and of nobody else', () => {
    const { membership, find, quarantine } = setUp('AB');
    for (const name of ['A', 'B']) quarantine.add(find(name), { reason: 'auth' });
    membership.remove(find('A'), 'operator');
    const again = membership.add(spec('A'));
    expect(quarantine.entryOf(again)).toBeUndefined();
    expect(quarantine.entryOf(find('B'))).toBeDefined();
  });

  it('is announced as another one when it is added again', () => {
    const { membership, find, events } = setUp('AB');
    const gone = find('A');
    membership.remove(gone, 'operator');
    const again = membership.add(spec('A'));
    const announced = events.map((event) => 'upstream' in event && event.upstream);
    expect(announced).toEqual([gone.identity, again.identity]);
    expect([announced[0] === gone.identity, announced[1] === again.identity]).toEqual([true, true]);
    expect(again.identity).not.toBe(gone.identity);
  });

  it('answers no more for another one that has its name by now', () => {
    const { membership, find, quarantine, registry } = setUp('AB');
    const gone = find('A');
    membership.remove(gone, 'operator');
    const again = membership.add(spec('A'));
    quarantine.add(gone, { reason: 'cut' });
    quarantine.add(gone, { reason: 'method-unsupported', method: 'eth_call' });
    expect([quarantine.entryOf(again), quarantine.methods.banOf(again, 'eth_call')]).toMatchObject([
      undefined,
      undefined,
    ]);
    quarantine.add(again, { reason: 'timeout' });
    expect(quarantine.release(gone, 'trial')).toBe(false);
    expect([quarantine.entryOf(again)?.reason, registry.has(again)]).toEqual(['timeout', true]);
  });
});
