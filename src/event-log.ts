/** Writes the program's events to the log: a line for each finished request, a warning for each change of state. */

import type { Event, EventOf, Listener, UpstreamIdentity } from './events.ts';
import type { Logger } from './log.ts';

/** How much of a client's text is logged. */
const LONGEST_HTTP_METHOD = 32;
const LONGEST_PATH = 1_024;

export function createEventLog(logger: Logger): Listener {
  let logsRequests = false;
  let logsAttempts = false;
  // Once for each change of the level, not for each request.
  const readLevel = () => {
    logsRequests = logger.isLevelEnabled('info');
    logsAttempts = logger.isLevelEnabled('debug');
  };
  readLevel();
  logger.on('level-change', readLevel);
  return (event) => {
    switch (event.type) {
      case 'request-finished':
        if (logsRequests) logRequest(logger, event);
        break;
      case 'attempt-finished':
        if (logsAttempts) {
          logger.debug(
            {
              id: event.id,
              ...named(event.upstream),
              result: event.result,
              ms: rounded(event.durationMs),
            },
            'Attempt',
          );
        }
        break;
      case 'hedge-finished':
        break;
      case 'tunnel-opened':
        if (logsAttempts) logger.debug({ id: event.id, ...named(event.upstream) }, 'Tunnel opened');
        break;
      default:
        logChange(logger, event);
    }
  };
}

function logRequest(logger: Logger, event: EventOf<'request-finished'>): void {
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
    },
    'Request',
  );
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
    case 'alert-lost':
      logger.warn({ notifier: event.notifier, kind: event.kind, problem: event.problem }, 'Alert lost');
      break;
    case 'alerts-resumed':
      logger.warn(
        { notifier: event.notifier, failingSeconds: rounded(event.failingMs / 1_000) },
        'Alerts are sent again',
      );
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
