import { randomBytes } from 'node:crypto';
import { balance } from '../balancer/balance.ts';
import { concludeDefect } from '../balancer/conclude.ts';
import { type OpenSettings, open } from '../balancer/open.ts';
import { createOriginReader } from '../balancer/origin.ts';
import type { BalancerParts } from '../balancer/parts.ts';
import type { Config } from '../config/config.ts';
import type { Handler } from '../server/client-request.ts';
import { createStatusPaths, type StatusSource } from '../server/status-paths.ts';
import type { Means } from './means.ts';

/** What every request of a client goes through first. */
export function createHandler(
  config: Config,
  balancer: BalancerParts,
  status: StatusSource,
  { clock, logger }: Means,
): Handler {
  const answersStatus = config.statusPaths ? createStatusPaths(status) : () => false;
  const settings: OpenSettings = {
    identity: balancer.wire.identity,
    clock,
    maxHeaderSizeBytes: config.maxHeaderSizeBytes,
    maxUrlBytes: config.maxUrlBytes,
    requestTimeoutMs: config.requestTimeoutMs,
    readOrigin: createOriginReader(config.trustProxy),
    nextId: createIds(),
    guardsPath: () => balancer.registry.all.some((upstream) => upstream.basePath !== '/'),
  };
  return (request, response, upgrade) => {
    if (answersStatus(request, response)) return;
    const { exchange, refusal } = open(request, response, settings, upgrade);
    balance(exchange, refusal, balancer).catch((error: unknown) => {
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
