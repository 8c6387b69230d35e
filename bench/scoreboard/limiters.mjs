// What providers count, and when they refuse. Each limiter is exact, and told the time: take(nowMs, cost) says
// whether a call passes, leave() that one which passed has ended, set(numbers) changes its numbers.

/** `perSecond` flow in, up to `burst`, with which it starts. */
class Bucket {
  #tokens;
  #atMs = 0;

  constructor({ perSecond, burst }) {
    this.set({ perSecond, burst });
    this.#tokens = burst;
  }

  set({ perSecond, burst }) {
    this.perSecond = perSecond;
    this.burst = burst;
  }

  take(nowMs, cost) {
    const flowed = ((nowMs - this.#atMs) * this.perSecond) / 1_000;
    this.#tokens = Math.min(this.burst, this.#tokens + flowed);
    this.#atMs = nowMs;
    if (this.#tokens < cost) return false;
    this.#tokens -= cost;
    return true;
  }

  leave() {}
}

/** So many in each window; one begins where the other ends, the first at `offsetMs`. */
class FixedWindow {
  #window;
  #used = 0;

  constructor({ limit, windowMs, offsetMs = 0 }) {
    this.windowMs = windowMs;
    this.offsetMs = offsetMs;
    this.set({ limit });
  }

  set({ limit }) {
    this.limit = limit;
  }

  take(nowMs, cost) {
    const window = Math.floor((nowMs - this.offsetMs) / this.windowMs);
    if (window !== this.#window) this.#used = 0;
    this.#window = window;
    if (this.#used + cost > this.limit) return false;
    this.#used += cost;
    return true;
  }

  leave() {}
}

/** So many in any time of that length, to the call. */
class RollingWindow {
  #passed = [];
  #used = 0;

  constructor({ limit, windowMs }) {
    this.windowMs = windowMs;
    this.set({ limit });
  }

  set({ limit }) {
    this.limit = limit;
  }

  take(nowMs, cost) {
    while (this.#passed.length > 0 && this.#passed[0].atMs <= nowMs - this.windowMs) {
      this.#used -= this.#passed.shift().cost;
    }
    if (this.#used + cost > this.limit) return false;
    this.#used += cost;
    this.#passed.push({ atMs: nowMs, cost });
    return true;
  }

  leave() {}
}

/** So many at a time. */
class InFlight {
  #inside = 0;

  constructor({ limit }) {
    this.set({ limit });
  }

  set({ limit }) {
    this.limit = limit;
  }

  take() {
    if (this.#inside >= this.limit) return false;
    this.#inside += 1;
    return true;
  }

  leave() {
    this.#inside -= 1;
  }
}

/** What exceeds the inner limit is refused, and so is all that comes within `banMs` after it. */
class Banning {
  #untilMs = 0;

  constructor(inner, banMs) {
    this.inner = inner;
    this.banMs = banMs;
  }

  set(numbers) {
    this.inner.set(numbers);
  }

  take(nowMs, cost) {
    if (nowMs < this.#untilMs) return false;
    if (this.inner.take(nowMs, cost)) return true;
    this.#untilMs = nowMs + this.banMs;
    return false;
  }

  leave() {
    this.inner.leave();
  }
}

/** Refuses nothing. */
const unlimited = { set: () => {}, take: () => true, leave: () => {} };

const kinds = { bucket: Bucket, fixed: FixedWindow, rolling: RollingWindow, inFlight: InFlight };

/** A limiter by its kind and numbers; with `banMs` a refusal bans for so long. Without a kind it refuses nothing. */
export function makeLimiter({ kind, banMs, ...numbers } = {}) {
  if (kind === undefined) return unlimited;
  const limiter = new kinds[kind](numbers);
  return banMs === undefined ? limiter : new Banning(limiter, banMs);
}
