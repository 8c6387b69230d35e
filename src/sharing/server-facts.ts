/** What operators have changed at run time, of one upstream, as processes tell each other. */

import { readServerEntry } from '../config/upstreams/server-entry.ts';
import { readUpstreams } from '../config/upstreams/upstream-list.ts';
import { DEFAULT_POOL } from '../events.ts';
import { MAX_WEIGHT, type UpstreamSpec } from '../upstreams/upstream.ts';
import { keyOf } from './upstream-key.ts';

/** What operators have said of an upstream that the settings name, too. */
export interface ServerState {
  readonly weight?: number;
  readonly draining?: boolean;
}

export type ServerFact =
  /** `server` is all that was said of it, as in the file of PERSIST_SERVERS. It holds secrets: no settings name it. */
  | {
      readonly state: 'added';
      readonly server: object;
      /** By the clock of who added it; wall clock milliseconds. Puts those that were added in one order everywhere. */
      readonly sinceMs: number;
    }
  | ({ readonly state: 'changed' } & ServerState)
  | { readonly state: 'removed' }
  /** The settings were read anew since. */
  | { readonly state: 'void' };

/** Undefined for what no program of this version has written. */
export function readServerFact(value: object): ServerFact | undefined {
  const { state, server, sinceMs, weight, draining }: Readonly<Record<string, unknown>> = { ...value };
  switch (state) {
    case 'removed':
    case 'void':
      return { state };
    case 'added':
      if (typeof server !== 'object' || server === null || typeof sinceMs !== 'number') return undefined;
      return { state, server, sinceMs };
    case 'changed':
      return {
        state,
        ...(isWeight(weight) ? { weight } : {}),
        ...(typeof draining === 'boolean' ? { draining } : {}),
      };
    default:
      return undefined;
  }
}

function isWeight(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MAX_WEIGHT;
}

/** What an upstream is called in facts, by what is said of it. */
export function keyOfSpec({ pool = DEFAULT_POOL, url }: Pick<UpstreamSpec, 'pool' | 'url'>): string {
  return keyOf(pool, url.href);
}

/**
 * The upstream that was added elsewhere under this key, or the problem with it, which shows no secret: it may name a
 * file that is not there. Files are looked up in `folder`.
 */
export function readAdded(key: string, server: object, folder: string): UpstreamSpec | string {
  const entry = readServerEntry(server, 'an upstream that was added elsewhere');
  if (typeof entry === 'string') return entry;
  const { upstreams, problems } = readUpstreams([entry], folder);
  const [spec] = upstreams;
  if (problems.length > 0 || !spec) return problems.join('; ');
  return keyOfSpec(spec) === key ? spec : `${entry.where} has another URL than it was told`;
}

/** What is said of an upstream, with what operators have changed. */
export function withState(spec: UpstreamSpec, { weight, draining }: ServerState): UpstreamSpec {
  const { draining: before, ...rest } = spec;
  const isDraining = draining ?? before ?? false;
  return { ...rest, weight: weight ?? spec.weight, ...(isDraining ? { draining: isDraining } : {}) };
}
