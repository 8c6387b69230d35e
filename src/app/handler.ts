import { randomBytes } from 'node:crypto';
import { type AdmitSettings, admit } from '../balancer/admit.ts';
import { balance } from '../balancer/balance.ts';
import { concludeDefect } from '../balancer/conclude.ts';
import { createOriginReader } from '../balancer/origin.ts';
import type { BalancerParts } from '../balancer/parts.ts';
import type { Config } from '../config/config.ts';
import type { Handler } from '../server/client-request.ts';
import { createStatusPaths, type StatusSource } from '../server/status-paths.ts';
import { BufferLimit } from '../transport/buffer-limit.ts';
import type { Means } from './means.ts';

export interface HandlerParts {
  readonly balancer: BalancerParts;
  readonly status: StatusSource;
  /** Requests that have begun and not ended; a tunnel ends when it is closed. Written here. */
  readonly underWay: { requests: number };
}

/** What every request of a client goes through first. */
export function createHandler(
  config: Config,
  { balancer, status, underWay }: HandlerParts,
  { clock, logger }: Means,
): Handler {
  const ended = () => {
    underWay.requests -= 1;
  };
  const answersStatus = config.statusPaths ? createStatusPaths(status, clock) : () => false;
  const settings: AdmitSettings = {
    identity: balancer.wire.identity,
    clock,
    maxHeaderSizeBytes: config.maxHeaderSizeBytes,
    maxUrlBytes: config.maxUrlBytes,
    requestTimeoutMs: config.requestTimeoutMs,
    bufferLimit: new BufferLimit(config.maxBufferedBytes),
    readOrigin: createOriginReader(config.trustProxy),
    nextId: createIds(),
    guardsPath: () => balancer.registry.all.some((upstream) => upstream.basePath !== '/'),
  };
  return (request, response, upgrade) => {
    const { exchange, refusal } = admit(request, response, settings, upgrade);
    if (refusal === undefined && answersStatus(exchange)) return;
    underWay.requests += 1;
    balance(exchange, refusal, balancer).then(ended, (error: unknown) => {
      ended();
      logger.error({ err: error, id: exchange.id }, 'A request failed by a defect');
      concludeDefect(exchange, balancer);
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
