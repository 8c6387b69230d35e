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
  /** The attempt at the same call that began before. */
  readonly #before: Timing | undefined;
  #silenceNumber = NEVER_OVERDUE;
  #isOver = false;

  constructor(speed: UpstreamSpeed, key: number, startedMs: number, usualMs: number, before?: Timing) {
    this.speed = speed;
    this.key = key;
    this.startedMs = startedMs;
    this.usualMs = usualMs;
    this.#before = before;
  }

  onAlarm(nowMs: number): void {
    // Two upstreams take longer than usual for it: it is a heavy call, and neither is silent because of it.
    if (this.#before && !this.#before.#isOver) this.#before.#withdraw();
    else this.#silenceNumber = this.speed.silence.overdue(this.startedMs, this.usualMs, nowMs);
  }

  /** It is over; `isHeard`: its upstream has said something. */
  end(isHeard: boolean, nowMs: number): void {
    this.#isOver = true;
    if (isHeard) this.speed.silence.heard(this.startedMs, nowMs);
    else if (this.#silenceNumber !== NEVER_OVERDUE) this.speed.silence.ended(this.#silenceNumber);
  }

  #withdraw(): void {
    if (this.#silenceNumber !== NEVER_OVERDUE) this.speed.silence.withdraw(this.#silenceNumber);
    this.#silenceNumber = NEVER_OVERDUE;
  }
}
