/** Builds a dialer together with what it needs. */

import type { Clock } from '../clock.ts';
import type { Announcer } from '../events.ts';
import type { Random } from '../random.ts';
import { Dialer } from './dial.ts';
import { createLookUp, type LookUp } from './look-up.ts';
import { Names } from './names.ts';
import { Shortages } from './shortage.ts';

export interface DialerDependencies {
  readonly clock: Clock;
  readonly random: Random;
  readonly announcer: Announcer;
  /** How host names are looked up; by default as the system does. */
  readonly lookUp?: LookUp | undefined;
}

/** A dialer with its own cache of names. */
export function createDialer({
  clock,
  random,
  announcer,
  lookUp = createLookUp({ clock }),
}: DialerDependencies): Dialer {
  const names = new Names({ lookUp, clock, random, announcer });
  return new Dialer({ clock, names, shortages: new Shortages(clock, announcer) });
}
