// A clock that runs through simulated time, with room for what is under way.
import { EventQueue } from '../../pacing/lib/event-queue.mjs';

const WALL_START_MS = Date.UTC(2026, 0, 15, 12);

export class SimulatedClock {
  #queue = new EventQueue();
  #nowMs = 1_000;

  monotonicMs() {
    return this.#nowMs;
  }

  wallMs() {
    return WALL_START_MS + this.#nowMs;
  }

  after(delayMs, run) {
    const event = { run };
    this.#queue.add(this.#nowMs + Math.max(0, delayMs), event);
    return () => {
      event.run = undefined;
    };
  }

  /** Moves on by so many milliseconds; after each event all that it has resolved goes on. */
  async pass(ms) {
    const untilMs = this.#nowMs + ms;
    while (this.#queue.size > 0) {
      const { at, run: event } = this.#queue.take();
      if (at > untilMs) {
        this.#queue.add(at, event);
        break;
      }
      this.#nowMs = at;
      if (!event.run) continue;
      event.run();
      await new Promise(setImmediate);
    }
    this.#nowMs = untilMs;
  }
}
