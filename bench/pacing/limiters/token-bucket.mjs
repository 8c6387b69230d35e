// A bucket that fills steadily: gateways (Kong, Envoy, nginx with `burst`), Ankr.

import { TokenBucket } from '../../lib/limits.mjs';
import { Limiter } from '../lib/limiter.mjs';

export default [
  [50, 5],
  [50, 50],
  [250, 10],
  [50, 1000],
].map(([rate, size]) => ({
  name: `bucket of ${size}, ${rate}/s`,
  rps: rate,
  make: ({ scale = 1 }) => new Limiter({ shape: new TokenBucket(rate * scale, size) }),
}));
