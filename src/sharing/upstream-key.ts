/** What an upstream is called in facts. */

import { createHash } from 'node:crypto';
import type { Upstream } from '../upstreams/upstream.ts';

/** As long as a UUID: no two are the same. */
const LENGTH = 32;

const keys = new WeakMap<Upstream, string>();

/** A hash of its pool and its URL: the same in all processes, whatever it is called there, and tells nothing of the URL. */
export function upstreamKey(upstream: Upstream): string {
  let key = keys.get(upstream);
  if (key === undefined) {
    key = keyOf(upstream.identity.pool.name, upstream.url);
    keys.set(upstream, key);
  }
  return key;
}

/** Of an upstream that need not be in a list. */
export function keyOf(pool: string, url: string): string {
  return createHash('sha256').update(`${pool}\n${url}`).digest('hex').slice(0, LENGTH);
}
