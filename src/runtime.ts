/** What nearly every part needs of the world around it. */

import type { Clock } from './clock.ts';
import { Announcer } from './events.ts';
import type { Logger } from './log.ts';
import type { Random } from './random.ts';

export interface Runtime {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly announcer: Announcer;
}

/** A listener of the announcer that throws is logged. */
export function createRuntime(parts: Omit<Runtime, 'announcer'>): Runtime {
  const announcer = new Announcer((error) => parts.logger.error({ err: error }, 'A listener failed'));
  return { ...parts, announcer };
}
