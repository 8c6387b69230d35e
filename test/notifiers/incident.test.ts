import { describe, expect, it } from 'vitest';
import { Incident } from '../../src/notifiers/incident.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { fc } from '../support/properties.ts';

const COOLDOWN_MS = 300_000;

function setUp() {
  const clock = new ManualClock();
  const cooldown = { ms: COOLDOWN_MS };
  return { clock, cooldown, incident: new Incident(clock, cooldown) };
}

describe('an incident', () => {
  it('is reported when it is first seen, and its end with how long it lasted', () => {
    const { clock, incident } = setUp();
    expect(incident.occur()).toMatchObject({ repeated: false, lastedMs: 0, occurrences: 1 });
    clock.advance(60_000);
    expect(incident.occur()).toBeUndefined();
    clock.advance(65_000);
    expect(incident.end()).toEqual({
      repeated: true,
      beganWallMs: Date.UTC(2026, 0, 15, 12),
      lastedMs: 125_000,
      occurrences: 2,
      unreported: 0,
    });
    expect(incident.isCalm).toBe(true);
  });

  it('has another cool-down from now on, counted from the last report', () => {
    const { clock, cooldown, incident } = setUp();
    incident.occur();
    clock.advance(60_000);
    cooldown.ms = 30_000;
    expect(incident.occur()).toMatchObject({ repeated: true });
    cooldown.ms = COOLDOWN_MS;
    clock.advance(60_000);
    expect(incident.occur()).toBeUndefined();
  });

  it('is reported again while it lasts, once in each cool-down', () => {
    const { clock, incident } = setUp();
    incident.occur();
    clock.advance(COOLDOWN_MS - 1);
    expect(incident.occur()).toBeUndefined();
    clock.advance(1);
    expect(incident.occur()).toMatchObject({ repeated: true, lastedMs: COOLDOWN_MS, occurrences: 3 });
    expect(incident.occur()).toBeUndefined();
  });

  it('says nothing of flaps within the cool-down, neither beginning nor end', () => {
    const { clock, incident } = setUp();
    incident.occur();
    incident.end();
    for (let flap = 0; flap < 3; flap += 1) {
      clock.advance(10_000);
      expect(incident.occur()).toBeUndefined();
      expect(incident.isCalm).toBe(false);
      expect(incident.end()).toBeUndefined();
      expect(incident.isCalm).toBe(true);
    }
  });

  it('tells in its next report how often it flapped unreported, and tells it once', () => {
    const { clock, incident } = setUp();
    for (let flap = 0; flap < 3; flap += 1) {
      incident.occur();
      incident.end();
    }
    clock.advance(COOLDOWN_MS);
    expect(incident.occur()).toMatchObject({ repeated: false, occurrences: 1, unreported: 2 });
    expect(incident.end()).toMatchObject({ unreported: 0 });
  });

  it('that began within the cool-down is reported after it, with its true beginning', () => {
    const { clock, incident } = setUp();
    incident.occur();
    incident.end();
    clock.advance(COOLDOWN_MS - 20_000);
    expect(incident.occur()).toBeUndefined();
    clock.advance(20_000);
    expect(incident.occur()).toMatchObject({ repeated: false, lastedMs: 20_000, occurrences: 2 });
    expect(incident.end()).toMatchObject({ lastedMs: 20_000 });
  });

  it('has no end when it never began', () => {
    expect(setUp().incident.end()).toBeUndefined();
  });

  it('keeps a cool-down between any two alerts, and ends only what was reported', () => {
    const step = fc.record({ waitMs: fc.integer({ min: 0, max: 400_000 }), seen: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { clock, incident } = setUp();
        let lastAlertMs = Number.NEGATIVE_INFINITY;
        let openAlerts = 0;
        for (const { waitMs, seen } of steps) {
          clock.advance(waitMs);
          if (seen && incident.occur()) {
            expect(clock.monotonicMs() - lastAlertMs).toBeGreaterThanOrEqual(COOLDOWN_MS);
            lastAlertMs = clock.monotonicMs();
            openAlerts = 1;
          } else if (!seen && incident.end()) {
            expect(openAlerts).toBe(1);
            openAlerts = 0;
          }
        }
      }),
    );
  });
});
