/** What operators have changed by calls, for those that do the same elsewhere. */

import type { Upstream, UpstreamSpec } from '../upstreams/upstream.ts';

/** Told after a change was made and kept. Must not throw. */
export interface OperatorChanges {
  added(spec: UpstreamSpec): void;
  /** `spec` is what is said of it from now on, `state` what the call has said. */
  changed(spec: UpstreamSpec, state: { readonly weight?: number; readonly draining?: boolean }): void;
  removed(spec: UpstreamSpec): void;
  /** The rest that it asked for is over. */
  released(upstream: Upstream): void;
  strategyChosen(pool: string, strategy: string): void;
}

/** For a process that is alone. */
export const TOLD_TO_NOBODY: OperatorChanges = {
  added: () => {},
  changed: () => {},
  removed: () => {},
  released: () => {},
  strategyChosen: () => {},
};
