/** The contract of a probe: what it is given, and what it returns. */

import type { Clock } from '../clock.ts';
import type { FailureReason } from '../events.ts';
import type { Dialer } from '../network/dial.ts';
import type { Upstream } from '../upstreams/upstream.ts';

export interface ProbeSettings {
  /** How long one check may take, in milliseconds. */
  readonly timeoutMs: number;
  /** The path that an HTTP check requests; joined to the upstream's own path like a client's target. */
  readonly path: string;
  readonly clock: Clock;
  /** Opens its connections. */
  readonly dialer: Dialer;
}

/** What a check learned of the upstream's chain. */
export interface Findings {
  /** In decimal; absent when it was not asked for. */
  readonly chainId?: string;
  /** Number of the newest block; absent when it was not asked for. */
  readonly blockHeight?: number;
}

/** `problem` is for operators: a few words, never a URL's path, query or user-info. */
export type ProbeResult =
  | {
      readonly up: true;
      readonly found?: Findings;
      /** It is alive, but refused the question for a limit: no cause of a quarantine is shown to be gone. */
      readonly limited?: true;
    }
  /** It could not be asked, since this machine is out of descriptors, ports or memory: nothing is known. */
  | { readonly up: undefined; readonly problem: string }
  | { readonly up: false; readonly problem: string };

/**
 * One way to find out whether an upstream is alive. A probe that must remember something of an upstream between its
 * checks keeps it in a WeakMap with the upstream as the key, so that a removed one is forgotten.
 */
export interface Probe {
  readonly name: string;
  /** The causes of a quarantine that a successful check shows to be gone. */
  readonly proves: ReadonlySet<FailureReason>;
  /** A client's answer with the newest block's number shows as much as a check, and may replace one. */
  readonly learnsFromAnswers?: true;
  /**
   * Never rejects, settles within `timeoutMs`, and leaves no socket behind. Counts each of its calls in the
   * upstream's `probeCalls`.
   */
  check(upstream: Upstream, settings: ProbeSettings): Promise<ProbeResult>;
}
