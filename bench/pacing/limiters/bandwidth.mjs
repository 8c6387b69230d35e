// Bytes of answers, which nobody knows before: MegaETH.
import { Limiter } from '../lib/limiter.mjs';
import { TokenBucket } from '../lib/shapes.mjs';

export default [
  {
    name: 'bandwidth, 100 kB/s, bucket of 10 s',
    goal: 0.93,
    rps: 50,
    windowSeconds: 10,
    // Exponential sizes of 2 kB on average.
    make: ({ random, scale = 1 }) =>
      new Limiter({
        shape: new TokenBucket(100_000 * scale, 1_000_000),
        costOf: () => -2000 * Math.log(1 - random()),
      }),
  },
];
