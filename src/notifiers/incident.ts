import type { Clock } from '../clock.ts';

/** When one trouble began, in both times of the clock. */
interface Beginning {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

type State = { readonly name: 'calm' } | { readonly name: 'alerted' | 'muted'; readonly began: Beginning };

const CALM: State = { name: 'calm' };

/** The facts of a message that is due. */
export interface Report {
  /** The trouble was reported before and goes on. */
  readonly repeated: boolean;
  /** Milliseconds since the Unix epoch. */
  readonly beganWallMs: number;
  readonly lastedMs: number;
  /** How often it showed since it began. */
  readonly sightings: number;
  /** How often it came and went unreported since the last message, in the time of the cool-down. */
  readonly unreported: number;
}

/**
 * One trouble, and whether a message about it is due. At most one alert and one end of it in each
 * cool-down; no end is told of what was not reported.
 *
 *     calm    --seen, cool-down over-->     alerted   (alert)
 *     calm    --seen, within cool-down-->   muted
 *     muted   --seen, cool-down over-->     alerted   (alert)
 *     muted   --over-->                     calm
 *     alerted --seen, cool-down over-->     alerted   (alert, repeated)
 *     alerted --over-->                     calm      (end)
 *
 * The cool-down runs from the last alert. No timers: a trouble that lasts is seen again and again.
 */
export class Incident {
  readonly #clock: Clock;
  readonly #cooldownMs: number;
  #state: State = CALM;
  #coolAtMs = Number.NEGATIVE_INFINITY;
  #sightings = 0;
  #unreported = 0;

  constructor(clock: Clock, cooldownMs: number) {
    this.#clock = clock;
    this.#cooldownMs = cooldownMs;
  }

  get isCalm(): boolean {
    return this.#state === CALM;
  }

  /** To be called for everything that shows the trouble. The report of an alert that is due, if one is. */
  seen(): Report | undefined {
    const nowMs = this.#clock.monotonicMs();
    const before = this.#state;
    const began =
      before.name === 'calm' ? { monotonicMs: nowMs, wallMs: this.#clock.wallMs() } : before.began;
    this.#sightings = before.name === 'calm' ? 1 : this.#sightings + 1;
    if (nowMs < this.#coolAtMs) {
      if (before.name === 'calm') this.#state = { name: 'muted', began };
      return undefined;
    }
    this.#state = { name: 'alerted', began };
    this.#coolAtMs = nowMs + this.#cooldownMs;
    return this.#report(began, before.name === 'alerted');
  }

  /** To be called for everything that shows the trouble to be over. The report of its end, if one is due. */
  over(): Report | undefined {
    const before = this.#state;
    this.#state = CALM;
    if (before.name === 'muted') this.#unreported += 1;
    return before.name === 'alerted' ? this.#report(before.began, true) : undefined;
  }

  #report(began: Beginning, repeated: boolean): Report {
    const unreported = this.#unreported;
    this.#unreported = 0;
    return {
      repeated,
      beganWallMs: began.wallMs,
      lastedMs: this.#clock.monotonicMs() - began.monotonicMs,
      sightings: this.#sightings,
      unreported,
    };
  }
}
