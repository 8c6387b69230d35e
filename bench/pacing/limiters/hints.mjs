// Refusals that say how long to wait, in whole seconds; answers that tell the limit.

import { FixedWindow } from '../../lib/limits.mjs';
import { Limiter } from '../lib/limiter.mjs';

const windowOf = (most, windowMs, random) => new FixedWindow(most, windowMs, random() * windowMs);
const wholeSeconds = (shape, nowMs) => Math.ceil((shape.roomAt(1, nowMs) - nowMs) / 1000) * 1000;

export default [
  {
    name: 'fixed second, 50, Retry-After: 1',
    rps: 50,
    make: ({ random, scale = 1 }) =>
      new Limiter({ shape: windowOf(50 * scale, 1000, random), restMs: wholeSeconds }),
  },
  {
    name: 'fixed minute, 3,000, Retry-After',
    rps: 50,
    windowSeconds: 60,
    make: ({ random, scale = 1 }) =>
      new Limiter({ shape: windowOf(3000 * scale, 60_000, random), restMs: wholeSeconds }),
  },
  {
    name: 'fixed second, 50, rate headers',
    rps: 50,
    make: ({ random, scale = 1 }) =>
      new Limiter({
        shape: windowOf(50 * scale, 1000, random),
        headers: (shape) => ({
          limit: shape.most,
          windowMs: 1000,
          remaining: shape.remaining(),
          resetAtMs: shape.endMs,
        }),
      }),
  },
  {
    name: 'fixed minute, 3,000, rate headers',
    rps: 50,
    windowSeconds: 60,
    make: ({ random, scale = 1 }) =>
      new Limiter({
        shape: windowOf(3000 * scale, 60_000, random),
        headers: (shape) => ({ limit: shape.most, remaining: shape.remaining(), resetAtMs: shape.endMs }),
      }),
  },
];
