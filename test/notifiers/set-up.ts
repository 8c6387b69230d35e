import { expect } from 'vitest';
import {
  Announcer,
  type Event,
  type EventOf,
  type FailureReason,
  PoolIdentity,
  type Tier,
  UpstreamIdentity,
} from '../../src/events.ts';
import { createAlerts } from '../../src/notifiers/alerts.ts';
import type { Alert, NamedNotifier, Notifier } from '../../src/notifiers/notifier.ts';
import { ManualClock } from '../support/manual-clock.ts';

export const POOL = new PoolIdentity('default');
export const COOLDOWN_MS = 300_000;

export function requestFinished(change: Partial<EventOf<'request-finished'>>): Event {
  return {
    type: 'request-finished',
    pool: POOL,
    id: 'r1',
    clientAddress: '192.0.2.7',
    clientName: undefined,
    method: 'POST',
    path: '/client/seCretPath',
    rpcMethod: 'eth_call',
    result: 'answered',
    status: 200,
    code: undefined,
    upstream: undefined,
    primariesOut: false,
    attempts: 1,
    queuedMs: 0,
    durationMs: 12,
    ...change,
  };
}

export const failed = requestFinished({
  result: 'failed',
  status: 502,
  code: 'ALL_UPSTREAMS_FAILED',
  attempts: 3,
});

export function answeredBy(name: string, tier: Tier, primariesOut = false): Event {
  return requestFinished({ upstream: new UpstreamIdentity(name, tier, POOL), primariesOut });
}

export function tunnelOpened(name: string, tier: Tier, primariesOut = false): Event {
  return {
    type: 'tunnel-opened',
    clientAddress: '192.0.2.1',
    clientName: undefined,
    id: 'r1',
    upstream: new UpstreamIdentity(name, tier, POOL),
    primariesOut,
  };
}

export const fallbackAnswered = answeredBy('spare', 'fallback', true);
export const primaryAnswered = answeredBy('alchemy', 'primary');

export function quarantined(name: string, reason: FailureReason, durationMs = 900_000): Event {
  const upstream = new UpstreamIdentity(name, 'primary', POOL);
  return { type: 'upstream-quarantined', upstream, reason, method: undefined, durationMs };
}

/** Alerts with everything real but the clock and, where none is given, the receiver. */
export function setUp(notifier?: Notifier, ...others: NamedNotifier[]) {
  const clock = new ManualClock();
  const problems: unknown[] = [];
  const announcer = new Announcer((error) => problems.push(error));
  const failures: EventOf<'alert-failed'>[] = [];
  const sent: Alert[] = [];
  const recorder: Notifier = { send: async (alert) => void sent.push(alert) };
  announcer.listen((event) => {
    if (event.type === 'alert-failed') failures.push(event);
  });
  const alerts = createAlerts({
    announcer,
    notifiers: [{ ...(notifier ?? recorder), name: 'first' }, ...others],
    clock,
    cooldownMs: COOLDOWN_MS,
    hostname: 'lb-1',
    env: 'production',
  });
  const announce = async (...events: Event[]) => {
    for (const event of events) announcer.announce(event);
    expect(problems).toEqual([]);
    if (!notifier) await alerts.drain(1_000);
  };
  const severities = () => sent.map(({ kind, severity }) => `${kind} ${severity}`);
  return { clock, announcer, alerts, announce, failures, sent, severities };
}
