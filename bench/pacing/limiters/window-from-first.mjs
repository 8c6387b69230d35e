// A window that begins with the first request after the last window: fiews.

import { FirstRequestWindow } from '../../lib/limits.mjs';
import { Limiter } from '../lib/limiter.mjs';

export default [
  [500, 10],
  [10_000, 300],
].map(([most, seconds]) => ({
  name: `from the first request ${seconds} s, ${most}`,
  rps: most / seconds,
  windowSeconds: seconds,
  make: ({ scale = 1 }) => new Limiter({ shape: new FirstRequestWindow(most * scale, seconds * 1000) }),
}));
