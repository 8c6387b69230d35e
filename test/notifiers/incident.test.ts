import { describe, expect, it } from 'vitest';
import { Incident, type IncidentReport } from '../../src/notifiers/incident.ts';
import { testAlert } from '../../src/notifiers/messages.ts';
import type { Composed } from '../../src/notifiers/topic.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { fc } from '../support/properties.ts';

const COOLDOWN_MS = 300_000;

function setUp() {
  const clock = new ManualClock();
  const cooldown = { ms: COOLDOWN_MS };
  let waits = false;
  const reports: IncidentReport[] = [];
  const incident: Incident = new Incident({
    kind: 'all-upstreams-failed',
    clock,
    cooldown,
    outlet: {
      put() {
        waits = true;
      },
      holds: () => waits,
    },
    write(report) {
      reports.push(report);
      return testAlert({ place: '', link: undefined }, 0);
    },
  });
  /** What is waiting, as it is written now; it still waits. */
  const written = (): {
    readonly report: IncidentReport | undefined;
    readonly composed: Composed | undefined;
  } => {
    const composed = waits ? incident.compose() : undefined;
    return { report: composed && reports.at(-1), composed };
  };
  /** Delivers what is waiting, if anything is. */
  const deliver = (): IncidentReport | undefined => {
    const { report, composed } = written();
    composed?.delivered();
    waits = false;
    return report;
  };
  const lose = (isOld = false) => {
    waits = false;
    incident.lost(isOld);
  };
  const occur = () => {
    incident.occur();
    return deliver();
  };
  const end = () => {
    incident.end();
    return deliver();
  };
  return { clock, cooldown, incident, written, deliver, lose, occur, end };
}

describe('an incident', () => {
  it('is reported when it is first seen, and its end with how long it lasted', () => {
    const { clock, incident, occur, end } = setUp();
    expect(occur()).toMatchObject({ isOver: false, lastedMs: 0, occurrences: 1 });
    clock.advance(60_000);
    expect(occur()).toBeUndefined();
    clock.advance(65_000);
    expect(end()).toEqual({
      isOver: true,
      beganWallMs: Date.UTC(2026, 0, 15, 12),
      lastedMs: 125_000,
      occurrences: 2,
      requestCount: 2,
      unreported: 0,
    });
    expect(incident.isCalm).toBe(true);
  });

  it('has another cool-down from now on, counted from the last delivery', () => {
    const { clock, cooldown, occur } = setUp();
    occur();
    clock.advance(60_000);
    cooldown.ms = 30_000;
    expect(occur()).toMatchObject({ lastedMs: 60_000 });
    cooldown.ms = COOLDOWN_MS;
    clock.advance(60_000);
    expect(occur()).toBeUndefined();
  });

  it('is reported again while it lasts, once in each cool-down', () => {
    const { clock, occur } = setUp();
    occur();
    clock.advance(COOLDOWN_MS - 1);
    expect(occur()).toBeUndefined();
    clock.advance(1);
    expect(occur()).toMatchObject({ isOver: false, lastedMs: COOLDOWN_MS, occurrences: 3 });
    expect(occur()).toBeUndefined();
  });

  it('says nothing of flaps within the cool-down, and tells in its next report how many there were, once', () => {
    const { clock, occur, end } = setUp();
    occur();
    end();
    for (let flap = 0; flap < 3; flap += 1) {
      clock.advance(10_000);
      expect(occur()).toBeUndefined();
      expect(end()).toBeUndefined();
    }
    clock.advance(COOLDOWN_MS);
    expect(occur()).toMatchObject({ occurrences: 1, unreported: 3 });
    expect(end()).toMatchObject({ unreported: 0 });
  });

  it('that began within the cool-down is reported after it, with its true beginning', () => {
    const { clock, occur, end } = setUp();
    occur();
    end();
    clock.advance(COOLDOWN_MS - 20_000);
    expect(occur()).toBeUndefined();
    clock.advance(20_000);
    expect(occur()).toMatchObject({ lastedMs: 20_000, occurrences: 2 });
    expect(end()).toMatchObject({ lastedMs: 20_000 });
  });

  it('has no end when it never began', () => {
    expect(setUp().end()).toBeUndefined();
  });
});

describe('an incident whose alert is not delivered yet', () => {
  it('has no second alert, and the first one tells how things stand when it is sent', () => {
    const { clock, incident, deliver } = setUp();
    incident.occur();
    clock.advance(2 * COOLDOWN_MS);
    incident.occur();
    expect(deliver()).toMatchObject({ lastedMs: 2 * COOLDOWN_MS, occurrences: 2 });
  });

  it('begins its cool-down with the delivery', () => {
    const { clock, incident, deliver, occur } = setUp();
    incident.occur();
    clock.advance(COOLDOWN_MS);
    deliver();
    clock.advance(COOLDOWN_MS - 1);
    expect(occur()).toBeUndefined();
    clock.advance(1);
    expect(occur()).toBeDefined();
  });

  it('is told as one message about its end when it ends before, and the cool-down follows', () => {
    const { clock, incident, deliver, occur } = setUp();
    incident.occur();
    clock.advance(40_000);
    incident.end();
    clock.advance(60_000);
    expect(deliver()).toMatchObject({ isOver: true, lastedMs: 40_000, occurrences: 1, unreported: 0 });
    clock.advance(COOLDOWN_MS - 1);
    expect(occur()).toBeUndefined();
  });

  it('is never told as over when it has begun anew', () => {
    const { clock, incident, deliver } = setUp();
    incident.occur();
    clock.advance(40_000);
    incident.end();
    clock.advance(10_000);
    incident.occur();
    expect(deliver()).toMatchObject({ isOver: false, lastedMs: 0, unreported: 1 });
    clock.advance(5_000);
    incident.end();
    expect(deliver()).toMatchObject({ isOver: true, lastedMs: 5_000 });
  });

  it('alerts with the next occurrence when every notifier has given it up after an hour', () => {
    const { incident, lose, end, occur } = setUp();
    incident.occur();
    lose(true);
    expect(end()).toBeUndefined();
    expect(occur()).toMatchObject({ isOver: false, unreported: 1 });
  });

  it('alerts again once in each cool-down when every notifier has refused it', () => {
    const { clock, incident, lose, occur, written } = setUp();
    incident.occur();
    lose();
    clock.advance(COOLDOWN_MS - 1);
    expect(occur()).toBeUndefined();
    clock.advance(1);
    incident.occur();
    expect(written().report).toMatchObject({ isOver: false, occurrences: 3 });
    lose();
    expect(occur()).toBeUndefined();
  });

  it('is not tried for each request where there is no cool-down', () => {
    const { clock, cooldown, incident, lose, occur } = setUp();
    cooldown.ms = 0;
    incident.occur();
    lose();
    expect(occur()).toBeUndefined();
    clock.advance(10_000);
    expect(occur()).toBeDefined();
  });

  it('alerts with the next occurrence when the notifiers may have been mended', () => {
    const { incident, lose, occur } = setUp();
    incident.occur();
    lose();
    incident.tryAgain();
    expect(occur()).toMatchObject({ occurrences: 2 });
  });

  it('was ended while its alert was on its way: the end is told after it', () => {
    const { incident, written, deliver } = setUp();
    incident.occur();
    const { composed, report } = written();
    expect(report?.isOver).toBe(false);
    incident.end();
    composed?.delivered();
    expect(deliver()).toMatchObject({ isOver: true, unreported: 0 });
  });
});

it('keeps a cool-down between any two alerts, and ends only what was reported', () => {
  const step = fc.record({ waitMs: fc.integer({ min: 0, max: 400_000 }), seen: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { clock, occur, end } = setUp();
      let lastAlertMs = Number.NEGATIVE_INFINITY;
      let openAlerts = 0;
      for (const { waitMs, seen } of steps) {
        clock.advance(waitMs);
        if (seen && occur()) {
          expect(clock.monotonicMs() - lastAlertMs).toBeGreaterThanOrEqual(COOLDOWN_MS);
          lastAlertMs = clock.monotonicMs();
          openAlerts = 1;
        } else if (!seen && end()) {
          expect(openAlerts).toBe(1);
          openAlerts = 0;
        }
      }
    }),
  );
});

it('whatever is delivered late, lost or overtaken: a cool-down between alerts, and no false all-clear', () => {
  const step = fc.record({
    waitMs: fc.integer({ min: 0, max: 200_000 }),
    act: fc.constantFrom('occur', 'end', 'deliver', 'lose'),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const { clock, incident, deliver, lose } = setUp();
      let lastAlertMs = Number.NEGATIVE_INFINITY;
      for (const { waitMs, act } of steps) {
        clock.advance(waitMs);
        if (act === 'occur') incident.occur();
        if (act === 'end') incident.end();
        if (act === 'lose') lose();
        const report = act === 'deliver' ? deliver() : undefined;
        if (report && !report.isOver) {
          expect(clock.monotonicMs() - lastAlertMs).toBeGreaterThanOrEqual(COOLDOWN_MS);
          lastAlertMs = clock.monotonicMs();
        }
        if (report?.isOver && !incident.isCalm)
          expect(clock.monotonicMs() - lastAlertMs).toBeLessThan(COOLDOWN_MS);
        if (report) expect(report.unreported).toBeGreaterThanOrEqual(0);
      }
    }),
  );
});
