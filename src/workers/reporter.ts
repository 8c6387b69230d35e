/** Tells the first process what happens in this worker. */

import type { Clock } from '../clock.ts';
import type { Event } from '../events.ts';
import type { EventWriter } from './event-batch.ts';
import type { Report } from './messages.ts';
import type { NumberReader } from './numbers.ts';

const INTERVAL_MS = 100;
/** So many reports may be on their way to a first process that stands still; later ones wait, and become one. */
const MAX_UNSENT = 10;

/** Which events the first process does not know by itself; the others it announces when it does the same. */
const TOLD: ReadonlySet<Event['type']> = new Set<Event['type']>([
  'attempt-finished',
  'request-finished',
  'tunnel-opened',
  'hedge-finished',
  'upstream-quarantined',
  'quarantine-extended',
  'upstream-released',
  'upstream-slow',
  'upstream-quick',
  'limit-learnt',
  'limit-shared',
  'overload-began',
  'overload-ended',
  'shortage',
  'name-lost',
  'name-found',
]);

export class Reporter {
  readonly #events: EventWriter;
  readonly #numbers: NumberReader;
  readonly #clock: Clock;
  readonly #send: (report: Report) => Promise<void>;
  #unsent = 0;
  #isDue = false;
  #isQuiet = false;

  constructor(
    parts: { readonly events: EventWriter; readonly numbers: NumberReader; readonly clock: Clock },
    send: (report: Report) => Promise<void>,
  ) {
    this.#events = parts.events;
    this.#numbers = parts.numbers;
    this.#clock = parts.clock;
    this.#send = send;
  }

  /** Reports from now on, every tenth of a second. */
  start(): void {
    this.#clock.after(INTERVAL_MS, () => {
      this.report();
      this.start();
    });
  }

  /** To be called with every announced event. */
  hear(event: Event): void {
    if (this.#isQuiet || !TOLD.has(event.type) || !this.#events.add(event) || this.#isDue) return;
    this.#isDue = true;
    // With all others of this moment.
    setImmediate(() => {
      this.#isDue = false;
      this.report();
    });
  }

  /** What `run` announces the first process announces itself. */
  quietly(run: () => void): void {
    const wasQuiet = this.#isQuiet;
    this.#isQuiet = true;
    try {
      run();
    } finally {
      this.#isQuiet = wasQuiet;
    }
  }

  /** Tells what was not told yet. */
  report(): void {
    if (this.#unsent >= MAX_UNSENT) return;
    const numbers = this.#numbers.read();
    const events = this.#events.take();
    if (!numbers && !events) return;
    this.#unsent += 1;
    void this.#send({ numbers, events }).then(() => {
      this.#unsent -= 1;
    });
  }
}
