/** The time that one attempt takes. */

import type { HasAlarm } from './alarms.ts';
import type { UpstreamSpeed } from './upstream-speed.ts';

const NEVER_OVERDUE = -1;

export class Timing implements HasAlarm {
  alarmIndex = -1;
  alarmAtMs = 0;
  readonly speed: UpstreamSpeed;
  /** What it asks for, one of the latency keys. */
  readonly key: number;
  /** Monotonic milliseconds. */
  readonly startedMs: number;
  /** In milliseconds; NaN while it is not known. */
  readonly usualMs: number;
  #silenceNumber = NEVER_OVERDUE;

  constructor(speed: UpstreamSpeed, key: number, startedMs: number, usualMs: number) {
    this.speed = speed;
    this.key = key;
    this.startedMs = startedMs;
    this.usualMs = usualMs;
  }

  onAlarm(nowMs: number): void {
    this.#silenceNumber = this.speed.silence.overdue(this.startedMs, this.usualMs, nowMs);
  }

  /** It is over; `isHeard`: its upstream has said something. */
  end(isHeard: boolean, nowMs: number): void {
    if (isHeard) this.speed.silence.heard(this.startedMs, nowMs);
    else if (this.#silenceNumber !== NEVER_OVERDUE) this.speed.silence.ended(this.#silenceNumber);
  }
}
