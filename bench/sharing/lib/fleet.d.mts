export interface FleetOptions {
  readonly replicas: number;
  readonly upstreams: number;
  readonly seed: number;
  /** The share of messages that get lost. */
  readonly loss?: number;
}

export class Fleet {
  constructor(options: FleetOptions);
  pass(ms: number): Promise<void>;
  failAt(upstream: number, found: readonly number[]): void;
  outage(part: number): Promise<void>;
  restartRedis(): Promise<void>;
  timeToAgree(
    happen: (fleet: Fleet) => unknown,
  ): Promise<{ readonly allMs: number | undefined; readonly storedMs?: number }>;
}
