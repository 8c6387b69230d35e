// What providers count, and when they refuse: take(nowMs, cost) says whether a call passes, leave() that one which
// passed has ended, set(numbers) changes the numbers.
import { FixedWindow, InFlight, RollingWindow, TokenBucket } from '../lib/limits.mjs';

/** A limit by its kind and numbers: `perSecond` and `burst` of a bucket, else `limit` and the window. */
const kinds = {
  bucket: ({ perSecond, burst }) => new TokenBucket(perSecond, burst),
  fixed: ({ limit, windowMs, offsetMs = 0 }) => new FixedWindow(limit, windowMs, offsetMs),
  rolling: ({ limit, windowMs }) => new RollingWindow(limit, windowMs),
  inFlight: ({ limit }) => new InFlight(limit),
};

class Limiter {
  #shape;
  #banMs;
  #bannedUntilMs = 0;

  constructor(shape, banMs) {
    this.#shape = shape;
    this.#banMs = banMs;
  }

  set({ limit = this.#shape.most, perSecond = this.#shape.rate, burst = this.#shape.size }) {
    Object.assign(this.#shape, { most: limit, rate: perSecond, size: burst });
  }

  /** What exceeds the limit is refused, and so is all that comes within `banMs` after it. */
  take(nowMs, cost) {
    if (nowMs < this.#bannedUntilMs) return false;
    if (this.#shape.take(cost, nowMs)) return true;
    this.#bannedUntilMs = nowMs + this.#banMs;
    return false;
  }

  leave() {
    this.#shape.leaves?.();
  }
}

/** Refuses nothing. */
const unlimited = { set: () => {}, take: () => true, leave: () => {} };

/** With `banMs` a refusal bans for so long. Without a kind nothing is refused. */
export function makeLimiter({ kind, banMs = 0, ...numbers } = {}) {
  return kind === undefined ? unlimited : new Limiter(kinds[kind](numbers), banMs);
}
