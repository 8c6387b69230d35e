import { expect, it } from 'vitest';
import { Announcer } from '../../src/events.ts';
import { Availability } from '../../src/upstreams/availability.ts';
import { Quarantine } from '../../src/upstreams/quarantine.ts';
import { Registry } from '../../src/upstreams/registry.ts';
import { StandingChanges } from '../../src/upstreams/standing-changes.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { upstream } from '../support/upstreams.ts';

/** Time goes on while a function runs: each look at this clock is a millisecond later. */
class PassingClock extends ManualClock {
  override monotonicMs(): number {
    this.advance(1);
    return super.monotonicMs();
  }
}

it.each([1, 2, 3, 4, 5, 6, 7, 8])('takes an upstream back whose %i ms end while the lists are read', (ms) => {
  const clock = new PassingClock();
  const changes = new StandingChanges();
  const registry = new Registry([upstream('A'), upstream('B')], changes);
  const announcer = new Announcer();
  const quarantine = new Quarantine({ timeToLive: ms, clock, random: () => 0.5, announcer, changes });
  const availability = new Availability({ registry, quarantine }, changes, clock);
  for (const each of registry.all) quarantine.add(each, { reason: 'reset' });
  for (let look = 0; look < 20; look += 1) availability.usable('primary');
  expect(availability.usable('primary')).toHaveLength(2);
});
