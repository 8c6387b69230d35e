/** What a process does itself, and what others do for it: chosen once, at the start. */

import type { Config } from '../config/config.ts';
import type { Listener } from '../events.ts';
import type { Runtime } from '../runtime.ts';
import type { Certificates } from '../server/certificates.ts';
import { type ClientPort, createClientPort } from '../server/client-port.ts';
import type { EventLoopDelay } from '../server/event-loop-delay.ts';
import { measureEventLoopDelay } from '../server/event-loop-delay.ts';
import { Overload } from '../server/overload.ts';
import { limitsOf, type Serving, type ServingParts } from './serving.ts';
import type { SharedFacts } from './shared-facts.ts';
import type { Statistics } from './statistics.ts';

/** What a role is made of. */
export interface RoleContext {
  readonly config: Config;
  readonly runtime: Runtime;
  readonly serving: Serving;
  readonly statistics: Statistics;
  readonly certificates: Certificates | undefined;
  readonly via: string;
  readonly secret: Buffer;
}

export interface Role {
  /** Where clients are served. */
  readonly port: ClientPort;
  /** Lets settings take effect where clients are served. Resolves when they do, if that takes time. */
  apply(config: Config): Promise<void> | undefined;
  /** The rows of `/stats`, of one pool or of all. */
  readonly stats: ServingParts['stats'];
  /** Waits until all that has happened is known here; undefined where it always is. */
  readonly collect: (() => Promise<void>) | undefined;
  /** The process is about to end, but goes on serving: clients that come again may go elsewhere. */
  beginDrain(): void;
  /** The process ends at once. */
  abort(): void;
  /** Log lines that other processes have lost. */
  linesDroppedElsewhere(): number;
}

export interface RoleKind {
  /** What this process shares with others of its machine; undefined where there are none. */
  readonly facts: SharedFacts | undefined;
  /** The listener that writes the log, for the events that this process has lines for. */
  logged(listener: Listener): Listener;
  createOverload(runtime: Runtime, eventLoopDelay: EventLoopDelay | undefined): ServingParts['overload'];
  create(context: RoleContext): Role;
}

/** One process that does everything. */
export const ALONE: RoleKind = {
  facts: undefined,
  logged: (listener) => listener,
  createOverload: ownOverload,
  create({ config, runtime: { clock }, serving, statistics, certificates }) {
    const port = createClientPort(limitsOf(config), { clock, certificates }, serving.service.handle);
    return {
      port,
      apply: (next) => void port.setLimits(limitsOf(next)),
      stats: (pool) => statistics.stats(pool),
      collect: undefined,
      beginDrain: () => port.letGo(),
      abort() {},
      linesDroppedElsewhere: () => 0,
    };
  },
};

/** Measures how late this process is. */
export function ownOverload(
  { clock, announcer }: Runtime,
  eventLoopDelay: EventLoopDelay = measureEventLoopDelay(),
): Overload {
  return new Overload({ eventLoopDelay, clock, announcer });
}
