/** The latest events in plain words, for `GET /history` and those who watch. Repeats are one event with a count. */

import type { Clock } from '../../clock.ts';
import { type Level, sentenceOf, subjectOf } from '../../event-sentences.ts';
import type { Event } from '../../events.ts';
import { durationInWords } from '../../numbers-in-words.ts';
import { type Out, outOf, repeatKeyOf } from './event-kinds.ts';

/** So many are kept, however many there are. */
export const KEPT_EVENTS = 100;
/** What happens again within this time is the same event, once more. */
const REPEAT_WITHIN_MS = 120_000;
/** After so long a new one begins, so that the list still tells when it was. */
const LONGEST_RUN_MS = 900_000;

/** In the terms of `GET /history`. */
export interface ToldEvent {
  /** The same each time that a repeated event is told: what was told of it before is replaced. */
  readonly id: number;
  /** An ISO date: when it happened last. */
  readonly time: string;
  /** An ISO date: when it happened first. The same as `time` where it happened once. */
  readonly since: string;
  /** How often it happened. */
  readonly count: number;
  readonly type: Event['type'];
  readonly text: string;
  readonly level: Level;
  /** Whether the upstream is left out by it, and for how long, or no longer. */
  readonly out?: Out;
  /** The names of those that it is about. */
  readonly pool?: string;
  readonly upstream?: string;
}

interface Kept {
  /** Its place in the order of all that was heard. */
  readonly number: number;
  /** Undefined for one that is told by itself each time. */
  readonly key: string | undefined;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly told: ToldEvent;
}

/** Names are kept, not the announced objects: what is removed leaves nothing else behind. */
export class RecentEvents {
  readonly #clock: Clock;
  /** In the order in which they happened last. */
  readonly #events: Kept[] = [];
  #total = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many there were since the start, each repeat included. */
  get total(): number {
    return this.#total;
  }

  /** To be called with every announced event. */
  hear(event: Event): void {
    const sentence = sentenceOf(event);
    if (!sentence) return;
    const { pool, upstream } = subjectOf(event);
    const key = repeatKeyOf(event);
    const out = outOf(event);
    const nowMs = this.#clock.wallMs();
    const before = this.#takeRepeated(key, nowMs);
    const number = this.#total;
    const count = (before?.told.count ?? 0) + 1;
    const firstMs = before?.firstMs ?? nowMs;
    const told = {
      id: before?.told.id ?? number,
      time: new Date(nowMs).toISOString(),
      since: new Date(firstMs).toISOString(),
      count,
      type: event.type,
      ...sentence,
      text: count === 1 ? sentence.text : `${sentence.text} (${count} times in ${spanOf(nowMs - firstMs)})`,
      ...(out && { out }),
      ...(pool && { pool: pool.name }),
      ...(upstream && { upstream: upstream.name }),
    };
    this.#events.push({ number, key, firstMs, lastMs: nowMs, told });
    if (this.#events.length > KEPT_EVENTS) this.#events.shift();
    this.#total += 1;
  }

  /** Those that happened after the first `total`, as far as they are kept, in the order in which they happened last. */
  after(total: number): readonly ToldEvent[] {
    return this.#events.filter(({ number }) => number >= total).map(({ told }) => told);
  }

  /** Takes out the one that happens again now, if there is one. */
  #takeRepeated(key: string | undefined, nowMs: number): Kept | undefined {
    if (key === undefined) return undefined;
    const index = this.#events.findLastIndex((each) => each.key === key);
    const found = this.#events[index];
    if (!found || nowMs - found.lastMs > REPEAT_WITHIN_MS || nowMs - found.firstMs > LONGEST_RUN_MS)
      return undefined;
    this.#events.splice(index, 1);
    return found;
  }
}

/** A whole number of seconds or minutes: more says nothing here. */
function spanOf(ms: number): string {
  return durationInWords(
    ms < 60_000 ? Math.max(1_000, Math.ceil(ms / 1_000) * 1_000) : Math.round(ms / 60_000) * 60_000,
  );
}
