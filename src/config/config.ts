/** The checked settings that the program runs with. */

import type { UpstreamSpec } from '../upstreams/upstream.ts';
import type { ListKey } from './settings.ts';
import type { Values } from './values.ts';

export type { UpstreamSpec };

/**
 * Frozen, made by `load.ts`. Keys and types are those of the table in `settings.ts`: what is not set, or is `off`, is
 * undefined; `all` is Infinity; file names are absolute. Instead of the texts of the two lists it has the upstreams.
 */
export interface Config extends Readonly<Omit<Values, ListKey>> {
  /** Primaries first, then fallbacks; names are unique. */
  readonly upstreams: readonly UpstreamSpec[];
  /** The lists come from the file of PERSIST_SERVERS, not from the settings. */
  readonly areListsPersisted: boolean;
}
