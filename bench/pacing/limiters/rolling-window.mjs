// So many calls in any span of some seconds: Moralis 4 s, Solana's public nodes 10 s, others a minute.

import { RollingWindow } from '../../lib/limits.mjs';
import { Limiter } from '../lib/limiter.mjs';

export default [
  [50, 1],
  [200, 4],
  [500, 10],
  [3000, 60],
].map(([most, seconds]) => ({
  name: `rolling ${seconds} s, ${most}`,
  rps: most / seconds,
  windowSeconds: seconds,
  make: ({ scale = 1 }) => new Limiter({ shape: new RollingWindow(most * scale, seconds * 1000) }),
}));
