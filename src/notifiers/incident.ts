/** One incident that operators are told about, and when a message about it is due. */

import type { Clock } from '../clock.ts';

/** When an incident began, in both times of the clock. */
interface Beginning {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

type State = { readonly name: 'calm' } | { readonly name: 'alerted' | 'muted'; readonly began: Beginning };

const CALM: State = { name: 'calm' };

/** The facts for a message that is due. */
export interface IncidentReport {
  /** Whether the incident was reported before and goes on. */
  readonly repeated: boolean;
  /** Milliseconds since the Unix epoch. */
  readonly beganWallMs: number;
  readonly lastedMs: number;
  /** How often it occurred since it began. */
  readonly occurrences: number;
  /** How often it began and ended without a message since the last one, during the cool-down. */
  readonly unreported: number;
}

/** How long the same alert is not sent again, counted from the last one; may change while an incident lasts. */
export interface Cooldown {
  readonly ms: number;
}

/**
 * At most one alert and one message about its end in each cool-down; no message about the end of what was not reported.
 *
 *     calm    --occurs, cool-down over-->     alerted   (alert)
 *     calm    --occurs, within cool-down-->   muted
 *     muted   --occurs, cool-down over-->     alerted   (alert)
 *     muted   --ends-->                       calm
 *     alerted --occurs, cool-down over-->     alerted   (alert, repeated)
 *     alerted --ends-->                       calm      (end)
 *
 * The cool-down begins with the last alert. No timers: an incident that lasts occurs again and again.
 */
export class Incident {
  readonly #clock: Clock;
  readonly #cooldown: Cooldown;
  #state: State = CALM;
  #alertedMs = Number.NEGATIVE_INFINITY;
  #occurrences = 0;
  #unreported = 0;

  constructor(clock: Clock, cooldown: Cooldown) {
    this.#clock = clock;
    this.#cooldown = cooldown;
  }

  get isCalm(): boolean {
    return this.#state === CALM;
  }

  /** To be called for everything that shows the incident. Returns the report for an alert, if one is due. */
  occur(): IncidentReport | undefined {
    const nowMs = this.#clock.monotonicMs();
    const before = this.#state;
    const began =
      before.name === 'calm' ? { monotonicMs: nowMs, wallMs: this.#clock.wallMs() } : before.began;
    this.#occurrences = before.name === 'calm' ? 1 : this.#occurrences + 1;
    if (nowMs < this.#alertedMs + this.#cooldown.ms) {
      if (before.name === 'calm') this.#state = { name: 'muted', began };
      return undefined;
    }
    this.#state = { name: 'alerted', began };
    this.#alertedMs = nowMs;
    return this.#report(began, before.name === 'alerted');
  }

  /** To be called for everything that shows that it is over. Returns the report for a message about the end, if one is due. */
  end(): IncidentReport | undefined {
    const before = this.#state;
    this.#state = CALM;
    if (before.name === 'muted') this.#unreported += 1;
    return before.name === 'alerted' ? this.#report(before.began, true) : undefined;
  }

  #report(began: Beginning, repeated: boolean): IncidentReport {
    const unreported = this.#unreported;
    this.#unreported = 0;
    return {
      repeated,
      beganWallMs: began.wallMs,
      lastedMs: this.#clock.monotonicMs() - began.monotonicMs,
      occurrences: this.#occurrences,
      unreported,
    };
  }
}
