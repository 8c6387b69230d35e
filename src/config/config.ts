import type { UpstreamSpec } from '../upstreams/upstream.ts';
import type { ListKey } from './settings.ts';
import type { Values } from './values.ts';

export type { UpstreamSpec };

/**
 * All settings, checked and frozen, made by `load.ts`. Keys and types are those of the table in `settings.ts`: what is
 * not set, or is `off`, is undefined; `all` is Infinity; names of files are absolute. In place of the two lists as
 * they were written stand the upstreams themselves.
 */
export interface Config extends Readonly<Omit<Values, ListKey>> {
  /** Primaries first, then fallbacks; names are unique. */
  readonly upstreams: readonly UpstreamSpec[];
  /** The lists come from the file of PERSIST_SERVERS, not from the settings. */
  readonly areListsKept: boolean;
}
