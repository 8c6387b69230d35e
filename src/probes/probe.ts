import type { Clock } from '../clock.ts';
import type { FailureReason } from '../events.ts';
import type { Dialer } from '../network/dial.ts';
import type { Upstream } from '../upstreams/upstream.ts';

export interface ProbeSettings {
  /** How long one check may take, in milliseconds. */
  readonly timeoutMs: number;
  /** What a check that speaks HTTP asks for; joined to the upstream's own path like a client's target. */
  readonly path: string;
  readonly clock: Clock;
  /** Opens its connections. */
  readonly dialer: Dialer;
}

/** What a check learned of the upstream's chain. */
export interface Findings {
  /** In decimal; without one when it was not asked. */
  readonly chainId?: string;
  /** Number of the newest block; without one when it was not asked. */
  readonly blockHeight?: number;
}

/** `problem` is for operators: a few words, never a URL's path, query or user-info. */
export type ProbeResult =
  | {
      readonly up: true;
      readonly found?: Findings;
      /** It lives, but refused the question for a limit: no cause of a quarantine is shown to be gone. */
      readonly limited?: true;
    }
  /** It could not be asked, for want of descriptors, ports or memory: nothing is known. */
  | { readonly up: undefined; readonly problem: string }
  | { readonly up: false; readonly problem: string };

/**
 * One way to find out whether an upstream is alive. A member that must remember something of an upstream
 * between its checks keeps it in a WeakMap with the upstream as the key, so that a removed one is forgotten.
 */
export interface Probe {
  readonly name: string;
  /** The causes of a quarantine that a successful check shows to be gone. */
  readonly proves: ReadonlySet<FailureReason>;
  /** A client's answer with the newest block's number tells as much as a check: it may take the place of one. */
  readonly learnsFromAnswers?: true;
  /**
   * Never rejects, settles within `timeoutMs`, and leaves no socket behind. Counts each call that it makes in
   * the upstream's `probeCalls`.
   */
  check(upstream: Upstream, settings: ProbeSettings): Promise<ProbeResult>;
}
