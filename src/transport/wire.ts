import type { Body } from '../balancer/exchange.ts';
import type { Clock } from '../clock.ts';
import type { Identity } from '../http/header-lines.ts';
import type { Repeatability } from '../rpc/methods.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { ConnectionPool } from './connections.ts';
import type { Deadlines } from './deadlines.ts';
import type { SilenceLimits } from './silence.ts';
import type { UploadLimits } from './upload.ts';

/** What of an exchange goes to one upstream. */
export interface Sending {
  readonly body: Body;
  /** Whether it may be sent a second time. */
  readonly repeat: Repeatability;
  /**
   * Answers up to this size are read whole before the client gets a byte, so that one that breaks off or
   * turns out to be none can still be replaced by another upstream's.
   */
  readonly peekBytes: number;
  /** The answer is put together with others: it must be read whole, whatever its size. */
  readonly partial?: boolean;
}

/** What every attempt needs of the program. */
export interface Wire extends SilenceLimits {
  readonly clock: Clock;
  readonly identity: Identity;
  readonly watch: Deadlines;
  readonly upload: UploadLimits;
  pool(upstream: Upstream): ConnectionPool;
}
