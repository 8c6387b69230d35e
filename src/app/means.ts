import type { Clock } from '../clock.ts';
import type { Announcer } from '../events.ts';
import type { Logger } from '../log.ts';
import type { Dialer } from '../network/dial.ts';
import type { Random } from '../random.ts';

/** What nearly every part needs. */
export interface Means {
  readonly clock: Clock;
  readonly random: Random;
  readonly announcer: Announcer;
  readonly logger: Logger;
  /** Opens all connections to upstreams. */
  readonly dialer: Dialer;
}
