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
import { alertText } from '../../src/notifiers/alert-text.ts';
import { createAlerts } from '../../src/notifiers/alerts.ts';
import { GATHER_MS } from '../../src/notifiers/group.ts';
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

const identities = new Map<string, UpstreamIdentity>();

/** The same object for one name. */
export function primary(name: string): UpstreamIdentity {
  const identity = identities.get(name) ?? new UpstreamIdentity(name, 'primary', POOL);
  identities.set(name, identity);
  return identity;
}

export function quarantined(name: string, reason: FailureReason, durationMs = 900_000): Event {
  const upstream = primary(name);
  return { type: 'upstream-quarantined', upstream, reason, method: undefined, durationMs };
}

/** A critical alert, but for what the test is about. */
export function alertLike(change: Partial<Alert> = {}): Alert {
  return {
    kind: 'all-upstreams-failed',
    severity: 'critical',
    pool: 'default',
    isOneOfSeveral: false,
    place: 'lb-1, production',
    what: 'no upstream gives a usable answer',
    sinceMs: Date.UTC(2026, 0, 15, 12),
    lastedMs: 0,
    requests: undefined,
    upstreams: [],
    client: 'errors',
    advice: undefined,
    link: undefined,
    ...change,
  };
}

/** Resolves when all that can happen without time passing has happened. */
export async function settled(): Promise<void> {
  await new Promise(setImmediate);
}

/** Alerts with everything real but the clock and, where none is given, the receiver. */
export function setUp(notifier?: Notifier, ...others: NamedNotifier[]) {
  const clock = new ManualClock();
  const problems: unknown[] = [];
  const announcer = new Announcer((error) => problems.push(error));
  /** Those that an operator has drained. */
  const drained: UpstreamIdentity[] = [];
  const failures: EventOf<'alert-failed'>[] = [];
  const losses: EventOf<'alert-lost'>[] = [];
  const sent: (Alert & { readonly text: string })[] = [];
  const recorder: Notifier = { send: async (alert) => void sent.push({ ...alert, text: alertText(alert) }) };
  announcer.listen((event) => {
    if (event.type === 'alert-failed') failures.push(event);
    if (event.type === 'alert-lost') losses.push(event);
  });
  const alerts = createAlerts({
    announcer,
    notifiers: [{ ...(notifier ?? recorder), name: 'first' }, ...others],
    clock,
    cooldownMs: COOLDOWN_MS,
    link: 'https://lb.example/ops',
    random: () => 0,
    hostname: 'lb-1',
    env: 'production',
    drained: () => drained,
  });
  const announce = async (...events: Event[]) => {
    for (const event of events) {
      announcer.announce(event);
      await settled();
    }
    expect(problems).toEqual([]);
  };
  /** What single upstreams have is collected for a moment. */
  const gather = async () => {
    clock.advance(GATHER_MS);
    await settled();
  };
  const severities = () => sent.map(({ kind, severity }) => `${kind} ${severity}`);
  return { clock, announcer, alerts, drained, announce, gather, failures, losses, sent, severities };
}
