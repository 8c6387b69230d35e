/** The checked settings that the program runs with. */

import type { Proxies } from '../notifiers/notifier.ts';
import type { UpstreamSpec } from '../upstreams/upstream.ts';
import type { ListKey, PoolKey } from './table/settings.ts';
import type { PoolValues, Values } from './values.ts';

export type { UpstreamSpec };

/**
 * Frozen, made by `load.ts`. Keys and types are those of the table in `settings.ts`: what is not set, or is `off`, is
 * undefined; `all` is Infinity; file names are absolute. Instead of the texts of the two lists it has the upstreams.
 * What pools may have for themselves stands here as it holds for those that have nothing of their own.
 */
export interface Config extends Readonly<Omit<Values, ListKey>> {
  /** Those of all pools in turn; of each primaries first, then fallbacks. Names are unique. */
  readonly upstreams: readonly UpstreamSpec[];
  /** At least one; the one without a path first, if it is there. */
  readonly pools: readonly PoolConfig[];
  /** Upstreams in the file of PERSIST_SERVERS whose pools the settings have no more; kept there. */
  readonly leftOut: readonly UpstreamSpec[];
  /** The lists come from the file of PERSIST_SERVERS, not from the settings. */
  readonly areListsPersisted: boolean;
  /** For webhooks; never for upstreams. Undefined without one. */
  readonly proxies: Proxies | undefined;
}

/** The settings of one pool, its own and those that hold for all. */
export interface PoolConfig extends Readonly<Omit<PoolValues, ListKey>> {
  /** What its path says; undefined for the one without a path. */
  readonly name: string | undefined;
  readonly upstreams: readonly UpstreamSpec[];
  /** What was given for this pool, not for all; empty for the one without a path. */
  readonly own: ReadonlySet<PoolKey>;
  /** Its lists come from the file of PERSIST_SERVERS, not from the settings. */
  readonly arePersisted: boolean;
}
