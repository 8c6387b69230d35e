import type { FailureReason } from '../events.ts';
import type { Upstream } from '../upstreams/upstream.ts';

export interface ProbeSettings {
  /** How long one check may take, in milliseconds. */
  readonly timeoutMs: number;
  /** What a check that speaks HTTP asks for; joined to the upstream's own path like a client's target. */
  readonly path: string;
}

/** `problem` is for operators: a few words, never a URL's path, query or user-info. */
export type ProbeResult = { readonly up: true } | { readonly up: false; readonly problem: string };

/**
 * One way to find out whether an upstream is alive. A member that must remember something of an upstream
 * between its checks keeps it in a WeakMap with the upstream as the key, so that a removed one is forgotten.
 */
export interface Probe {
  readonly name: string;
  /** The causes of a quarantine that a successful check shows to be gone. */
  readonly proves: ReadonlySet<FailureReason>;
  /** Never rejects, settles within `timeoutMs`, and leaves no socket behind. */
  check(upstream: Upstream, settings: ProbeSettings): Promise<ProbeResult>;
}
