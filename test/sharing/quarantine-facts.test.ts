import { describe, expect, it } from 'vitest';
import type { FactTable } from '../../src/sharing/fact-table.ts';
import { shareQuarantines } from '../../src/sharing/quarantine-facts.ts';
import { upstreamKey } from '../../src/sharing/upstream-key.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { createProcess, link, type Process } from './processes.ts';

async function share(origin: string, names: readonly string[], clock: ManualClock): Promise<Process> {
  const each = await createProcess(origin, names, clock);
  const { table, upstreams, runtime } = each;
  const { announcer } = runtime;
  shareQuarantines({ table, upstreams, announcer, nowMs: () => clock.monotonicMs() });
  return each;
}

async function two(names = ['a', 'b']) {
  const clock = new ManualClock();
  const one = await share('1', names, clock);
  const other = await share('2', names, clock);
  link(one.table, other.table);
  return { clock, one, other };
}

const stateOf = ({ pool, of }: Process, name: string) => pool.availability.standing(of(name));
const count = (table: FactTable) => table.snapshot('fleet').length;

describe('quarantines of several processes', () => {
  it('begin at the others at once, for the time that is left, and are announced once', async () => {
    const { clock, one, other } = await two();
    one.pool.quarantine.add(one.of('a'), { reason: 'refused' });
    const untilMs = clock.monotonicMs() + 5_000;
    expect(stateOf(other, 'a')).toMatchObject({
      state: 'quarantined',
      reason: 'refused',
      untilMs,
      mayTry: true,
    });
    expect(stateOf(other, 'b')).toEqual({ state: 'usable' });
    expect(one.events).toMatchObject([{ type: 'upstream-quarantined' }]);
    expect(other.events).toEqual([]);
  });

  it('are over everywhere when one finds that out, and the others say nothing', async () => {
    const { one, other } = await two();
    one.pool.quarantine.add(one.of('a'), { reason: 'refused' });
    other.pool.quarantine.release(other.of('a'), 'trial');
    expect(stateOf(one, 'a')).toEqual({ state: 'usable' });
    expect(one.events.map(({ type }) => type)).toEqual(['upstream-quarantined']);
    expect(other.events.map(({ type }) => type)).toEqual(['upstream-released']);
  });

  it('are extended everywhere', async () => {
    const { clock, one, other } = await two();
    one.pool.quarantine.add(one.of('a'), { reason: 'rate-limited', rest: { kind: 'for', ms: 10_000 } });
    clock.advance(2_000);
    other.pool.quarantine.add(other.of('a'), { reason: 'rate-limited', rest: { kind: 'for', ms: 30_000 } });
    expect(stateOf(one, 'a')).toMatchObject({ untilMs: clock.monotonicMs() + 30_000, mayTry: false });
  });

  it('know a repeat offender of others', async () => {
    const { clock, one, other } = await two();
    one.pool.quarantine.add(one.of('a'), { reason: 'refused' });
    clock.advance(5_001);
    one.pool.quarantine.add(one.of('a'), { reason: 'refused' });
    expect(stateOf(other, 'a')).toMatchObject({ untilMs: clock.monotonicMs() + 10_000 });
    clock.advance(10_001);
    other.pool.quarantine.add(other.of('a'), { reason: 'refused' });
    expect(stateOf(one, 'a')).toMatchObject({ untilMs: clock.monotonicMs() + 20_000 });
  });

  it('leave what is in question to the one that asks', async () => {
    const { one, other } = await two();
    one.pool.quarantine.suspend(one.of('a'), 'timeout');
    expect(stateOf(other, 'a')).toEqual({ state: 'usable' });
    expect(count(one.table)).toBe(0);
    other.pool.quarantine.suspend(other.of('a'), 'timeout');
    one.pool.quarantine.add(one.of('a'), { reason: 'timeout' });
    one.pool.quarantine.release(one.of('a'), 'probe');
    expect(stateOf(other, 'a')).toEqual({ state: 'usable' });
  });

  it('share banned methods, whatever blanks are in their names', async () => {
    const { clock, one, other } = await two();
    const ban = { reason: 'method-unsupported', method: 'odd method' } as const;
    one.pool.quarantine.add(one.of('a'), ban);
    expect(other.pool.quarantine.methods.banOf(other.of('a'), 'odd method')).toMatchObject({
      untilMs: clock.monotonicMs() + 300_000,
    });
    expect(other.pool.quarantine.methods.banOf(other.of('b'), 'odd method')).toBeUndefined();
  });

  it('tell no more bans than a fleet can have, however many methods clients invent', async () => {
    const { one, other } = await two();
    for (let each = 0; each < 1_100; each++)
      one.pool.quarantine.add(one.of('a'), { reason: 'method-unsupported', method: `odd_${each}` });
    expect(other.table.current('ban').size).toBe(1_000);
    one.pool.quarantine.add(one.of('b'), { reason: 'refused' });
    expect(stateOf(other, 'b')).toMatchObject({ state: 'quarantined' });
  });

  it('are taken over for no longer than one that is found here can be', async () => {
    const { clock, one, other } = await two();
    one.table.put(
      `out ${upstreamKey(one.of('a'))}`,
      { reason: 'auth', mayTry: false, doublings: 0 },
      20 * 24 * 3_600_000,
    );
    expect(stateOf(other, 'a')).toMatchObject({ untilMs: clock.monotonicMs() + 24 * 3_600_000 });
  });

  it('hold for one who joins later, and for an upstream that is listed later', async () => {
    const { clock, one } = await two();
    one.pool.quarantine.add(one.of('b'), { reason: 'refused' });
    one.pool.quarantine.add(one.of('b'), { reason: 'method-unsupported', method: 'eth_call' });
    const late = await share('3', ['a'], clock);
    clock.advance(1_000);
    late.table.receive(one.table.snapshot('fleet'), { reach: 'fleet', send() {} });
    const b = late.pool.membership.add({
      ...{ url: new URL('http://b.test/KEY'), name: 'another', tier: 'primary', weight: 1 },
    });
    expect(late.pool.availability.standing(b)).toMatchObject({ untilMs: clock.monotonicMs() + 4_000 });
    expect(late.pool.quarantine.methods.banOf(b, 'eth_call')).toBeDefined();
  });

  it('forget what an operator removes, so that it starts anew when it is added again', async () => {
    const { one, other } = await two();
    one.pool.quarantine.add(one.of('a'), { reason: 'refused' });
    one.pool.quarantine.add(one.of('a'), { reason: 'method-unsupported', method: 'eth_call' });
    one.pool.membership.remove(one.of('a'), 'operator');
    expect(stateOf(other, 'a')).toEqual({ state: 'usable' });
    const again = one.pool.membership.add({
      ...{ url: new URL('http://a.test/KEY'), name: 'a', tier: 'primary', weight: 1 },
    });
    expect(one.pool.availability.standing(again)).toEqual({ state: 'usable' });
    expect(one.pool.quarantine.methods.banOf(again, 'eth_call')).toBeUndefined();
  });

  it('tell nothing again that they have taken over, when its event comes along', async () => {
    const { one, other } = await two();
    one.pool.quarantine.add(one.of('a'), { reason: 'refused' });
    const before = JSON.stringify(other.table.snapshot('fleet'));
    const { announcer } = other.runtime;
    const upstream = other.of('a').identity;
    announcer.announce({
      ...{ type: 'upstream-quarantined', upstream, reason: 'refused', method: undefined, durationMs: 5_000 },
    });
    expect(JSON.stringify(other.table.snapshot('fleet'))).toBe(before);
  });

  it.each([
    [{ reason: 'nonsense', mayTry: true, doublings: 0 }],
    [{ reason: 'refused', mayTry: 'yes', doublings: 0 }],
    [{ reason: 'refused', mayTry: true, doublings: -1 }],
    [{}],
  ])('put nobody out for an ill-formed fact: %j', async (value) => {
    const { one } = await two();
    const key = `out ${upstreamKey(one.of('a'))}`;
    const fact = { key, version: 1, origin: 'x', leftMs: 1_000, value };
    one.table.receive([fact], { reach: 'fleet', send() {} });
    expect(stateOf(one, 'a')).toEqual({ state: 'usable' });
  });
});
