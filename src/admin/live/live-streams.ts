/** Keeps live pages up to date: what has happened, and figures once a second, as server-sent events. */

import type { Clock } from '../../clock.ts';
import type { IncomingRequest, OutgoingResponse } from '../../http/messages.ts';
import { STREAM_START, type Streams } from '../streams.ts';
import type { Figures, Overview } from './overview.ts';
import type { RecentEvents } from './recent-events.ts';

/** A reader gets one message in this time at most. */
const TICK_MS = 250;
/** Each second is looked at a moment after its end. */
const AFTER_MS = 5;

interface Reader {
  readonly response: OutgoingResponse;
  /** The last message is not read yet: it gets no further one until it is. */
  isBehind: boolean;
  /** How many events it was told of, or missed while it was behind. */
  told: number;
  /** Which second's figures it has. */
  second: number;
  aboutKey: string;
}

export interface LiveDependencies {
  readonly clock: Clock;
  readonly streams: Streams;
  readonly overview: Overview;
  readonly recent: RecentEvents;
  /** See `History.second` and `History.restMs`. */
  readonly time: { readonly second: number; readonly restMs: number };
}

/**
 * A reader's memory is one message: those that are behind miss figures, and events beyond the latest hundred. Nothing waits
 * for a reader, and without readers there is no timer.
 */
export class LiveStreams {
  readonly #dependencies: LiveDependencies;
  readonly #readers = new Set<Reader>();
  #stopTimer: () => void = () => {};

  constructor(dependencies: LiveDependencies) {
    this.#dependencies = dependencies;
  }

  /** How many streams are open. */
  get readers(): number {
    return this.#readers.size;
  }

  /** Opens a stream, whose first message comes at once. Throws a Refusal when there are too many. */
  open(request: IncomingRequest, response: OutgoingResponse): void {
    const { streams, recent } = this.#dependencies;
    if (!streams.open(request, response)) return;
    const reader = { response, isBehind: false, told: recent.total, second: 0, aboutKey: '' };
    this.#readers.add(reader);
    response.on('drain', () => {
      reader.isBehind = false;
    });
    response.once('close', () => this.#remove(reader));
    response.write(Buffer.from(STREAM_START));
    this.#send([reader]);
    if (this.#readers.size === 1) this.#schedule();
  }

  /** Ends all streams gracefully. */
  end(): void {
    for (const reader of this.#readers) {
      this.#remove(reader);
      reader.response.end();
    }
  }

  #remove(reader: Reader): void {
    this.#readers.delete(reader);
    if (this.#readers.size === 0) this.#stopTimer();
  }

  /** The next look is at the beginning of the next quarter of a second. */
  #schedule(): void {
    const { clock, time } = this.#dependencies;
    this.#stopTimer = clock.after((time.restMs % TICK_MS) + AFTER_MS, () => {
      this.#send([...this.#readers]);
      this.#schedule();
    });
  }

  /** Writes to readers what is new to each. */
  async #send(readers: readonly Reader[]): Promise<void> {
    const { overview, time } = this.#dependencies;
    const isDue = (reader: Reader) => !reader.isBehind && reader.second !== time.second;
    const figures = readers.some(isDue) ? await overview.figures() : undefined;
    const write = this.#writers(figures);
    for (const reader of readers) if (this.#readers.has(reader) && !reader.isBehind) write(reader);
  }

  /** Writes to readers what is new to each at this moment. Those that are up to date share one text. */
  #writers(figures: Figures | undefined): (reader: Reader) => void {
    const { clock, overview, recent } = this.#dependencies;
    const { total } = recent;
    const now = JSON.stringify(new Date(clock.wallMs()).toISOString());
    let aboutKey: string | undefined;
    const messages = new Map<string, Buffer>();
    return (reader) => {
      const second = figures?.second ?? reader.second;
      const isDue = reader.second !== second;
      if (!isDue && reader.told === total) return;
      aboutKey ??= overview.aboutKey();
      const isAboutNew = reader.aboutKey !== aboutKey;
      const key = `${reader.told} ${isDue} ${isAboutNew}`;
      let message = messages.get(key);
      if (!message) {
        let data = `"time":${now},"events":${JSON.stringify(recent.after(reader.told))}`;
        if (figures && isDue) data += `,"figures":${figures.json}`;
        if (isAboutNew) data += `,"about":${overview.about()}`;
        // JSON.stringify writes no line ends, so one line of data holds it.
        message = Buffer.from(`event: update\ndata: {${data}}\n\n`);
        messages.set(key, message);
      }
      Object.assign(reader, { told: total, second, aboutKey });
      reader.isBehind = !reader.response.write(message);
    };
  }
}
