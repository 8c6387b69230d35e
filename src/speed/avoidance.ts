/** Keeps which upstreams are asked after the others because they are slow, and lets them come back. */

import type { Clock } from '../clock.ts';
import { type Announcer, CALL_KINDS } from '../events.ts';
import type { Upstream } from '../upstreams/upstream.ts';

/** In place of a kind: it is silent, whatever it is asked. */
export const SILENT = -1;

/** So many quick answers in a row, and it is well again. */
const LEAST_QUICK = 3;
/** After a trial that failed the next one comes when this time is over and so many requests have passed. */
const TRIAL_EACH_MS = 1_000;
const TRIAL_EACH_REQUESTS = 50;
/** One that could not be tried for so long is asked like the others again. */
const FORGOTTEN_MS = 60_000;

interface Avoided {
  readonly upstream: Upstream;
  /** The index of a kind of calls, or SILENT. */
  readonly what: number;
  readonly sinceMs: number;
  triedMs: number;
  /** How many requests there were when it was tried. */
  triedAtRequest: number;
  isUnderTrial: boolean;
  quickInARow: number;
}

export interface AvoidanceListener {
  /** It is asked like the others again. `what` is the index of a kind of calls, or SILENT. */
  onComeback(upstream: Upstream, what: number): void;
}

/** The only writer of `slow`. */
export class Avoidance {
  readonly #listener: AvoidanceListener;
  readonly #clock: Clock;
  readonly #announcer: Announcer;
  #avoided: Avoided[] = [];
  #requests = 0;

  constructor(listener: AvoidanceListener, clock: Clock, announcer: Announcer) {
    this.#listener = listener;
    this.#clock = clock;
    this.#announcer = announcer;
  }

  get isNobody(): boolean {
    return this.#avoided.length === 0;
  }

  /** It is asked after the others from now on, for calls of a kind or, when it is SILENT, for all. */
  avoid(upstream: Upstream, what: number): void {
    if (upstream.hasLeft || this.#avoided.some((each) => each.upstream === upstream && each.what === what))
      return;
    const nowMs = this.#clock.monotonicMs();
    const entry = { upstream, what, sinceMs: nowMs, triedMs: nowMs, triedAtRequest: this.#requests };
    this.#avoided = [...this.#avoided, { ...entry, isUnderTrial: false, quickInARow: 0 }];
    this.#update(upstream);
    const reason = what === SILENT ? 'silent' : 'slow';
    this.#announcer.announce({
      type: 'upstream-slow',
      upstream: upstream.identity,
      reason,
      calls: CALL_KINDS[what],
    });
  }

  /** It has answered a call that was sent at that moment. One from before it was taken for silent was heavy, no more. */
  answered(upstream: Upstream, startedMs: number): void {
    if (!upstream.slow?.isSilent) return;
    const isRefuted = (entry: Avoided) =>
      entry.upstream === upstream && entry.what === SILENT && startedMs < entry.sinceMs;
    const refuted = this.#avoided.find(isRefuted);
    if (refuted) this.#end(refuted, false);
  }

  /** An attempt at a call of that kind is over; `isQuick` is undefined when it says nothing. */
  tried(upstream: Upstream, kind: number, isQuick: boolean | undefined): void {
    for (const entry of this.#avoided) {
      if (entry.upstream !== upstream || (entry.what !== kind && entry.what !== SILENT)) continue;
      entry.isUnderTrial = false;
      if (isQuick === undefined) continue;
      entry.quickInARow = isQuick ? entry.quickInARow + 1 : 0;
      if (entry.quickInARow >= LEAST_QUICK) this.#end(entry);
    }
  }

  /**
   * Has the next request for calls of this kind ask one that should be tried; `ask` returns undefined where it can't be
   * asked. To be called once for each request that could be.
   */
  nextTrial<T>(kind: number, ask: (upstream: Upstream) => T | undefined): T | undefined {
    this.#requests += 1;
    const nowMs = this.#clock.monotonicMs();
    const isAbout = ({ what }: Avoided) => what === kind || what === SILENT;
    for (const due of this.#avoided) {
      if (!isAbout(due) || !this.#isDue(due, nowMs)) continue;
      const asked = ask(due.upstream);
      if (asked === undefined) continue;
      for (const entry of this.#avoided) {
        if (entry.upstream !== due.upstream || !isAbout(entry)) continue;
        entry.triedMs = nowMs;
        entry.triedAtRequest = this.#requests;
        entry.isUnderTrial = true;
      }
      return asked;
    }
    return undefined;
  }

  /** Lets those be that could not be tried for long. To be called with each request. */
  forgetOld(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const entry of this.#avoided) if (nowMs - entry.triedMs >= FORGOTTEN_MS) this.#end(entry);
  }

  /** Nobody is avoided any more. */
  endAll(): void {
    for (const entry of this.#avoided) this.#end(entry, false);
  }

  #isDue({ isUnderTrial, quickInARow, triedMs, triedAtRequest }: Avoided, nowMs: number): boolean {
    if (isUnderTrial) return false;
    // It looks well: one request after the other finds out.
    if (quickInARow > 0) return true;
    return nowMs - triedMs >= TRIAL_EACH_MS && this.#requests - triedAtRequest >= TRIAL_EACH_REQUESTS;
  }

  /** `isWell`: it is no slower than others any more. */
  #end(entry: Avoided, isWell = true): void {
    const { upstream, what, sinceMs } = entry;
    this.#avoided = this.#avoided.filter((each) => each !== entry);
    this.#update(upstream);
    if (upstream.hasLeft) return;
    if (isWell) this.#listener.onComeback(upstream, what);
    const slowMs = this.#clock.monotonicMs() - sinceMs;
    this.#announcer.announce({
      type: 'upstream-quick',
      upstream: upstream.identity,
      calls: CALL_KINDS[what],
      slowMs,
    });
  }

  #update(upstream: Upstream): void {
    const whats = this.#avoided.filter((each) => each.upstream === upstream).map(({ what }) => what);
    const kinds = whats.filter((what) => what !== SILENT).reduce((bits, kind) => bits | (1 << kind), 0);
    upstream.slow = whats.length === 0 ? undefined : { isSilent: whats.includes(SILENT), kinds };
  }
}
