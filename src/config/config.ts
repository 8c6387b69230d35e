import type { UpstreamSpec } from '../upstreams/upstream.ts';

export type { UpstreamSpec };

/** All settings, checked and frozen. Made by `load.ts`; the keys' documentation stands in `settings.ts`. */
export interface Config {
  /** Primaries first, then fallbacks; names are unique. */
  readonly upstreams: readonly UpstreamSpec[];
  readonly strategy: string;
  /** How long a failed upstream rests: a fixed time in milliseconds, or a time that fits the cause. */
  readonly errorTimeToLiveMs: number | 'auto';
  readonly port: number;
  readonly host: string;
  /** Undefined when the admin port is closed. */
  readonly adminPort: number | undefined;
  readonly adminHost: string;
  /** Secret. */
  readonly adminToken: string | undefined;
  /** Absolute name of the file that keeps the lists; undefined when off. */
  readonly persistServers: string | undefined;
  /** The lists come from that file, not from the settings. */
  readonly areListsKept: boolean;
  readonly requestTimeoutMs: number;
  readonly clientHeaderTimeoutMs: number;
  readonly clientBodyTimeoutMs: number;
  readonly clientKeepAliveMs: number;
  readonly maxHeaderSizeBytes: number;
  readonly maxUrlBytes: number;
  readonly maxConnections: number;
  /** Of WebSockets and other upgraded connections. */
  readonly tunnelIdleTimeoutMs: number;
  readonly attemptTimeoutMs: number;
  readonly streamIdleTimeoutMs: number;
  readonly connectTimeoutMs: number;
  /** Infinity when there is no limit. */
  readonly maxQueueWaitMs: number;
  readonly maxAttempts: number;
  readonly retryStatus: ReadonlySet<number>;
  readonly maxBodyBytes: number;
  readonly maxReplayBodyBytes: number;
  readonly maxBatch: number;
  readonly maxBufferedBytes: number;
  readonly healthCheck: 'off' | string;
  readonly healthCheckIntervalMs: number;
  readonly healthCheckTimeoutMs: number;
  readonly healthCheckPath: string;
  readonly healthCheckRise: number;
  readonly healthCheckFall: number;
  /** In decimal. */
  readonly chainId: string | undefined;
  readonly maxBlockLag: number;
  /** Undefined when off. */
  readonly removeUnhealthyAfterMs: number | undefined;
  /** Secret. */
  readonly slackWebhookUrl: string | undefined;
  readonly slackCooldownMs: number;
  /** Networks as `ADDRESS/BITS` whose word about the client is believed. */
  readonly trustProxy: readonly string[] | undefined;
  /** Absolute names of files; both or none. */
  readonly tlsCertFile: string | undefined;
  readonly tlsKeyFile: string | undefined;
  readonly tlsMinVersion: '1.2' | '1.3';
  /** Undefined when off. */
  readonly httpRedirectPort: number | undefined;
  readonly statusPaths: boolean;
  readonly shutdownDelayMs: number;
  readonly shutdownTimeoutMs: number;
  readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
  readonly logFormat: 'json' | 'pretty';
  readonly env: string | undefined;
}
