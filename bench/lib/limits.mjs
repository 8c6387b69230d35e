// The shapes that limits have. Each is exact, is told the time, and knows when it has room.

/** At most `most` units in each window; when one begins is `turn`'s matter. */
class CountedWindow {
  start = -Infinity;
  used = 0;
  constructor(most, windowMs) {
    Object.assign(this, { most, windowMs });
  }
  take(units, nowMs) {
    this.turn(nowMs);
    if (this.used + units > this.most) return false;
    this.used += units;
    return true;
  }
  get endMs() {
    return this.start + this.windowMs;
  }
}

/** By a clock of its own. */
export class FixedWindow extends CountedWindow {
  constructor(most, windowMs, phaseMs = 0) {
    super(most, windowMs);
    this.phaseMs = phaseMs;
  }
  turn(nowMs) {
    const start = Math.floor((nowMs - this.phaseMs) / this.windowMs) * this.windowMs + this.phaseMs;
    if (start > this.start) [this.start, this.used] = [start, 0];
  }
  roomAt(units, nowMs) {
    this.turn(nowMs);
    return this.used + units <= this.most ? nowMs : this.endMs + 1e-6;
  }
  remaining() {
    return this.most - this.used;
  }
}

/** A window that begins with the first request after the last one ended. */
export class FirstRequestWindow extends CountedWindow {
  turn(nowMs) {
    if (nowMs >= this.endMs) [this.start, this.used] = [nowMs, 0];
  }
  roomAt(units, nowMs) {
    return nowMs >= this.endMs || this.used + units <= this.most ? nowMs : this.endMs + 1e-6;
  }
}

/** At most `most` units in any span of the window's length. */
export class RollingWindow {
  #log = [];
  #head = 0;
  #used = 0;
  constructor(most, windowMs) {
    Object.assign(this, { most, windowMs });
  }
  #forget(nowMs) {
    while (this.#head < this.#log.length && this.#log[this.#head][0] <= nowMs - this.windowMs) {
      this.#used -= this.#log[this.#head++][1];
    }
    if (this.#head > 10_000) {
      this.#log.splice(0, this.#head);
      this.#head = 0;
    }
  }
  take(units, nowMs) {
    this.#forget(nowMs);
    if (this.#used + units > this.most) return false;
    this.#used += units;
    this.#log.push([nowMs, units]);
    return true;
  }
  roomAt(units, nowMs) {
    this.#forget(nowMs);
    let used = this.#used;
    if (used + units <= this.most) return nowMs;
    for (let i = this.#head; i < this.#log.length; i += 1) {
      used -= this.#log[i][1];
      if (used + units <= this.most) return this.#log[i][0] + this.windowMs + 1e-6;
    }
    return nowMs + this.windowMs;
  }
}

/** `rate` units a second flow into a bucket that holds `size`. */
export class TokenBucket {
  #level;
  #atMs = 0;
  constructor(rate, size) {
    Object.assign(this, { rate, size });
    this.#level = size;
  }
  #fill(nowMs) {
    this.#level = Math.min(this.size, this.#level + (this.rate * (nowMs - this.#atMs)) / 1000);
    this.#atMs = nowMs;
  }
  take(units, nowMs) {
    this.#fill(nowMs);
    if (this.#level < units) return false;
    this.#level -= units;
    return true;
  }
  /** Even where that leaves less than nothing. */
  spend(units) {
    this.#level -= units;
  }
  roomAt(units, nowMs) {
    this.#fill(nowMs);
    return this.#level >= units ? nowMs : nowMs + ((units - this.#level) / this.rate) * 1000 + 1e-6;
  }
}

/** At most `most` calls at a time. */
export class InFlight {
  #count = 0;
  constructor(most) {
    this.most = most;
  }
  take() {
    if (this.#count >= this.most) return false;
    this.#count += 1;
    return true;
  }
  leaves() {
    this.#count -= 1;
  }
  roomAt(_units, nowMs) {
    return this.#count < this.most ? nowMs : Infinity;
  }
}
