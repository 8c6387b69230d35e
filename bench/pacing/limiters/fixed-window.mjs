// So many calls in each window of some seconds or minutes: CDP 5 s, BNB Chain's public nodes 5 min.

import { FixedWindow } from '../../lib/limits.mjs';
import { Limiter } from '../lib/limiter.mjs';

export default [
  [250, 5],
  [3000, 60],
  [10_000, 300],
].map(([most, seconds]) => ({
  name: `fixed ${seconds} s, ${most}`,
  rps: most / seconds,
  windowSeconds: seconds,
  make: ({ random, scale = 1 }) =>
    new Limiter({ shape: new FixedWindow(most * scale, seconds * 1000, random() * seconds * 1000) }),
}));
