/** What serves clients in a process, from its start to its drain. */

import type { SharedBuckets } from '../clients/shared-buckets.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import type { Sources } from '../config/load.ts';
import { createIdentity } from '../http/header-lines.ts';
import type { Dialer } from '../network/dial.ts';
import { createDialer } from '../network/index.ts';
import type { LookUp } from '../network/look-up.ts';
import { fittingConnections } from '../network/shortage.ts';
import { Budgets } from '../pacing/budget.ts';
import type { CreateChecks } from '../pools/checks.ts';
import type { Runtime } from '../runtime.ts';
import type { ClientPort } from '../server/client-port.ts';
import type { Overload } from '../server/overload.ts';
import type { StatusSource } from '../server/status-paths.ts';
import { OpenTunnels } from '../tunnels/open-tunnels.ts';
import { type Drain, whyNotReady } from './readiness.ts';
import { Service } from './service.ts';

/** So long before the process ends those are told that wait in vain. */
const LAST_ANSWERS_MS = 100;

export interface ServingParts {
  readonly config: Config;
  readonly sources: Sources;
  readonly runtime: Runtime;
  /** The name in Via: a loop is detected, and a chain of two balancers is not taken for one. */
  readonly via: string;
  /** Random, and known to nobody else. */
  readonly secret: Buffer;
  readonly overload: Pick<Overload, 'isOn' | 'start' | 'stop'>;
  readonly stats: StatusSource['stats'];
  readonly lookUp: LookUp | undefined;
  /** Where clients' limits are those of several processes. */
  readonly clientBuckets: SharedBuckets | undefined;
  /** If it is not given, this process checks its upstreams. */
  readonly createChecks?: CreateChecks;
}

export class Serving {
  readonly service: Service;
  readonly dialer: Dialer;
  readonly status: StatusSource;
  readonly #clock: Clock;
  readonly #overload: ServingParts['overload'];
  readonly #tunnels: OpenTunnels;
  readonly #drain: Drain = { begun: false, refusing: false };

  constructor(parts: ServingParts) {
    const { config, sources, runtime, via, secret, overload, stats, lookUp, clientBuckets, createChecks } =
      parts;
    const drain = this.#drain;
    const pools = () => this.service.pools;
    this.#clock = runtime.clock;
    this.#overload = overload;
    this.#tunnels = new OpenTunnels(runtime.clock);
    this.dialer = createDialer({ ...runtime, lookUp });
    this.status = {
      stats,
      notReady: (name) => whyNotReady(drain, pools(), name),
      hasPool: (name) => pools().find(name) !== undefined,
      areNamed: () => pools().areNamed,
    };
    const intake = {
      tunnels: this.#tunnels,
      whyNotNow() {
        if (drain.refusing) return 'SHUTTING_DOWN';
        return overload.isOn ? 'OVERLOADED' : undefined;
      },
    } as const;
    this.service = new Service(
      { config, sources },
      {
        ...{ runtime, dialer: this.dialer, identity: createIdentity(via), budgets: new Budgets() },
        ...{ status: this.status, intake, secret, clientBuckets },
        ...(createChecks && { createChecks }),
      },
    );
  }

  /** The process is about to end. */
  get isEnding(): boolean {
    return this.#drain.begun;
  }

  start(): void {
    for (const pool of this.service.pools.all) pool.start();
    this.#overload.start();
  }

  /** From now on the process is about to end: `/readyz` says so, while requests are accepted. */
  beginDrain(): void {
    this.#drain.begun = true;
  }

  /** Refuses new requests, and lets those in flight finish. Resolves to the number of connections that had to be cut. */
  async end(port: Pick<ClientPort, 'drain'>, timeoutMs: number): Promise<number> {
    const { pools } = this.service;
    this.#drain.refusing = true;
    this.#tunnels.closeAll();
    const stopTimer = this.#clock.after(Math.max(0, timeoutMs - LAST_ANSWERS_MS), () => {
      for (const pool of pools.all) pool.endWaiting();
    });
    const cut = await port.drain(timeoutMs);
    stopTimer();
    for (const pool of pools.all) pool.stop();
    this.#overload.stop();
    return cut;
  }
}

/** The limits of the client port, as far as this machine allows them. */
export function limitsOf(config: Config): Config {
  return { ...config, maxConnections: fittingConnections(config.maxConnections) };
}
