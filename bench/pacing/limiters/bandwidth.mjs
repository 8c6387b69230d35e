// Bytes of answers, which nobody knows before they are sent: MegaETH.

import { TokenBucket } from '../../lib/limits.mjs';
import { Limiter } from '../lib/limiter.mjs';

/** Sizes are taken off when they are known: a call needs no more than that something is left. */
class Bytes extends TokenBucket {
  take(units, nowMs) {
    if (super.roomAt(1, nowMs) > nowMs) return false;
    this.spend(units);
    return true;
  }
  roomAt(_units, nowMs) {
    return super.roomAt(1, nowMs);
  }
}

export default [
  {
    name: 'bandwidth, 100 kB/s, bucket of 10 s',
    rps: 50,
    windowSeconds: 10,
    // Exponential sizes of 2 kB on average.
    make: ({ random, scale = 1 }) =>
      new Limiter({
        shape: new Bytes(100_000 * scale, 1_000_000),
        costOf: () => -2000 * Math.log(1 - random()),
      }),
  },
];
