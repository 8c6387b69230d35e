/** What the other processes do with a budget, by what they have told last. */

import type { Others } from '../pacing/others.ts';
import type { Use } from './use.ts';

const NOTHING = { perSecond: 0, wanted: 0, inFlight: 0 };

interface Told {
  accepted: number;
  /** Calls a millisecond. */
  rate: number;
  atMs: number;
}

export interface ElsewhereListener {
  /** Something is sent here. */
  noteUse(): void;
  /** What was learnt here has changed. */
  noteNews(): void;
}

/** Times are monotonic milliseconds, rates calls a millisecond. */
export class Elsewhere implements Others {
  readonly #told = new Map<string, Told>();
  /** How many were accepted at 0, if they had always gone on as they do now. */
  #acceptedAtZero = 0;
  /** How much is for this process: 0 to 1. */
  share = 1;
  from = -1;
  commonMs = 0;
  rate = 0;
  readonly noteUse: () => void;
  readonly noteNews: () => void;

  constructor(listener: ElsewhereListener) {
    this.noteUse = listener.noteUse;
    this.noteNews = listener.noteNews;
  }

  /** Between what they tell they go on as before. */
  acceptedAt(atMs: number): number {
    return this.#acceptedAtZero + this.rate * atMs;
  }

  paused(sinceMs: number, nowMs: number): void {
    for (const told of this.#told.values()) {
      const ms = Math.max(0, nowMs - Math.max(sinceMs, told.atMs));
      told.atMs += ms;
      this.#acceptedAtZero -= told.rate * ms;
    }
  }

  /** What one of them tells; undefined: it is gone. What it did before it was known doesn't count. */
  heed(who: string, use: Use | undefined, nowMs: number): void {
    const known = this.#told.get(who);
    if (!use) {
      if (known) this.#count(known, { ...NOTHING, accepted: known.accepted }, nowMs);
      this.#told.delete(who);
      return;
    }
    const told = known ?? { accepted: use.accepted, rate: 0, atMs: nowMs };
    if (!known) this.#told.set(who, told);
    // It has begun anew.
    if (use.accepted < told.accepted) told.accepted = use.accepted;
    this.#count(told, use, nowMs);
  }

  #count(told: Told, { accepted, perSecond }: Use, nowMs: number): void {
    const rate = perSecond / 1000;
    this.#acceptedAtZero += accepted - told.accepted + told.rate * told.atMs - rate * nowMs;
    this.rate = Math.max(0, this.rate + rate - told.rate);
    Object.assign(told, { accepted, rate, atMs: nowMs });
  }
}
