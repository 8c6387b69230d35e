import { describe, expect, it } from 'vitest';
import { Alarms, type HasAlarm } from '../../src/speed/alarms.ts';
import { ManualClock } from '../support/manual-clock.ts';

class Sleeper implements HasAlarm {
  alarmIndex = -1;
  alarmAtMs = 0;
  readonly wokenMs: number[] = [];
  readonly #onWake: (self: Sleeper) => void;

  constructor(onWake: (self: Sleeper) => void = () => {}) {
    this.#onWake = onWake;
  }

  onAlarm(nowMs: number): void {
    this.wokenMs.push(nowMs);
    this.#onWake(this);
  }
}

function setUp() {
  const clock = new ManualClock(0);
  return { clock, alarms: new Alarms(clock) };
}

describe('alarms', () => {
  it('wake each once, within one tick', () => {
    const { clock, alarms } = setUp();
    const sleepers = [3, 10, 50].map((ms) => {
      const sleeper = new Sleeper();
      alarms.set(sleeper, ms);
      return sleeper;
    });
    clock.advance(200);
    expect(sleepers.map(({ wokenMs }) => wokenMs)).toEqual([[4], [12], [52]]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('wake none that was taken back, in whatever order', () => {
    const { clock, alarms } = setUp();
    const [a, b, c, d] = [new Sleeper(), new Sleeper(), new Sleeper(), new Sleeper()] as const;
    for (const each of [a, b, c, d]) alarms.set(each, 10);
    for (const each of [b, d, b]) alarms.unset(each);
    clock.advance(20);
    expect([a, b, c, d].map(({ wokenMs }) => wokenMs.length)).toEqual([1, 0, 1, 0]);
  });

  it('may be set again, or take back others, by one that wakes', () => {
    const { clock, alarms } = setUp();
    const victim = new Sleeper();
    const again = new Sleeper(
      (self) => self.wokenMs.length < 2 && alarms.set(self, clock.monotonicMs() + 10),
    );
    const cruel = new Sleeper(() => alarms.unset(victim));
    for (const each of [victim, again, cruel]) alarms.set(each, 10);
    clock.advance(50);
    expect([victim.wokenMs, again.wokenMs]).toEqual([[], [12, 24]]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('after the event loop stood still wake only when what had come meanwhile can have been read', () => {
    const { clock, alarms } = setUp();
    const sleeper = new Sleeper();
    alarms.set(sleeper, 10);
    const late = clock.pendingTimers;
    clock.stall(500);
    expect([late, sleeper.wokenMs]).toEqual([1, []]);
    clock.advance(1);
    expect(sleeper.wokenMs).toEqual([501]);
  });
});
