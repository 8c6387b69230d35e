// Each refusal refuses everything for 30 s: TronGrid; Infura asks for it by `backoff_seconds`.

import { FixedWindow, TokenBucket } from '../../lib/limits.mjs';
import { Limiter } from '../lib/limiter.mjs';

const kind = (name, rps, makeShape, more = {}) => ({
  name,
  rps,
  goal: 0.9,
  bans: true,
  learnSeconds: 300,
  seconds: 3900,
  make: ({ random, scale = 1 }) => new Limiter({ shape: makeShape(scale, random), banMs: 30_000, ...more }),
});

export default [
  kind(
    'bans for 30 s, fixed second, 50',
    50,
    (scale, random) => new FixedWindow(50 * scale, 1000, random() * 1000),
  ),
  kind(
    'bans for 30 s, fixed second, 15',
    15,
    (scale, random) => new FixedWindow(15 * scale, 1000, random() * 1000),
  ),
  kind('bans for 30 s, bucket of 10, 50/s', 50, (scale) => new TokenBucket(50 * scale, 10)),
  kind(
    'bans for 30 s and says so',
    50,
    (scale, random) => new FixedWindow(50 * scale, 1000, random() * 1000),
    {
      restMs: (_shape, nowMs, untilMs) => untilMs - nowMs,
    },
  ),
];
