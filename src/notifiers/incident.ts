/** One kind of trouble that requests show, in one pool, and when operators are told of it. */

import type { Clock } from '../clock.ts';
import type { Claim } from './claims.ts';
import { type Cooldown, Gate } from './gate.ts';
import type { Alert, AlertKind } from './notifier.ts';
import type { Composed, Outlet, Topic, Turn } from './topic.ts';

/** From the first sign of the trouble to its end. */
interface Episode {
  readonly beganMonotonicMs: number;
  readonly beganWallMs: number;
  occurrences: number;
  /** Requests that did not show it. */
  others: number;
  /** Undefined while it goes on. */
  lastedMs: number | undefined;
  /** A message about it was delivered. */
  isTold: boolean;
  /** The last one by another replica, which will tell of the end. */
  isToldElsewhere: boolean;
}

/** The facts for a message, as things stand. */
export interface IncidentReport {
  readonly isOver: boolean;
  /** Milliseconds since the Unix epoch. */
  readonly beganWallMs: number;
  readonly lastedMs: number;
  /** How often it occurred since it began. */
  readonly occurrences: number;
  /** How many requests there were since then, those that it occurred in among them. */
  readonly requestCount: number;
  /** How often it began and ended, apart from this time, without a message that was delivered since the last one. */
  readonly unreported: number;
}

export interface IncidentOptions {
  readonly kind: AlertKind;
  readonly clock: Clock;
  readonly cooldown: Cooldown;
  readonly outlet: Outlet;
  readonly write: (report: IncidentReport) => Alert;
  /** Where replicas share alerts. */
  readonly claim?: Claim | undefined;
}

/**
 * At most one alert and one message about its end in each cool-down; no message about the end of what nobody was told of.
 * `Gate` says when an alert is due.
 *
 *     calm    --occurs, gate open-->     alerted   (alert)
 *     calm    --occurs, gate closed-->   muted
 *     muted   --occurs, gate open-->     alerted   (alert)
 *     muted   --ends-->                  calm
 *     alerted --occurs, gate open-->     alerted   (alert, repeated)
 *     alerted --ends, told or waiting--> calm      (end)
 *     alerted --ends, alert given up-->  calm
 *
 * A message is written when it is sent, which may be long after it was due, and tells how things stand then. An alert that
 * still waits when the trouble ends goes out as the message about the end. No timers: an incident that lasts occurs again
 * and again.
 */
export class Incident implements Topic {
  readonly kind: AlertKind;
  readonly #clock: Clock;
  readonly #gate: Gate;
  readonly #outlet: Outlet;
  readonly #write: IncidentOptions['write'];
  readonly #claim: Claim | undefined;
  #current: Episode | undefined;
  /** It was alerted in this state, not muted. */
  #isAlerted = false;
  /** The last one whose end was due. */
  #ended: Episode | undefined;
  /** What the next message is about. */
  #isEndDue = false;
  #untold = 0;

  constructor({ kind, clock, cooldown, outlet, write, claim }: IncidentOptions) {
    this.kind = kind;
    this.#clock = clock;
    this.#gate = new Gate(clock, cooldown, () => outlet.holds(this));
    this.#outlet = outlet;
    this.#write = write;
    this.#claim = claim;
  }

  get isCalm(): boolean {
    return this.#current === undefined;
  }

  /** To be called for everything that shows the incident. */
  occur(): void {
    this.#current ??= this.#begin();
    this.#current.occurrences += 1;
    if (!this.#gate.isOpen) return;
    this.#isAlerted = true;
    this.#isEndDue = false;
    this.#gate.enter();
    this.#outlet.put(this);
  }

  /** To be called for a request that shows neither the incident nor its end. */
  pass(): void {
    if (this.#current) this.#current.others += 1;
  }

  /** To be called for everything that shows that it is over. */
  end(): void {
    const episode = this.#current;
    if (!episode) return;
    episode.lastedMs = this.#lasted(episode);
    const isDue = episode.isTold || (this.#isAlerted && this.#gate.isWaiting);
    if (!episode.isTold && !episode.isToldElsewhere) this.#untold += 1;
    this.#current = undefined;
    this.#isAlerted = false;
    if (!isDue) return;
    this.#ended = episode;
    this.#isEndDue = true;
    this.#outlet.put(this);
  }

  compose(): Composed | undefined {
    // Trouble that has begun again within the cool-down is not told of before it is over.
    const isOver = this.#isEndDue && (!this.#current || this.#gate.coolsForMs > 0);
    const episode = isOver ? this.#ended : (this.#current ?? this.#ended);
    if (!episode) return undefined;
    const turn = isOver && episode.isTold ? undefined : this.#turn(episode);
    return {
      alert: this.#write(this.#report(episode)),
      turn,
      delivered: () => {
        episode.isTold = true;
        episode.isToldElsewhere = false;
        if (turn) this.#claim?.told();
        this.#untold = 0;
        if (episode === this.#current) this.#isAlerted = true;
        this.#gate.delivered();
      },
    };
  }

  #turn(episode: Episode): Turn | undefined {
    const claim = this.#claim;
    if (!claim) return undefined;
    return {
      take: async () => {
        const claimed = await claim.take([]);
        if (claimed) {
          // It was counted when it ended.
          if (episode.lastedMs !== undefined && !episode.isTold && !episode.isToldElsewhere)
            this.#untold -= 1;
          episode.isTold = false;
          episode.isToldElsewhere = true;
          this.#gate.deliveredElsewhere(claimed.leftMs);
        }
        return claimed === undefined;
      },
      failed: () => claim.failed(),
    };
  }

  /** The next occurrence is told of: at once after an hour of attempts, with pauses, else after the gate's rest. */
  lost(isOld: boolean): void {
    if (!isOld) this.#gate.lost();
  }

  /** The notifiers may have been mended: what they have lost is told of with the next occurrence. */
  tryAgain(): void {
    this.#gate.endRest();
  }

  #report(episode: Episode): IncidentReport {
    const isOver = episode.lastedMs !== undefined;
    return {
      isOver,
      beganWallMs: episode.beganWallMs,
      lastedMs: episode.lastedMs ?? this.#lasted(episode),
      occurrences: episode.occurrences,
      requestCount: episode.occurrences + episode.others,
      unreported: this.#untold - (isOver && !episode.isTold && !episode.isToldElsewhere ? 1 : 0),
    };
  }

  #begin(): Episode {
    return {
      beganMonotonicMs: this.#clock.monotonicMs(),
      beganWallMs: this.#clock.wallMs(),
      occurrences: 0,
      others: 0,
      lastedMs: undefined,
      isTold: false,
      isToldElsewhere: false,
    };
  }

  #lasted({ beganMonotonicMs }: Episode): number {
    return this.#clock.monotonicMs() - beganMonotonicMs;
  }
}
