/** When the next request is due where several processes take turns: on limits so small that each call counts. */

import type { Others } from './others.ts';
import { type Pace, Schedule } from './schedule.ts';
import { Turns } from './turns.ts';

/** Where calls are further apart than this, even the first one waits for its turn: it would take another one's room. */
const STRICT_MS = 250;

/** Times are monotonic milliseconds. While more is looked for, each process sends by itself. */
export class TurnSchedule extends Schedule {
  readonly #turns = new Turns();

  dueMs(pace: Pace, others: Others, nowMs: number): number {
    if (!this.#areTaken(pace, others)) return this.nextAtMs;
    const speed = this.speed(pace);
    const turnMs = this.#turns.nextMs(this.nextAtMs, speed, others);
    // Who has sent nothing for some time begins at once.
    if (turnMs >= nowMs || speed * STRICT_MS > 1) return turnMs;
    return this.#turns.nextMs(nowMs, speed, others);
  }

  /** Returns the time, in milliseconds, for which less was asked for than the rate. */
  sentOf(calls: number, pace: Pace, others: Others, mayClimb: boolean, nowMs: number): number {
    if (mayClimb || !this.#areTaken(pace, others)) return this.sent(calls, pace, mayClimb, nowMs);
    const speed = this.speed(pace);
    const turnMs = this.#turns.nextMs(this.nextAtMs, speed, others);
    return this.sentInTurn(calls, pace, [turnMs, this.#turns.endMs(nowMs, speed, others)], nowMs);
  }

  /** One call less than what is due: so the next one is not refused by a hair. */
  waitOne(pace: Pace, others: Others, nowMs: number): void {
    // In turns it is one of all.
    if (this.#areTaken(pace, others)) this.resumeAt(nowMs + 1 / pace.rate);
    else this.waitUntil(Math.max(this.nextAtMs, nowMs) + 1 / pace.rate);
  }

  #areTaken(pace: Pace, others: Others): boolean {
    // Where refusals ban, as much is sent as ever was accepted, and a turn at the wrong time is too much.
    return pace.way !== 'dear' && !this.isClimbing && this.#turns.areTaken(this.speed(pace), others);
  }
}
