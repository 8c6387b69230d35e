import { describe, expect, it } from 'vitest';
import { SharedBuckets } from '../../src/clients/shared-buckets.ts';
import { SharedLimiter } from '../../src/clients/shared-limiter.ts';
import type { Pacer } from '../../src/pacing/pacer.ts';
import type { Fact } from '../../src/sharing/fact.ts';
import type { Transport } from '../../src/sharing/fact-table.ts';
import type { Role } from '../../src/sharing/knowledge.ts';
import { shareBudgets } from '../../src/sharing/share-budgets.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { createProcess, link, type Process } from './processes.ts';

interface Sharing extends Process {
  readonly buckets: SharedBuckets;
  readonly pacer: Pacer;
}

async function sharing(origin: string, role: Role, clock: ManualClock, workers = 1): Promise<Sharing> {
  const made = await createProcess(origin, ['a', 'b'], clock);
  const buckets = new SharedBuckets();
  const { table, upstreams } = made;
  const pacer = made.of('a').budget?.pacer;
  if (!pacer) throw new Error('no budget');
  shareBudgets({ table, clock, role, workers, upstreams, buckets }).start();
  return { ...made, buckets, pacer };
}

async function workers(count: number, clock = new ManualClock()) {
  const first = await sharing('aa', 'first', clock, count);
  const all: Sharing[] = [];
  for (let i = 0; i < count; i += 1) {
    const worker = await sharing(`aa.${i}`, 'worker', clock, count);
    link(first.table, worker.table, 'machine');
    all.push(worker);
  }
  return { clock, first, all };
}

/** Each that may sends a call each 10 ms, which is accepted. */
function use(pacers: readonly Pacer[], clock: ManualClock, ms: number): void {
  for (let passed = 0; passed < ms; passed += 10) {
    const nowMs = clock.monotonicMs();
    for (const pacer of pacers) {
      if (pacer.freeAtMs(nowMs) > nowMs) continue;
      pacer.sent(1, nowMs);
      pacer.answered(1, nowMs, nowMs);
    }
    clock.advance(10);
  }
}

function refuse(pacer: Pacer, clock: ManualClock): void {
  const nowMs = clock.monotonicMs();
  pacer.sent(1, nowMs);
  pacer.refused(1, nowMs, nowMs, undefined);
}

describe('workers', () => {
  it('take over what one of them has learnt, of the calls of all', async () => {
    const { clock, first, all } = await workers(2);
    const [one, other] = all.map(({ pacer }) => pacer);
    if (!one || !other) throw new Error('no workers');
    use([one, other], clock, 2_000);
    refuse(one, clock);
    use([one], clock, 100);
    expect(one.rps()).toBeGreaterThan(190);
    expect(other.rps()).toBe(one.rps());
    expect(first.pacer.rps()).toBe(one.rps());
    // What was sent before is no news.
    other.refused(1, clock.monotonicMs() - 200, clock.monotonicMs(), undefined);
    expect(other.rps()).toBe(one.rps());
  });

  it('send what their share is, and one that joins learns what is known', async () => {
    const { clock, first, all } = await workers(2);
    const pacers = all.map(({ pacer }) => pacer);
    const [one] = pacers;
    if (!one) throw new Error('no workers');
    use(pacers, clock, 2_000);
    refuse(one, clock);
    use(pacers, clock, 100);
    const rps = one.rps() ?? 0;
    const before = pacers.map((pacer) => pacer.own(clock.monotonicMs()).accepted);
    use(pacers, clock, 1_000);
    const sent = pacers.map((pacer, i) => pacer.own(clock.monotonicMs()).accepted - (before[i] ?? 0));
    expect(Math.abs((sent[0] ?? 0) - (sent[1] ?? 0))).toBeLessThanOrEqual(3);
    expect((sent[0] ?? 0) + (sent[1] ?? 0)).toBeLessThanOrEqual(1.02 * rps);
    const late = await createProcess('aa.7', ['a', 'b'], clock);
    link(first.table, late.table, 'machine');
    late.table.receive(structuredClone(first.table.snapshot('machine')), { reach: 'machine', send() {} });
    const { table, upstreams } = late;
    const buckets = new SharedBuckets();
    shareBudgets({ table, clock, role: 'worker', workers: 3, upstreams, buckets }).start();
    expect(late.of('a').budget?.pacer.rps()).toBe(one.rps());
  });

  it('say nothing while nothing is used', async () => {
    const { clock, first, all } = await workers(2);
    const told: string[] = [];
    const send = (facts: readonly Fact[]) => told.push(...facts.map(({ key }) => key));
    for (const { table } of all) table.connect({ reach: 'machine', send });
    use([all[0]?.pacer ?? first.pacer], clock, 100);
    clock.advance(5_000);
    expect(told).toContain('worker-use aa.0');
    const count = told.length;
    clock.advance(60_000);
    expect(told.filter((key) => key.startsWith('worker-use')).length).toBe(
      told.slice(0, count).filter((key) => key.startsWith('worker-use')).length,
    );
  });

  it('know what the others have in flight at an upstream', async () => {
    const { clock, all } = await workers(3);
    const [one, other, third] = all;
    if (!one || !other || !third) throw new Error('no workers');
    one.of('b').inFlight = 3;
    other.of('b').inFlight = 2;
    for (const { pacer } of all) use([pacer], clock, 10);
    clock.advance(200);
    expect(all.map((each) => each.of('b').inFlightElsewhere)).toEqual([2, 3, 5]);
    expect(all.map((each) => each.of('a').inFlightElsewhere)).toEqual([0, 0, 0]);
  });

  it('leave the whole limit of a client to the one that it uses', async () => {
    const { clock, all } = await workers(4);
    const [one] = all;
    if (!one) throw new Error('no workers');
    const { buckets } = one;
    const limiter = new SharedLimiter('alice', 40, () => buckets.ofName('alice', 40), buckets);
    let admitted = 0;
    for (let passed = 0; passed < 5_000; passed += 10) {
      if (limiter.charge('', 1, clock.monotonicMs()).waitMs === 0) admitted += 1;
      clock.advance(10);
    }
    expect(admitted).toBeGreaterThan(0.9 * 5 * 40);
    expect(admitted).toBeLessThanOrEqual(6 * 40);
  });
});

describe('replicas', () => {
  it('share while they tell what they use, and go on alone when one is not heard of any more', async () => {
    const clock = new ManualClock();
    const one = await sharing('aa', 'alone', clock);
    const other = await sharing('bb', 'alone', clock);
    let isUp = true;
    const toOther: Transport = {
      reach: 'fleet',
      send: (facts) => isUp && other.table.receive(structuredClone(facts), toOne),
    };
    const toOne: Transport = {
      reach: 'fleet',
      send: (facts) => isUp && one.table.receive(structuredClone(facts), toOther),
    };
    one.table.connect(toOther);
    other.table.connect(toOne);
    const pacers = [one.pacer, other.pacer];
    use(pacers, clock, 3_000);
    refuse(one.pacer, clock);
    use(pacers, clock, 1_000);
    const acceptedOf = () => one.pacer.own(clock.monotonicMs()).accepted;
    const before = acceptedOf();
    use(pacers, clock, 1_000);
    const rps = one.pacer.rps() ?? 0;
    expect(acceptedOf() - before).toBeLessThan(0.55 * rps);
    isUp = false;
    use(pacers, clock, 4_000);
    const during = acceptedOf();
    use(pacers, clock, 1_000);
    expect(acceptedOf() - during).toBeLessThan(0.55 * rps);
    use(pacers, clock, 3_000);
    const after = acceptedOf();
    use(pacers, clock, 1_000);
    // As much as it wants: a call each 10 ms.
    expect(acceptedOf() - after).toBeGreaterThan(0.95 * Math.min(100, rps));
  });
});
