/** Writes the program's events to the log: a line for each finished request, a warning for each change of state. */

import type { Event, EventOf, Listener, UpstreamIdentity } from './events.ts';
import type { Logger } from './log.ts';
import type { Random } from './random.ts';

/** How much of a client's text is logged. */
const LONGEST_HTTP_METHOD = 32;
const LONGEST_PATH = 1_024;

export interface EventLogSettings {
  readonly logger: Logger;
  readonly random: Random;
  /** The share of good requests that have a line, from 0 to 1. */
  readonly sample: number;
}

export interface EventLog {
  readonly listener: Listener;
  /** From the next request on. */
  setSample(sample: number): void;
}

export function createEventLog({ logger, random, sample }: EventLogSettings): EventLog {
  let share = sample;
  let logsRequests = false;
  let logsAttempts = false;
  // Once for each change of the level, not for each request.
  const readLevel = () => {
    logsRequests = logger.isLevelEnabled('info');
    logsAttempts = logger.isLevelEnabled('debug');
  };
  readLevel();
  logger.on('level-change', readLevel);
  const listener: Listener = (event) => {
    switch (event.type) {
      case 'request-finished':
        if (!logsRequests) break;
        if (share === 1 || !isGood(event)) logRequest(logger, event);
        else if (random() < share) logRequest(logger, event, share);
        break;
      case 'attempt-finished':
        if (logsAttempts) logAttempt(logger, event);
        break;
      case 'hedge-finished':
        break;
      case 'tunnel-opened':
        if (logsAttempts) logTunnel(logger, event);
        break;
      default:
        logChange(logger, event);
    }
  };
  return {
    listener,
    setSample(next) {
      share = next;
    },
  };
}

/** An upstream has answered, and no error. How many were asked before does not matter: those attempts have lines of their own. */
function isGood({ result, status }: EventOf<'request-finished'>): boolean {
  return result === 'answered' && status < 400;
}

/** `sample`: what share of requests like this one have a line; undefined where all have. */
function logRequest(logger: Logger, event: EventOf<'request-finished'>, sample?: number): void {
  logger.info(
    {
      id: event.id,
      pool: event.pool.shown,
      client: event.clientAddress,
      clientName: event.clientName,
      method: truncated(event.method, LONGEST_HTTP_METHOD),
      path: event.path && truncated(event.path, LONGEST_PATH),
      rpcMethod: event.rpcMethod,
      result: event.result,
      status: event.status,
      code: event.code,
      upstream: event.upstream?.name,
      attempts: event.attempts,
      ms: rounded(event.durationMs),
      queuedMs: event.queuedMs > 0 ? rounded(event.queuedMs) : undefined,
      traceId: event.traceId,
      sample,
    },
    'Request',
  );
}

function logAttempt(logger: Logger, event: EventOf<'attempt-finished'>): void {
  const { id, traceId, upstream, result, durationMs } = event;
  logger.debug({ id, ...named(upstream), result, ms: rounded(durationMs), traceId }, 'Attempt');
}

/** The line of the request comes when the tunnel is closed, which may be days later. */
function logTunnel(logger: Logger, event: EventOf<'tunnel-opened'>): void {
  const { id, traceId, clientAddress: client, clientName, upstream } = event;
  logger.debug({ id, client, clientName, ...named(upstream), traceId }, 'Tunnel opened');
}

function logChange(
  logger: Logger,
  event: Exclude<
    Event,
    EventOf<'request-finished' | 'attempt-finished' | 'tunnel-opened' | 'hedge-finished'>
  >,
): void {
  switch (event.type) {
    case 'upstream-quarantined':
      logger.warn(
        {
          ...named(event.upstream),
          reason: event.reason,
          rpcMethod: event.method,
          seconds: rounded(event.durationMs / 1_000),
        },
        event.inQuestion ? 'In question' : 'Quarantined',
      );
      break;
    case 'upstream-released':
      logger.warn({ ...named(event.upstream), by: event.by }, 'Released');
      break;
    case 'upstream-down':
      logger.warn(
        { ...named(event.upstream), reason: event.reason, problem: event.problem },
        `Status change: ${event.upstream.name} [down]`,
      );
      break;
    case 'upstream-up':
      logger.warn(
        { ...named(event.upstream), downSeconds: rounded(event.downMs / 1_000) },
        `Status change: ${event.upstream.name} [up]`,
      );
      break;
    case 'upstream-lagging':
      logger.warn({ ...named(event.upstream), blocks: event.blocks }, 'Lags behind');
      break;
    case 'upstream-caught-up':
      logger.warn({ ...named(event.upstream), lagSeconds: rounded(event.laggedMs / 1_000) }, 'Caught up');
      break;
    case 'upstream-slow':
      logger.warn(
        { ...named(event.upstream), reason: event.reason, calls: event.calls },
        'Slow: asked after the others',
      );
      break;
    case 'upstream-quick':
      logger.warn(
        { ...named(event.upstream), calls: event.calls, slowSeconds: rounded(event.slowMs / 1_000) },
        'No longer slow',
      );
      break;
    case 'chain-undecided':
      logger.warn(
        { pool: event.pool.shown, chains: event.chains },
        'Upstreams are on different chains: set CHAIN_ID',
      );
      break;
    case 'upstream-kept':
      logger.warn(
        { ...named(event.upstream), downSeconds: rounded(event.downMs / 1_000) },
        'Not removed: nothing would be left in its place',
      );
      break;
    case 'limit-learnt':
      logger.info({ ...named(event.upstream), limit: event.limit, size: event.size }, 'Limit learnt');
      break;
    case 'limit-shared':
      logger.warn(
        { ...named(event.upstream), other: event.other.name },
        'Refused together: if they share an account at their provider, give both the same account=NAME',
      );
      break;
    case 'upstream-added':
      logger.warn({ ...named(event.upstream), tier: event.upstream.tier }, 'Added');
      break;
    case 'upstream-removed':
      logger.warn({ ...named(event.upstream), cause: event.cause }, 'Removed');
      break;
    case 'upstream-changed':
      logger.warn({ ...named(event.upstream), weight: event.weight, draining: event.draining }, 'Changed');
      break;
    case 'strategy-changed':
      logger.warn({ pool: event.pool.shown, strategy: event.strategy }, 'Strategy changed');
      break;
    case 'settings-reloaded':
      logger.warn({ changed: event.changed, restart: event.restart }, 'Settings reloaded');
      if (event.replaced.length > 0)
        logger.warn({ settings: event.replaced }, 'Replaced by the settings: what operators had changed');
      break;
    case 'pool-added':
      logger.warn({ pool: event.name }, 'Pool added');
      break;
    case 'pool-removed':
      logger.warn({ pool: event.name }, 'Pool removed');
      break;
    case 'reload-refused':
      for (const problem of event.problems) logger.error(`Not reloaded: ${problem}`);
      break;
    case 'overload-began':
      logger.warn({ lagMs: rounded(event.lagMs) }, 'Overloaded: new requests are refused');
      break;
    case 'overload-ended':
      logger.warn({ seconds: rounded(event.durationMs / 1_000) }, 'No longer overloaded');
      break;
    case 'shortage':
      logger.error({ code: event.code }, `Out of ${event.what}`);
      break;
    case 'name-lost':
      logger.warn({ host: event.host }, 'Host name not found: its last known addresses go on serving');
      break;
    case 'name-found':
      logger.warn({ host: event.host }, 'Host name found again');
      break;
    case 'alert-sent':
      logger.info({ notifier: event.notifier, kind: event.kind }, 'Alert sent');
      break;
    case 'alert-failed':
      logger.warn({ notifier: event.notifier, kind: event.kind, problem: event.problem }, 'Alert not sent');
      break;
    default:
      event satisfies never;
  }
}

/** An upstream, and where there are several pools, its pool. */
function named({ name, pool }: UpstreamIdentity): {
  readonly pool: string | undefined;
  readonly upstream: string;
} {
  return { pool: pool.shown, upstream: name };
}

/** For text whose length the client chooses. */
function truncated(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}

/** To a tenth: more digits would only be noise to the reader. */
function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
