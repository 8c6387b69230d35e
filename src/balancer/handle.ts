/** What every request of a client goes through: its head is read, then the pool's upstreams are asked. */

import { randomBytes } from 'node:crypto';
import type { Identity } from '../http/header-lines.ts';
import type { IncomingRequest, OutgoingResponse, UpgradeRequest } from '../http/messages.ts';
import type { Pool } from '../pools/pool.ts';
import type { PoolTable } from '../pools/pool-table.ts';
import type { Runtime } from '../runtime.ts';
import { BufferLimit } from '../transport/buffer-limit.ts';
import { type AdmitSettings, admit } from './admit.ts';
import { balance } from './balance.ts';
import { concludeDefect } from './conclude.ts';
import type { Exchange } from './exchange.ts';
import type { Intake } from './intake.ts';
import { createOriginReader } from './origin.ts';

export interface HandlerSettings {
  readonly maxHeaderSizeBytes: number;
  readonly maxUrlBytes: number;
  readonly maxBufferedBytes: number;
  /** Networks as `ADDRESS/BITS` whose word about the client is believed. */
  readonly trustProxy: readonly string[] | undefined;
}

export interface HandlerDependencies {
  readonly runtime: Runtime;
  readonly identity: Identity;
  readonly pools: PoolTable;
  readonly intake: Intake;
  /** Answers a request for one of the program's own paths; false for any other request. */
  readonly answersStatus: (exchange: Exchange) => boolean;
  /** Requests that have begun and not ended; a tunnel ends when it is closed. Written here. */
  readonly underWay: { requests: number };
}

type Handle = (request: IncomingRequest, response: OutgoingResponse, upgrade?: UpgradeRequest) => void;

export function createHandler(settings: HandlerSettings, dependencies: HandlerDependencies): Handle {
  const { runtime, identity, pools, intake, answersStatus, underWay } = dependencies;
  const { clock, logger } = runtime;
  const ended = (pool: Pool) => {
    underWay.requests -= 1;
    pool.usage.end();
  };
  const admitSettings: AdmitSettings = {
    identity,
    clock,
    maxHeaderSizeBytes: settings.maxHeaderSizeBytes,
    maxUrlBytes: settings.maxUrlBytes,
    bufferLimit: new BufferLimit(settings.maxBufferedBytes),
    readOrigin: createOriginReader(settings.trustProxy),
    nextId: createIds(),
    pools,
  };
  return (request, response, upgrade) => {
    const { exchange, pool, refusal } = admit(request, response, admitSettings, upgrade);
    if (refusal === undefined && pool.path === '' && answersStatus(exchange)) return;
    underWay.requests += 1;
    pool.usage.begin();
    const end = () => ended(pool);
    balance(exchange, refusal, pool, intake).then(end, (error: unknown) => {
      end();
      logger.error({ err: error, id: exchange.id }, 'A request failed by a defect');
      concludeDefect(exchange, pool);
    });
  };
}

/** Request ids: unpredictable across processes, cheap within one. */
function createIds(): () => string {
  const prefix = randomBytes(6).toString('hex');
  let count = 0;
  return () => {
    count += 1;
    return `${prefix}-${count.toString(36)}`;
  };
}
