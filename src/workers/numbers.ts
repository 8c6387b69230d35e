/** The live numbers of a worker, which have no events. */

import type { Pool } from '../pools/pool.ts';
import type { PoolTable } from '../pools/pool-table.ts';
import { upstreamKey } from '../sharing/upstream-key.ts';
import type { Upstream } from '../upstreams/upstream.ts';

/** Of an upstream that is in a list: what was counted since the last report, then how it is at the moment. */
export interface UpstreamNumbers {
  readonly key: string;
  readonly attempts: number;
  readonly failures: number;
  readonly connectionsOpened: number;
  readonly probeCalls: number;
  readonly inFlight: number;
  readonly waiting: number;
  readonly slow: Upstream['slow'];
  readonly answers: Upstream['answers'];
}

export interface PoolNumbers {
  readonly name: string;
  readonly underWay: number;
  readonly waiting: number;
  readonly onlooking: number;
}

/** Only what has changed since the last report. */
export interface Numbers {
  readonly upstreams: readonly UpstreamNumbers[];
  readonly pools: readonly PoolNumbers[];
  /** Log lines that were lost since the last report. */
  readonly linesDropped: number;
  /** Clients' connections that are open. */
  readonly connections: number;
}

export interface NumberSource {
  readonly pools: () => PoolTable;
  readonly linesDropped: () => number;
  readonly connections: () => number;
}

type Told = Omit<UpstreamNumbers, 'key'>;

/** Nothing was told of a new one. */
const NIL: Told = {
  attempts: 0,
  failures: 0,
  connectionsOpened: 0,
  probeCalls: 0,
  inFlight: 0,
  waiting: 0,
  slow: undefined,
  answers: { rpc: false, http: false },
};

export class NumberReader {
  readonly #source: NumberSource;
  /** As they were at the last report. */
  readonly #told = new WeakMap<Upstream, Told>();
  readonly #toldPools = new Map<string, PoolNumbers>();
  #toldLines = 0;
  #toldConnections = 0;

  constructor(source: NumberSource) {
    this.#source = source;
  }

  /** What has changed since the last call; undefined when nothing has. */
  read(): Numbers | undefined {
    const pools = this.#source.pools().measured;
    const upstreams = pools.flatMap(({ registry, queue }) =>
      registry.all.flatMap((each) => this.#upstream(each, queue) ?? []),
    );
    const changed = pools.flatMap((pool) => this.#pool(pool) ?? []);
    const lines = this.#source.linesDropped();
    const connections = this.#source.connections();
    const linesDropped = lines - this.#toldLines;
    const isSame = linesDropped === 0 && connections === this.#toldConnections;
    if (isSame && upstreams.length === 0 && changed.length === 0) return undefined;
    this.#toldLines = lines;
    this.#toldConnections = connections;
    return { upstreams, pools: changed, linesDropped, connections };
  }

  #upstream(upstream: Upstream, queue: Pool['queue']): UpstreamNumbers | undefined {
    const told = this.#told.get(upstream) ?? NIL;
    const { attempts, failures, connectionsOpened, probeCalls, inFlight, slow } = upstream;
    const { rpc, http } = upstream.answers;
    const waiting = queue.length === 0 ? 0 : queue.waitingFor(upstream);
    if (
      attempts === told.attempts &&
      failures === told.failures &&
      connectionsOpened === told.connectionsOpened &&
      probeCalls === told.probeCalls &&
      inFlight === told.inFlight &&
      waiting === told.waiting &&
      slow === told.slow
    )
      return undefined;
    const now = {
      attempts,
      failures,
      connectionsOpened,
      probeCalls,
      inFlight,
      waiting,
      slow,
      answers: { rpc, http },
    };
    this.#told.set(upstream, now);
    return {
      ...now,
      key: upstreamKey(upstream),
      attempts: attempts - told.attempts,
      failures: failures - told.failures,
      connectionsOpened: connectionsOpened - told.connectionsOpened,
      probeCalls: probeCalls - told.probeCalls,
    };
  }

  #pool({ identity: { name }, usage, queue, onlookers }: Pool): PoolNumbers | undefined {
    const now = { name, underWay: usage.underWay, waiting: queue.length, onlooking: onlookers.length };
    const told = this.#toldPools.get(name) ?? { underWay: 0, waiting: 0, onlooking: 0 };
    if (now.underWay === told.underWay && now.waiting === told.waiting && now.onlooking === told.onlooking)
      return undefined;
    this.#toldPools.set(name, now);
    return now;
  }
}
