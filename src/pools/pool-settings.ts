/** What the settings say of one pool. */

import type { SilenceLimits } from '../transport/silence.ts';
import type { UploadLimits } from '../transport/upload.ts';
import type { UpstreamSpec } from '../upstreams/upstream.ts';
import type { CheckSettings } from './checks.ts';
import type { HedgeDelay } from './hedges.ts';

export interface PoolSettings extends SilenceLimits, UploadLimits, CheckSettings {
  readonly upstreams: readonly UpstreamSpec[];
  readonly strategy: string;
  /** Whether a client's calls stay with one upstream of each tier, and who is a client: who has a key, or an address. */
  readonly sticky: 'key' | 'address' | undefined;
  /** How long a failed upstream is quarantined: a fixed time in milliseconds, or a time that fits the cause. */
  readonly errorTimeToLiveMs: number | 'auto';
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly retryStatus: ReadonlySet<number>;
  /** How many attempts one request may make; Infinity when there is no limit. */
  readonly maxAttempts: number;
  /** Whether limits are learnt and kept to; else only the ceilings that upstreams are given. */
  readonly pacing: 'auto' | 'off';
  /** How long a request may wait for an upstream's turn. */
  readonly maxQueueWaitMs: number;
  /** How many requests may wait. */
  readonly maxQueue: number;
  /** Upstreams that are silent, or much slower than the others, are asked after them. */
  readonly avoidSlow: boolean;
  /** When a second upstream is asked as well. */
  readonly hedge: HedgeDelay;
}
