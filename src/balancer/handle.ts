/** What every request of a client goes through: its head is read, then the pool's upstreams are asked. */

import { randomBytes } from 'node:crypto';
import type { Clients } from '../clients/clients.ts';
import { answersPreflight } from '../clients/cors.ts';
import type { Identity } from '../http/header-lines.ts';
import type { IncomingRequest, OutgoingResponse, UpgradeRequest } from '../http/messages.ts';
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
  readonly clients: Clients;
  /** Answers a request for one of the program's own paths; false for any other request. */
  readonly answersStatus: (exchange: Exchange) => boolean;
}

type Handle = (request: IncomingRequest, response: OutgoingResponse, upgrade?: UpgradeRequest) => void;

export interface RequestHandler {
  readonly handle: Handle;
  /** From the next request on; those under way end as they began. */
  reconfigure(settings: HandlerSettings, serving: Serving): void;
}

/** What requests are served by. */
export type Serving = Pick<HandlerDependencies, 'pools' | 'intake' | 'clients' | 'answersStatus'>;

export function createHandler(
  settings: HandlerSettings,
  { runtime, identity, ...first }: HandlerDependencies,
): RequestHandler {
  const { clock, logger } = runtime;
  const bufferLimit = new BufferLimit(settings.maxBufferedBytes);
  const nextId = createIds();
  const admitBy = (by: HandlerSettings, { pools, clients }: Serving): AdmitSettings => {
    const { maxHeaderSizeBytes, maxUrlBytes } = by;
    const readOrigin = createOriginReader(by.trustProxy);
    const limits = { maxHeaderSizeBytes, maxUrlBytes, bufferLimit };
    return { identity, clock, ...limits, readOrigin, nextId, pools, clients };
  };
  let serving: Serving = first;
  let admitSettings = admitBy(settings, serving);
  const handle: Handle = (request, response, upgrade) => {
    const { pools, intake, clients, answersStatus } = serving;
    const { exchange, pool, refusal } = admit(request, response, admitSettings, upgrade);
    if (refusal === undefined) {
      if (clients.cors && answersPreflight(exchange)) return;
      if (pool.path === '' && mayAskStatus(exchange) && answersStatus(exchange)) return;
    }
    if (pool === pools.nowhere) exchange.barred ??= 'NO_SUCH_POOL';
    const { usage } = pool;
    usage.begin();
    const ended = () => usage.end();
    balance(exchange, refusal, pool, intake).then(ended, (error: unknown) => {
      ended();
      logger.error({ err: error, id: exchange.id }, 'A request failed by a defect');
      concludeDefect(exchange, pool);
    });
  };
  return {
    handle,
    reconfigure(next, nextServing) {
      bufferLimit.setLimit(next.maxBufferedBytes);
      serving = nextServing;
      admitSettings = admitBy(next, serving);
    },
  };
}

/** Whoever watches whether the process is well needs no key. */
function mayAskStatus({ barred, target }: Exchange): boolean {
  return barred === undefined || /^\/(?:healthz$|readyz(?:\/|$))/.test(target.path);
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
