// So many calls at a time, as nodes of one's own and small gateways allow.

import { InFlight } from '../../lib/limits.mjs';
import { Limiter } from '../lib/limiter.mjs';

export default [2, 4, 6].map((most) => ({
  name: `${most} in flight`,
  serviceShare: 1,
  rps: most / 0.05,
  make: ({ scale = 1 }) => new Limiter({ shape: new InFlight(most * scale) }),
}));
