/** What serves clients by the settings in force, which can be read anew while it serves. */

import { createHmac } from 'node:crypto';
import { createHandler, type RequestHandler, type Serving } from '../balancer/handle.ts';
import type { Intake } from '../balancer/intake.ts';
import { type Clients, createClients } from '../clients/clients.ts';
import type { SharedBuckets } from '../clients/shared-buckets.ts';
import type { Stated } from '../config/changes.ts';
import type { Config } from '../config/config.ts';
import type { Sources } from '../config/load.ts';
import type { Identity } from '../http/header-lines.ts';
import type { PoolDependencies } from '../pools/pool.ts';
import type { PoolTable } from '../pools/pool-table.ts';
import { createStatusPaths, type StatusSource } from '../server/status-paths.ts';
import { changePools, createPools } from './pools.ts';

export interface ServiceDependencies extends PoolDependencies {
  readonly identity: Identity;
  readonly status: StatusSource;
  readonly intake: Pick<Intake, 'tunnels' | 'whyNotNow'>;
  /** Random, and known to nobody else. */
  readonly secret: Buffer;
  /** Where clients' limits are those of several processes. */
  readonly clientBuckets?: SharedBuckets | undefined;
}

export class Service {
  readonly #dependencies: ServiceDependencies;
  readonly #handler: RequestHandler;
  /** With which operators' calls are let in where API_KEYS is set; it stays the same when that changes. */
  readonly consoleKey: string | undefined;
  #settings: Stated;
  #pools: PoolTable;
  #clients: Clients;

  constructor(settings: Stated, dependencies: ServiceDependencies) {
    const { runtime, identity, secret } = dependencies;
    const { config } = settings;
    this.#dependencies = dependencies;
    this.#settings = settings;
    this.#pools = createPools(config, dependencies);
    this.consoleKey =
      config.adminPort === undefined
        ? undefined
        : createHmac('sha256', secret).update('console').digest('hex');
    this.#clients = createClients(
      { ...config, consoleKey: this.consoleKey },
      secret,
      undefined,
      dependencies.clientBuckets,
    );
    this.#handler = createHandler(config, { runtime, identity, ...this.#serving(config) });
  }

  get config(): Config {
    return this.#settings.config;
  }

  get sources(): Sources {
    return this.#settings.sources;
  }

  /** Those that serve. */
  get pools(): PoolTable {
    return this.#pools;
  }

  get handle(): RequestHandler['handle'] {
    return this.#handler.handle;
  }

  /** From the next request on; requests under way end as they began. Must not fail half-way, so nothing in it waits. */
  apply(settings: Stated): void {
    const { config } = settings;
    this.#settings = settings;
    this.#pools = changePools(this.#pools, config, this.#dependencies);
    const { consoleKey } = this;
    const { secret, clientBuckets } = this.#dependencies;
    this.#clients = createClients({ ...config, consoleKey }, secret, this.#clients.buckets, clientBuckets);
    this.#handler.reconfigure(config, this.#serving(config));
  }

  #serving(config: Config): Serving {
    const { status, intake, runtime } = this.#dependencies;
    return {
      pools: this.#pools,
      clients: this.#clients,
      intake: { ...intake, body: config, maxBatch: config.maxBatch },
      answersStatus: config.statusPaths ? createStatusPaths(status, runtime.clock) : () => false,
    };
  }
}
