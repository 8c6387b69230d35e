import { describe, expect, it } from 'vitest';
import { shareSizes } from '../../src/sharing/size-facts.ts';
import { followStandings, tellStandings } from '../../src/sharing/standing-facts.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { createProcess, link } from './processes.ts';

async function two() {
  const clock = new ManualClock();
  const one = await createProcess('1', ['a', 'b'], clock);
  const other = await createProcess('2', ['a', 'b'], clock);
  return { clock, one, other };
}

describe('what upstreams take at once', () => {
  it('is known everywhere once one has learnt it, for the time that is left', async () => {
    const { clock, one, other } = await two();
    for (const { table, upstreams, runtime } of [one, other])
      shareSizes({ table, upstreams, announcer: runtime.announcer, clock });
    link(one.table, other.table);
    const a = one.of('a');
    a.capacities.logsRange.refused(100, 10, clock);
    clock.advance(600_000);
    one.runtime.announcer.announce({
      type: 'limit-learnt',
      upstream: a.identity,
      limit: 'logs_range',
      size: 10,
    });
    expect(other.of('a').capacities.logsRange.shown(clock)).toBe(10);
    expect(other.of('a').capacities.batch.limit(clock)).toBeUndefined();
    clock.advance(3_000_000);
    expect(other.of('a').capacities.logsRange.limit(clock)).toBeUndefined();
  });

  it('goes on from what another one has learnt', async () => {
    const { clock, one, other } = await two();
    for (const { table, upstreams, runtime } of [one, other])
      shareSizes({ table, upstreams, announcer: runtime.announcer, clock });
    link(one.table, other.table);
    const announce = (process: typeof one) =>
      process.runtime.announcer.announce({
        ...{ type: 'limit-learnt', upstream: process.of('a').identity, limit: 'batch', size: 1 },
      });
    one.of('a').capacities.batch.refused(16, undefined, clock);
    announce(one);
    expect(other.of('a').capacities.batch.limit(clock)).toBe(8);
    other.of('a').capacities.batch.refused(8, undefined, clock);
    announce(other);
    expect(one.of('a').capacities.batch.limit(clock)).toBe(4);
  });
});

describe('what checks of the first process find', () => {
  it('holds in its workers, also in one that starts later', async () => {
    const { clock, one, other } = await two();
    const { table, upstreams, runtime } = one;
    const stop = tellStandings({ table, upstreams, clock, announcer: runtime.announcer });
    link(one.table, other.table, 'machine');
    const a = one.of('a');
    a.down = { reason: 'wrong-chain', sinceMs: 0 };
    runtime.announcer.announce({
      type: 'upstream-down',
      upstream: a.identity,
      reason: 'wrong-chain',
      problem: '',
    });
    one.of('b').lagging = { sinceMs: 0 };
    one.of('b').blockHeight = 7;
    clock.advance(1_000);
    followStandings({ ...other, announcer: other.runtime.announcer });
    expect(other.of('a').down).toMatchObject({ reason: 'wrong-chain' });
    expect(other.of('b').lagging).toBeDefined();
    expect(other.of('b').blockHeight).toBe(7);
    a.down = undefined;
    runtime.announcer.announce({ type: 'upstream-up', upstream: a.identity, downMs: 1 });
    expect(other.of('a').down).toBeUndefined();
    expect(other.events).toEqual([]);
    stop();
    expect(clock.pendingTimers).toBe(0);
  });

  it('tells nothing while nothing changes', async () => {
    const { clock, one } = await two();
    const { table, upstreams, runtime } = one;
    tellStandings({ table, upstreams, clock, announcer: runtime.announcer });
    let sent = 0;
    table.connect({ reach: 'machine', send: () => (sent += 1) });
    one.of('a').blockHeight = 1;
    for (let second = 0; second < 10; second += 1) clock.advance(1_000);
    expect(sent).toBe(1);
  });
});
