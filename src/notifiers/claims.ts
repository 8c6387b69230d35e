/** Where several replicas see the same trouble, one of them tells operators of it: the one that has claimed it. */

import type { Clock } from '../clock.ts';
import type { Cooldown } from './gate.ts';

/** What another replica has claimed. */
export interface Claimed {
  /** How long its claim lasts. */
  readonly leftMs: number;
  /** What it tells of: names of upstreams. */
  readonly subjects: readonly string[];
}

/** All replicas share these. */
export interface Claims {
  /** Resolves to undefined when it is ours, and whenever that is in doubt: better twice than never. Never rejects. */
  claim(key: string, subjects: readonly string[], forMs: number): Promise<Claimed | undefined>;
  /** Ours lasts so much longer from now on. */
  extend(key: string, forMs: number): void;
  /** Ends ours. */
  giveBack(key: string): void;
}

/** A claim ends so soon should its process end before it has told anybody: then another one tells. */
const UNTOLD_MS = 30_000;

/** One kind of alert in one pool. */
export class Claim {
  readonly #claims: Claims;
  readonly #key: string;
  readonly #clock: Clock;
  readonly #cooldown: Cooldown;
  /** Ours lasts until then. A second notifier tells the same. */
  #untilMs = Number.NEGATIVE_INFINITY;
  #isTold = false;
  /** Notifiers that are about to tell. */
  #underWay = 0;

  constructor(claims: Claims, key: string, { clock, cooldown }: { clock: Clock; cooldown: Cooldown }) {
    this.#claims = claims;
    this.#key = key;
    this.#clock = clock;
    this.#cooldown = cooldown;
  }

  /** Resolves to undefined when we are to tell. `subjects`: of what, where that is of several upstreams. */
  async take(subjects: readonly string[]): Promise<Claimed | undefined> {
    const nowMs = this.#clock.monotonicMs();
    // Without a cool-down, all that is seen is to be told.
    const forMs = Math.min(UNTOLD_MS, this.#cooldown.ms);
    const isOurs = forMs === 0 || nowMs < this.#untilMs;
    const claimed = isOurs ? undefined : await this.#claims.claim(this.#key, subjects, forMs);
    if (claimed) return claimed;
    this.#underWay += 1;
    if (!isOurs) {
      this.#untilMs = nowMs + forMs;
      this.#isTold = false;
    }
    return undefined;
  }

  /** A notifier has told of it. */
  told(): void {
    this.#underWay -= 1;
    if (this.#isTold || this.#cooldown.ms === 0) return;
    this.#isTold = true;
    this.#untilMs = this.#clock.monotonicMs() + this.#cooldown.ms;
    this.#claims.extend(this.#key, this.#cooldown.ms);
  }

  /** A notifier could not tell of it: another replica may try, unless another notifier has told, or is about to. */
  failed(): void {
    this.#underWay -= 1;
    if (this.#isTold || this.#underWay > 0 || this.#cooldown.ms === 0) return;
    this.#untilMs = Number.NEGATIVE_INFINITY;
    this.#claims.giveBack(this.#key);
  }
}
