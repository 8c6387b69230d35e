/** What metrics are read from. */

import type { PoolIdentity } from '../events.ts';
import type { Availability } from '../upstreams/availability.ts';
import type { Registry } from '../upstreams/registry.ts';
import type { Labels } from './tally.ts';

/** What is read of a pool. */
export interface MeasuredPool {
  readonly identity: PoolIdentity;
  readonly registry: Registry;
  readonly availability: Availability;
  /** Requests that have begun and not ended. */
  readonly usage: { readonly underWay: number };
  /** Those that wait for an upstream, and for what others find. */
  readonly queue: { readonly length: number };
  readonly onlookers: { readonly length: number };
}

/** The label of a pool, where there are several. */
export function poolLabel({ shown }: PoolIdentity): Labels {
  return shown === undefined ? {} : { pool: shown };
}
