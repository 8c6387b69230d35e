/** Writes the program's events to the log: a line for each finished request, a warning for each change of state. */

import type { Event, EventOf, Listener } from './events.ts';
import type { Logger } from './log.ts';
import type { Random } from './random.ts';
import { logAttempt, logRequest, logTunnel, named, rounded } from './request-lines.ts';

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
      case 'quarantine-extended':
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

/** Whether an event is about a single request: that has a line where the request was served. */
export function isOfRequest({ type }: Event): boolean {
  return type === 'request-finished' || type === 'attempt-finished' || type === 'tunnel-opened';
}

/** An upstream has answered, and no error. How many were asked before does not matter: those attempts have lines of their own. */
function isGood({ result, status }: EventOf<'request-finished'>): boolean {
  return result === 'answered' && status < 400;
}

function logChange(
  logger: Logger,
  event: Exclude<
    Event,
    EventOf<
      'request-finished' | 'attempt-finished' | 'tunnel-opened' | 'hedge-finished' | 'quarantine-extended'
    >
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
      logger.info(alertOf(event), 'Alert sent');
      break;
    case 'alert-failed':
      logger.warn({ ...alertOf(event), problem: event.problem }, 'Alert not sent');
      break;
    case 'alert-lost':
      logger.warn({ ...alertOf(event), problem: event.problem }, 'Alert lost');
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

function alertOf({ notifier, kind, severity }: EventOf<'alert-sent' | 'alert-failed' | 'alert-lost'>) {
  return { notifier, kind, severity };
}
