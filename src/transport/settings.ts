/** What all attempts at the upstreams of one pool have in common. */

import type { Clock } from '../clock.ts';
import type { Identity } from '../http/header-lines.ts';
import type { ConnectionPools } from './connection-pools.ts';
import type { Deadlines } from './deadlines.ts';
import type { SilenceLimits } from './silence.ts';
import type { UploadLimits } from './upload.ts';

export interface TransportSettings {
  readonly clock: Clock;
  readonly identity: Identity;
  /** How long the opening of a connection may take. */
  readonly connectTimeoutMs: number;
  readonly deadlines: Deadlines;
  readonly silence: SilenceLimits;
  readonly upload: UploadLimits;
  readonly connections: ConnectionPools;
}
