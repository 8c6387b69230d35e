// So many calls in each second of the provider's clock: QuickNode, Helius, Chainnodes and most others.

import { FixedWindow } from '../../lib/limits.mjs';
import { Limiter } from '../lib/limiter.mjs';

export default [15, 50, 250].map((most) => ({
  name: `fixed second, ${most}`,
  rps: most,
  make: ({ random, scale = 1 }) =>
    new Limiter({ shape: new FixedWindow(most * scale, 1000, random() * 1000) }),
}));
