// Very small and very large limits: p2p.org's 1/s, and nodes of one's own.

import { FixedWindow, TokenBucket } from '../../lib/limits.mjs';
import { Limiter } from '../lib/limiter.mjs';

export default [
  {
    name: 'fixed second, 1',
    rps: 1,
    learnSeconds: 120,
    seconds: 1800,
    make: ({ random, scale = 1 }) => new Limiter({ shape: new FixedWindow(scale, 1000, random() * 1000) }),
  },
  {
    name: 'bucket of 500, 10,000/s',
    rps: 10_000,
    learnSeconds: 20,
    seconds: 50,
    make: ({ scale = 1 }) => new Limiter({ shape: new TokenBucket(10_000 * scale, 500) }),
  },
];
