/** The methods that single upstreams lack, or limit. */

import { QuarantineStore, type StoredEntry } from './quarantine-store.ts';
import type { Upstream } from './upstream.ts';

/** Between two requests to one upstream for a method that is banned at every upstream, which is tried anyway. */
const METHOD_TRIAL_INTERVAL_MS = 1_000;
/** Method names come from clients. A method with a longer name is never banned, so that memory is bounded. */
export const MAX_METHOD_LENGTH = 256;

export class MethodBans extends QuarantineStore {
  /** The entry of one method of an upstream that is in force at this moment. */
  banOf(upstream: Upstream, method: string): StoredEntry | undefined {
    if (this.isEmpty || method.length > MAX_METHOD_LENGTH) return undefined;
    return this.get(methodKey(upstream, method));
  }

  /**
   * Whether a method may be asked for although it is banned there, when no other upstream can answer it: a time-out may
   * have been the call's own, and a missing method is tried once a second.
   */
  mayAskAnyway(upstream: Upstream, method: string): boolean {
    const banned = this.get(methodKey(upstream, method));
    if (!banned || banned.reason === 'timeout') return true;
    const lastMs = Math.max(banned.blamedMs, banned.triedMs);
    return this.nowMs() - lastMs >= METHOD_TRIAL_INTERVAL_MS;
  }

  /** A banned method is asked for now. */
  noteTrial(upstream: Upstream, method: string): void {
    if (this.isEmpty) return;
    const banned = this.get(methodKey(upstream, method));
    if (banned) banned.triedMs = this.nowMs();
  }

  /** Nothing is known any more of methods that are banned there. */
  allow(upstream: Upstream): void {
    const prefix = methodKey(upstream, '');
    for (const key of this.keys()) if (key.startsWith(prefix)) this.delete(key);
  }
}

/** Unambiguous, since ids contain no blanks. */
export function methodKey(upstream: Upstream, method: string): string {
  return `${upstream.id} ${method}`;
}
