/** All that a check has found. */

import type { PoolConfig } from '../../config/config.ts';
import type { NearMiss } from '../../config/sources/near-misses.ts';
import type { Upstream } from '../../upstreams/upstream.ts';
import type { Agreement } from './agreement.ts';
import type { WebSocketAnswer } from './examinations/web-socket.ts';
import type { Amount, Finding, OldState, Server } from './finding.ts';

/** The result of the pool's own check of one upstream, which alone decides whether all is well. */
export interface Probed {
  readonly upstream: Upstream;
  readonly isUp: boolean;
  /** Why it is down; undefined while it is up. */
  readonly problem: string | undefined;
  /** It is up, and has refused the check for a limit. */
  readonly isLimited: boolean;
  readonly ms: number;
}

/** What was found out besides; of what was not told or not tried the reason. */
export interface Examined {
  readonly server: Server;
  readonly chainId: string | undefined;
  readonly blockHeight: number | undefined;
  /** Milliseconds; undefined without an answer. */
  readonly connectMs: number | undefined;
  readonly latencyMs: number | undefined;
  /** Whole days; undefined without TLS. */
  readonly tlsDaysLeft: number | undefined;
  readonly clockAheadMs: number | undefined;
  readonly clientVersion: Finding<string>;
  readonly blockHash: Finding<string>;
  readonly archive: Finding<OldState>;
  readonly logsRange: Finding<Amount>;
  readonly batch: Finding<Amount>;
  readonly webSocket: Finding<WebSocketAnswer>;
  /** How many questions it was asked, those of the probe not counted. */
  readonly questions: number;
  /** There was more to find out when the time of the check was over. */
  readonly isCutShort: boolean;
}

export interface FoundUpstream extends Probed {
  readonly examined: Examined;
  /**
   * Blocks behind the newest one that the pool's upstreams on its chain have; negative for one that is so far ahead of
   * them that it is not believed. Undefined where that is not known.
   */
  readonly lag: number | undefined;
}

export interface FoundPool {
  readonly settings: PoolConfig;
  /** `default` for the one without a path. */
  readonly name: string;
  readonly probe: string;
  /** Primaries first. */
  readonly upstreams: readonly FoundUpstream[];
  /** On which chains they are by the probe, where nothing tells which is the right one. */
  readonly undecided: string | undefined;
  /** The chain that they must be on; undefined where it is not known. */
  readonly chainId: string | undefined;
  readonly agreement: Agreement;
}

export interface FoundRedis {
  /** The URL without its secrets. */
  readonly shown: string;
  /** In plain words; undefined where it answers. */
  readonly problem: string | undefined;
}

export interface Found {
  readonly pools: readonly FoundPool[];
  /** Undefined without REDIS_URL. */
  readonly redis?: FoundRedis | undefined;
  readonly nearMisses: readonly NearMiss[];
}
