import { describe, expect, it } from 'vitest';
import { createEventLog } from '../src/event-log.ts';
import type { Event } from '../src/events.ts';
import { createLog } from '../src/log.ts';
import { linesInto } from './support/app.ts';
import { upstream } from './support/upstreams.ts';

const all = { random: () => 0.999, sample: 1 };

async function logged(event: Event, level = 'debug'): Promise<Record<string, unknown>[]> {
  const lines: Record<string, unknown>[] = [];
  const { logger, flush } = await createLog({ level, format: 'json', secrets: [], to: linesInto(lines) });
  createEventLog({ logger, ...all }).listener(event);
  flush();
  return lines.map(({ time, ...line }) => line);
}

// As the program announces it: nothing of its URL may come along.
const { identity: A } = upstream('A', { url: 'https://user:SECRET@a.example/SECRET?k=SECRET' });

const request: Event = {
  type: 'request-finished',
  pool: A.pool,
  id: 'abc-1',
  clientAddress: '192.0.2.1',
  clientName: undefined,
  method: 'POST',
  path: '/x',
  rpcMethod: 'eth_call',
  result: 'answered',
  status: 200,
  code: undefined,
  upstream: A,
  primariesOut: false,
  attempts: 2,
  queuedMs: 0,
  durationMs: 12.3456,
};

const tunnel: Event = {
  type: 'tunnel-opened',
  id: 'abc-1',
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  clientAddress: '192.0.2.1',
  clientName: 'alice',
  upstream: A,
  primariesOut: false,
};

const rows: readonly [what: string, event: Event, line: Record<string, unknown>][] = [
  [
    'a tunnel that was opened',
    tunnel,
    {
      level: 'debug',
      msg: 'Tunnel opened',
      id: 'abc-1',
      client: '192.0.2.1',
      clientName: 'alice',
      upstream: 'A',
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    },
  ],
  [
    'a request that was answered',
    request,
    {
      level: 'info',
      msg: 'Request',
      id: 'abc-1',
      client: '192.0.2.1',
      method: 'POST',
      path: '/x',
      rpcMethod: 'eth_call',
      result: 'answered',
      status: 200,
      upstream: 'A',
      attempts: 2,
      ms: 12.3,
    },
  ],
  [
    'a request that got an answer of our own',
    {
      ...request,
      rpcMethod: undefined,
      result: 'failed',
      status: 502,
      code: 'ALL_UPSTREAMS_FAILED',
      upstream: undefined,
      durationMs: 0.04,
    },
    {
      level: 'info',
      msg: 'Request',
      id: 'abc-1',
      client: '192.0.2.1',
      method: 'POST',
      path: '/x',
      result: 'failed',
      status: 502,
      code: 'ALL_UPSTREAMS_FAILED',
      attempts: 2,
      ms: 0,
    },
  ],
  [
    'an attempt',
    {
      type: 'attempt-finished',
      id: 'x',
      upstream: A,
      result: 'timeout',
      tunnel: false,
      durationMs: 10_000.06,
    },
    { level: 'debug', msg: 'Attempt', id: 'x', upstream: 'A', result: 'timeout', ms: 10_000.1 },
  ],
  [
    'a quarantine',
    { type: 'upstream-quarantined', upstream: A, reason: 'refused', method: undefined, durationMs: 5_432 },
    { level: 'warn', msg: 'Quarantined', upstream: 'A', reason: 'refused', seconds: 5.4 },
  ],
  [
    'the ban of a method',
    {
      type: 'upstream-quarantined',
      upstream: A,
      reason: 'method-unsupported',
      method: 'debug_x',
      durationMs: 300_000,
    },
    {
      level: 'warn',
      msg: 'Quarantined',
      upstream: 'A',
      reason: 'method-unsupported',
      rpcMethod: 'debug_x',
      seconds: 300,
    },
  ],
  [
    'a release',
    { type: 'upstream-released', upstream: A, by: 'trial' },
    { level: 'warn', msg: 'Released', upstream: 'A', by: 'trial' },
  ],
  [
    'an upstream that went down',
    { type: 'upstream-down', upstream: A, reason: 'probe-failed', problem: 'connection refused' },
    {
      level: 'warn',
      msg: 'Status change: A [down]',
      upstream: 'A',
      reason: 'probe-failed',
      problem: 'connection refused',
    },
  ],
  [
    'an upstream that came up',
    { type: 'upstream-up', upstream: A, downMs: 61_250 },
    { level: 'warn', msg: 'Status change: A [up]', upstream: 'A', downSeconds: 61.3 },
  ],
  [
    'an upstream that lags',
    { type: 'upstream-lagging', upstream: A, blocks: 12 },
    { level: 'warn', msg: 'Lags behind', upstream: 'A', blocks: 12 },
  ],
  [
    'an upstream that has caught up',
    { type: 'upstream-caught-up', upstream: A, laggedMs: 61_250 },
    { level: 'warn', msg: 'Caught up', upstream: 'A', lagSeconds: 61.3 },
  ],
  [
    'upstreams on different chains',
    { type: 'chain-undecided', pool: A.pool, chains: '1 (A), 5 (B)', votes: [] },
    {
      level: 'warn',
      msg: 'Upstreams are on different chains: set CHAIN_ID',
      chains: '1 (A), 5 (B)',
    },
  ],
  [
    'an upstream that is not removed',
    { type: 'upstream-kept', upstream: A, downMs: 600_000 },
    {
      level: 'warn',
      msg: 'Not removed: nothing would be left in its place',
      upstream: 'A',
      downSeconds: 600,
    },
  ],
  [
    'an upstream that was removed',
    { type: 'upstream-removed', upstream: A, cause: 'unhealthy' },
    { level: 'warn', msg: 'Removed', upstream: 'A', cause: 'unhealthy' },
  ],
  [
    'the begin of an overload',
    { type: 'overload-began', lagMs: 612.34 },
    { level: 'warn', msg: 'Overloaded: new requests are refused', lagMs: 612.3 },
  ],
  [
    'the end of an overload',
    { type: 'overload-ended', durationMs: 4_000 },
    { level: 'warn', msg: 'No longer overloaded', seconds: 4 },
  ],
  [
    'an alert that was not sent',
    {
      type: 'alert-failed',
      notifier: 'slack',
      kind: 'everything-failed',
      severity: 'critical',
      problem: 'HTTP 500',
    },
    {
      level: 'warn',
      msg: 'Alert not sent',
      notifier: 'slack',
      kind: 'everything-failed',
      severity: 'critical',
      problem: 'HTTP 500',
    },
  ],
  [
    'an alert that is given up',
    {
      type: 'alert-lost',
      notifier: 'slack',
      kind: 'everything-failed',
      severity: 'critical',
      problem: 'HTTP 404',
    },
    {
      level: 'warn',
      msg: 'Alert lost',
      notifier: 'slack',
      kind: 'everything-failed',
      severity: 'critical',
      problem: 'HTTP 404',
    },
  ],
  [
    'a notifier that works again',
    { type: 'alerts-resumed', notifier: 'slack', failingMs: 61_000 },
    { level: 'warn', msg: 'Alerts are sent again', notifier: 'slack', failingSeconds: 61 },
  ],
];

describe('the event log', () => {
  it.each(rows)('writes one line for %s', async (_, event, line) => {
    expect(await logged(event)).toEqual([line]);
  });

  it.each(rows)('shows nothing of a URL for %s', async (_, event) => {
    expect(JSON.stringify(await logged(event))).not.toMatch(/SECRET|a\.example/);
  });

  it('leaves attempts out at info, requests at warn, and changes at error', async () => {
    const written = async (level: string) =>
      (await Promise.all(rows.map(([, event]) => logged(event, level)))).flat().map(({ level: own }) => own);
    expect(new Set(await written('info'))).toEqual(new Set(['info', 'warn']));
    expect(new Set(await written('warn'))).toEqual(new Set(['warn']));
    expect(await written('error')).toEqual([]);
  });
});

it('follows the level of the log', async () => {
  const lines: { msg?: string }[] = [];
  const log = await createLog({ level: 'info', format: 'json', secrets: [], to: linesInto(lines) });
  const { listener } = createEventLog({ logger: log.logger, ...all });
  const levels = ['warn', 'debug', 'info'];
  for (const level of levels) {
    log.setLevel(level);
    listener(request);
    listener({ ...tunnel, id: level });
  }
  log.flush();
  expect(lines.map(({ msg }) => msg)).toEqual(['Request', 'Tunnel opened', 'Request']);
});

describe('a share of the good requests', () => {
  const draws = [0.05, 0.5, 0.0999, 0.1, 0.9];

  /** What is logged of these at LOG_SAMPLE=0.1, with these draws in turn, and how many were made. */
  async function sampled(events: readonly Event[], sample = 0.1) {
    const lines: Record<string, unknown>[] = [];
    const log = await createLog({ level: 'debug', format: 'json', secrets: [], to: linesInto(lines) });
    let drawn = 0;
    const random = () => draws[drawn++] ?? 0.999;
    const eventLog = createEventLog({ logger: log.logger, random, sample });
    for (const event of events) eventLog.listener(event);
    log.flush();
    return { lines, drawn, eventLog, log };
  }

  it('has a line, which says so', async () => {
    const { lines } = await sampled(draws.map((_, index) => ({ ...request, id: `${index}` })));
    expect(lines.map(({ id, sample }) => [id, sample])).toEqual([
      ['0', 0.1],
      ['2', 0.1],
    ]);
  });

  it.each<[string, Partial<Event & { type: 'request-finished' }>]>([
    ['failed', { result: 'failed', status: 502 }],
    ['was refused', { result: 'refused', status: 401 }],
    ['was refused with status 200', { result: 'refused', status: 200, code: 'METHOD_DENIED' }],
    ['was cut', { result: 'cut' }],
    ['whose client left', { result: 'client-left', status: 0 }],
    ['got an error of the upstream', { status: 404 }],
  ])('says nothing of a request that %s: it always has a line', async (_, difference) => {
    const { lines, drawn } = await sampled([{ ...request, ...difference }], 0);
    expect(lines.map(({ msg, sample }) => [msg, sample])).toEqual([['Request', undefined]]);
    expect(drawn).toBe(0);
  });

  it('says nothing of attempts, tunnels and changes of state', async () => {
    const others = rows.map(([, event]) => event).filter(({ type }) => type !== 'request-finished');
    const { lines, drawn } = await sampled(others, 0);
    expect([lines.length, drawn]).toEqual([others.length, 0]);
  });

  it('can be changed, and of all nothing is left to chance', async () => {
    const { lines, eventLog, log } = await sampled([request], 0);
    eventLog.setSample(1);
    eventLog.listener(request);
    log.flush();
    expect(lines.map(({ sample }) => sample)).toEqual([undefined]);
    expect((await sampled([request, request], 1)).drawn).toBe(0);
  });
});
