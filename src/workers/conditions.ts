/** What several workers find, each by itself, is announced once. */

import type { Clock } from '../clock.ts';
import type { Event, EventOf, FailureReason, UpstreamIdentity } from '../events.ts';

/** Something that lasts in at least one worker. */
interface Condition {
  readonly holders: Set<number>;
  readonly sinceMs: number;
  /** The event of its end, where the last worker that has it is gone. */
  readonly ended: (lastedMs: number) => Event | undefined;
}

/** A quarantine that was announced. */
interface Out {
  readonly untilMs: number;
  readonly reason: FailureReason;
  readonly inQuestion: boolean;
}

/** So long after a release another one is the same, found by another worker, unless there was a quarantine since. */
const SAME_RELEASE_MS = 1_000;
/** By how much the end of a quarantine must move to be told: see `quarantine-extended`. */
const EXTENDED_BY_MS = 1_000;

/**
 * Being slow, overloaded, or without a host name's addresses begins with the first worker that finds it, and ends with the
 * last one. A quarantine, or its end, that two workers find in the same moment is one.
 */
export class Conditions {
  readonly #clock: Clock;
  readonly #announce: (event: Event) => void;
  readonly #lasting = new Map<string, Condition>();
  readonly #out = new WeakMap<UpstreamIdentity, Map<string | undefined, Out>>();
  /** When it was released, in monotonic milliseconds; nothing where it was quarantined since. */
  readonly #releasedMs = new WeakMap<UpstreamIdentity, number>();
  readonly #numbers = new WeakMap<UpstreamIdentity, number>();
  #numbered = 0;

  constructor(clock: Clock, announce: (event: Event) => void) {
    this.#clock = clock;
    this.#announce = announce;
  }

  /** To be called with all that is announced in this process. */
  hear(event: Event): void {
    if (event.type === 'upstream-quarantined' || event.type === 'quarantine-extended') this.#note(event);
    else if (event.type === 'upstream-released') {
      this.#out.get(event.upstream)?.delete(undefined);
      this.#releasedMs.set(event.upstream, this.#clock.monotonicMs());
    }
  }

  /** Announces what a worker has announced, if that is news. */
  pass(worker: number, event: Event): void {
    switch (event.type) {
      case 'upstream-slow': {
        const { upstream, calls } = event;
        this.#begin(worker, this.#slowKey(event), event, (slowMs) => ({
          ...{ type: 'upstream-quick', upstream, calls, slowMs },
        }));
        break;
      }
      case 'upstream-quick':
        this.#end(worker, this.#slowKey(event), event);
        break;
      case 'overload-began':
        this.#begin(worker, 'overload', event, (durationMs) => ({
          type: 'overload-ended',
          durationMs,
        }));
        break;
      case 'overload-ended':
        this.#end(worker, 'overload', event);
        break;
      case 'name-lost':
        this.#begin(worker, `name ${event.host}`, event, () => undefined);
        break;
      case 'name-found':
        this.#end(worker, `name ${event.host}`, event);
        break;
      case 'upstream-quarantined':
        this.#quarantined(event);
        break;
      case 'upstream-released':
        if (!this.#isReleased(event.upstream)) this.#announce(event);
        break;
      default:
        this.#announce(event);
    }
  }

  /** The worker has ended, and with it what only it has found. */
  drop(worker: number): void {
    for (const [key, { holders, sinceMs, ended }] of this.#lasting) {
      if (!holders.delete(worker) || holders.size > 0) continue;
      this.#lasting.delete(key);
      const event = ended(this.#clock.monotonicMs() - sinceMs);
      if (event) this.#announce(event);
    }
  }

  #begin(worker: number, key: string, event: Event, ended: Condition['ended']): void {
    const known = this.#lasting.get(key);
    if (known) {
      known.holders.add(worker);
      return;
    }
    this.#lasting.set(key, { holders: new Set([worker]), sinceMs: this.#clock.monotonicMs(), ended });
    this.#announce(event);
  }

  #end(worker: number, key: string, event: Event): void {
    const known = this.#lasting.get(key);
    if (!known?.holders.delete(worker) || known.holders.size > 0) return;
    this.#lasting.delete(key);
    this.#announce(event);
  }

  #slowKey({ upstream, calls }: EventOf<'upstream-slow' | 'upstream-quick'>): string {
    let number = this.#numbers.get(upstream);
    if (number === undefined) {
      this.#numbered += 1;
      number = this.#numbered;
      this.#numbers.set(upstream, number);
    }
    return `slow ${number} ${calls ?? ''}`;
  }

  #quarantined(event: EventOf<'upstream-quarantined'>): void {
    const { upstream, reason, method, durationMs, inQuestion = false } = event;
    const known = this.#out.get(upstream)?.get(method);
    const nowMs = this.#clock.monotonicMs();
    const isKnown =
      known && known.untilMs > nowMs && known.reason === reason && known.inQuestion === inQuestion;
    if (!isKnown) this.#announce(event);
    else if (Math.abs(nowMs + durationMs - known.untilMs) >= EXTENDED_BY_MS)
      this.#announce({ type: 'quarantine-extended', upstream, reason, method, durationMs });
  }

  #isReleased(upstream: UpstreamIdentity): boolean {
    const releasedMs = this.#releasedMs.get(upstream);
    return releasedMs !== undefined && this.#clock.monotonicMs() - releasedMs < SAME_RELEASE_MS;
  }

  #note(event: EventOf<'upstream-quarantined' | 'quarantine-extended'>): void {
    const { upstream, reason, method, durationMs } = event;
    if (method === undefined) this.#releasedMs.delete(upstream);
    const known = this.#out.get(upstream) ?? new Map<string | undefined, Out>();
    this.#out.set(upstream, known);
    const inQuestion = 'inQuestion' in event && event.inQuestion === true;
    known.set(method, { untilMs: this.#clock.monotonicMs() + durationMs, reason, inQuestion });
  }
}
