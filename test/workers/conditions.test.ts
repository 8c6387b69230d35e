import { expect, it } from 'vitest';
import { type Event, UpstreamIdentity } from '../../src/events.ts';
import { Conditions } from '../../src/workers/conditions.ts';
import { ManualClock } from '../support/manual-clock.ts';

const upstream = new UpstreamIdentity('one', 'primary');
const slow = { type: 'upstream-slow', upstream, reason: 'slow', calls: undefined } as const;
const quick = { type: 'upstream-quick', upstream, calls: undefined, slowMs: 1 } as const;
const quarantined = { type: 'upstream-quarantined', upstream, reason: 'refused', method: undefined } as const;

function setUp() {
  const clock = new ManualClock();
  const announced: Event[] = [];
  const conditions = new Conditions(clock, (event) => {
    announced.push(event);
    conditions.hear(event);
  });
  return { clock, conditions, types: () => announced.splice(0).map(({ type }) => type), announced };
}

it('what two workers find lasts from the first to the last of them', () => {
  const { conditions, types } = setUp();
  conditions.pass(1, slow);
  conditions.pass(2, slow);
  expect(types()).toEqual(['upstream-slow']);
  conditions.pass(1, quick);
  expect(types()).toEqual([]);
  conditions.pass(2, quick);
  expect(types()).toEqual(['upstream-quick']);
  conditions.pass(2, slow);
  expect(types()).toEqual(['upstream-slow']);
});

it('what only a worker has found that is gone is over', () => {
  const { clock, conditions, announced } = setUp();
  conditions.pass(1, { type: 'overload-began', lagMs: 700 });
  conditions.pass(1, slow);
  conditions.pass(2, slow);
  announced.splice(0);
  clock.advance(1_500);
  conditions.drop(1);
  expect(announced).toEqual([{ type: 'overload-ended', durationMs: 1_500 }]);
  announced.splice(0);
  conditions.drop(2);
  expect(announced).toEqual([{ type: 'upstream-quick', upstream, calls: undefined, slowMs: 1_500 }]);
});

it('a quarantine that several find at the same time is one, and a later end is an extension', () => {
  const { clock, conditions, types } = setUp();
  conditions.pass(1, { ...quarantined, durationMs: 2_000 });
  conditions.pass(2, { ...quarantined, durationMs: 2_100 });
  expect(types()).toEqual(['upstream-quarantined']);
  conditions.pass(2, { ...quarantined, durationMs: 8_000 });
  expect(types()).toEqual(['quarantine-extended']);
  conditions.pass(2, { ...quarantined, reason: 'auth', durationMs: 8_000 });
  expect(types()).toEqual(['upstream-quarantined']);
  clock.advance(8_000);
  conditions.pass(1, { ...quarantined, reason: 'auth', durationMs: 8_000 });
  expect(types()).toEqual(['upstream-quarantined']);
});

it('a quarantine after a release is news', () => {
  const { conditions, types } = setUp();
  conditions.pass(1, { ...quarantined, durationMs: 60_000 });
  conditions.hear({ type: 'upstream-released', upstream, by: 'probe' });
  conditions.pass(2, { ...quarantined, durationMs: 60_000 });
  expect(types()).toEqual(['upstream-quarantined', 'upstream-quarantined']);
});

it('a release that several find at the same time is one, unless there was a quarantine in between', () => {
  const { clock, conditions, types } = setUp();
  const released = { type: 'upstream-released', upstream, by: 'trial' } as const;
  conditions.pass(1, { ...quarantined, durationMs: 5_000 });
  conditions.pass(1, released);
  conditions.pass(2, released);
  expect(types()).toEqual(['upstream-quarantined', 'upstream-released']);
  conditions.pass(1, { ...quarantined, durationMs: 5_000 });
  conditions.pass(2, released);
  expect(types()).toEqual(['upstream-quarantined', 'upstream-released']);
  // One that another machine has told of here is not announced before it is over.
  clock.advance(1_000);
  conditions.pass(2, released);
  expect(types()).toEqual(['upstream-released']);
});
