import { systemClock } from '../../src/clock.ts';
import { Announcer } from '../../src/events.ts';
import { createDialer } from '../../src/network/index.ts';
import { seededRandom } from './seeded-random.ts';

/** Opens connections in real time, by the names that this machine knows. */
export const realDialer = createDialer({
  clock: systemClock,
  random: seededRandom(1),
  announcer: new Announcer(),
});
