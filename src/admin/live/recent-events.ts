/** The latest events in plain words, for `GET /history` and those who watch. */

import type { Clock } from '../../clock.ts';
import { type Level, sentenceOf, subjectOf } from '../../event-sentences.ts';
import type { Event } from '../../events.ts';

/** So many are kept, however many there are. */
export const KEPT_EVENTS = 100;

/** In the terms of `GET /history`. */
export interface ToldEvent {
  /** An ISO date. */
  readonly time: string;
  readonly type: Event['type'];
  readonly text: string;
  readonly level: Level;
  /** The names of those that it is about. */
  readonly pool?: string;
  readonly upstream?: string;
}

/** Names are kept, not the announced objects: what is removed leaves nothing else behind. */
export class RecentEvents {
  readonly #clock: Clock;
  readonly #events: ToldEvent[] = [];
  #total = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many there were since the start. */
  get total(): number {
    return this.#total;
  }

  /** To be called with every announced event. */
  hear(event: Event): void {
    const sentence = sentenceOf(event);
    if (!sentence) return;
    const { pool, upstream } = subjectOf(event);
    this.#events[this.#total % KEPT_EVENTS] = {
      time: new Date(this.#clock.wallMs()).toISOString(),
      type: event.type,
      ...sentence,
      ...(pool && { pool: pool.name }),
      ...(upstream && { upstream: upstream.name }),
    };
    this.#total += 1;
  }

  /** Those after the first `total`, as far as they are kept, the oldest first. */
  after(total: number): readonly ToldEvent[] {
    const first = Math.max(total, this.#total - KEPT_EVENTS);
    const events: ToldEvent[] = [];
    for (let number = first; number < this.#total; number++) {
      const event = this.#events[number % KEPT_EVENTS];
      if (event) events.push(event);
    }
    return events;
  }
}
