// Limits that fall while they are used to the full: dRPC 120,000 -> 50,400 units a minute, llama's shrinking window.

import { RollingWindow } from '../../lib/limits.mjs';
import { Limiter } from '../lib/limiter.mjs';

/** A rolling window that falls to `low` for a minute by chance, and back. */
class Regional extends RollingWindow {
  constructor(high, low, windowMs, random) {
    super(high, windowMs);
    Object.assign(this, { high, low, random, nextMs: 60_000 + 60_000 * random() });
  }
  #turn(nowMs) {
    while (nowMs >= this.nextMs) {
      this.most = this.most === this.high ? this.low : this.high;
      this.nextMs += 60_000 + 60_000 * this.random();
    }
  }
  take(units, nowMs) {
    this.#turn(nowMs);
    return super.take(units, nowMs);
  }
  roomAt(units, nowMs) {
    this.#turn(nowMs);
    return super.roomAt(units, nowMs);
  }
}

/** A rolling second whose limit shrinks by 1 % with each refusal and regains 1 % a second. */
class Shrinking extends RollingWindow {
  #at = 0;
  constructor(most) {
    super(most, 1000);
    this.high = most;
  }
  #regain(nowMs) {
    this.most = Math.min(this.high, this.most * 1.01 ** ((nowMs - this.#at) / 1000));
    this.#at = nowMs;
  }
  take(units, nowMs) {
    this.#regain(nowMs);
    if (super.take(units, nowMs)) return true;
    this.most = Math.max(2, this.most * 0.99);
    return false;
  }
  roomAt(units, nowMs) {
    this.#regain(nowMs);
    return super.roomAt(units, nowMs);
  }
}

export default [
  {
    name: 'rolling minute, 6,000, at times 2,520',
    rps: 70,
    windowSeconds: 60,
    learnSeconds: 120,
    seconds: 720,
    make: ({ random, scale = 1 }) =>
      new Limiter({ shape: new Regional(6000 * scale, 2520 * scale, 60_000, random) }),
  },
  {
    name: 'rolling second, 50, shrinks by refusals',
    rps: 50,
    make: ({ scale = 1 }) => new Limiter({ shape: new Shrinking(50 * scale) }),
  },
];
