import { describe, expect, it } from 'vitest';
import { isTold, sentenceOf, subjectOf, TOLD_TYPES } from '../src/event-sentences.ts';
import { type Event, FAILURE_REASONS, PoolIdentity, UpstreamIdentity } from '../src/events.ts';
import { durationInWords } from '../src/numbers-in-words.ts';

const pool = new PoolIdentity('base');
pool.shown = 'base';
const upstream = new UpstreamIdentity('two', 'primary', pool);
const other = new UpstreamIdentity('three', 'fallback', pool);
const quarantined = { type: 'upstream-quarantined', upstream, method: undefined } as const;

const SENTENCES: readonly (readonly [Event, string])[] = [
  [{ ...quarantined, reason: 'rate-limited', durationMs: 1_000 }, 'info: two was rate-limited for 1 s'],
  [{ ...quarantined, reason: 'rate-limited', durationMs: 60_000 }, 'bad: two was rate-limited for 1 min'],
  [{ ...quarantined, reason: 'timeout', durationMs: 125_000 }, 'bad: two timed out: left out for 2 min 5 s'],
  [{ ...quarantined, reason: 'auth', durationMs: 3_600_000 }, 'bad: two refuses our key: left out for 1 h'],
  [
    { ...quarantined, reason: 'method-unsupported', method: 'trace_block', durationMs: 3_600_000 },
    'bad: two does not support the method: it gets no trace_block for 1 h',
  ],
  [
    { ...quarantined, reason: 'reset', durationMs: 1_000, inQuestion: true },
    'bad: two closed the connection without an answer: left out until a test call shows whether it or the request was at fault',
  ],
  [
    { type: 'upstream-released', upstream, by: 'probe' },
    'good: two is usable again: a health check answered',
  ],
  [{ type: 'upstream-released', upstream, by: 'operator' }, 'good: two was released by an operator'],
  [
    { type: 'upstream-down', upstream, reason: 'probe-failed', problem: 'connection refused (ECONNREFUSED)' },
    'bad: two is down: connection refused (ECONNREFUSED)',
  ],
  [
    { type: 'upstream-down', upstream, reason: 'wrong-chain', problem: '5 instead of 1.' },
    'bad: two is on the wrong chain: 5 instead of 1',
  ],
  [{ type: 'upstream-up', upstream, downMs: 42_000 }, 'good: two is up again after 42 s'],
  [
    { type: 'upstream-kept', upstream, downMs: 600_000 },
    'bad: two has been down for 10 min, and stays: nothing would be left in its place',
  ],
  [
    { type: 'upstream-lagging', upstream, blocks: 1 },
    'bad: two is 1 block behind, and asked after the others',
  ],
  [{ type: 'upstream-caught-up', upstream, laggedMs: 3_000 }, 'good: two has caught up after 3 s'],
  [
    { type: 'upstream-slow', upstream, reason: 'silent', calls: undefined },
    'bad: two does not answer at the moment, and is asked after the others',
  ],
  [
    { type: 'upstream-slow', upstream, reason: 'slow', calls: 'logs' },
    'bad: two is much slower than the others for logs, and asked after them',
  ],
  [
    { type: 'upstream-quick', upstream, calls: undefined, slowMs: 65_000 },
    'good: two is no longer slow, after 1 min 5 s',
  ],
  [
    { type: 'chain-undecided', pool, chains: '1 (a), 5 (b)', votes: [] },
    'bad: the upstreams of base are on different chains, 1 (a), 5 (b): set CHAIN_ID',
  ],
  [
    { type: 'limit-learnt', upstream, limit: 'logs_range', size: 1_000 },
    'info: two takes at most 1000 blocks in one range of logs',
  ],
  [
    { type: 'limit-learnt', upstream, limit: 'batch', size: 1 },
    'info: two takes at most 1 call in one batch',
  ],
  [
    { type: 'limit-shared', upstream, other },
    'info: two and three are rate-limited together: they may share an account',
  ],
  [{ type: 'upstream-added', upstream: other }, 'info: three was added as a fallback'],
  [{ type: 'upstream-removed', upstream, cause: 'operator' }, 'info: two was removed by an operator'],
  [
    { type: 'upstream-removed', upstream, cause: 'unhealthy' },
    'bad: two was removed: it had been down for too long',
  ],
  [
    { type: 'upstream-changed', upstream: other, weight: 1, draining: true, changed: ['draining'] },
    'info: three was drained by an operator',
  ],
  [
    { type: 'upstream-changed', upstream, weight: 3, draining: false, changed: ['weight', 'draining'] },
    'info: two was given the weight 3 and taken back into service by an operator',
  ],
  [
    { type: 'upstream-changed', upstream, weight: 3, draining: true },
    'info: two was changed by the settings: weight 3, draining',
  ],
  [{ type: 'strategy-changed', pool, strategy: 'peak-ewma' }, 'info: the strategy of base is now peak-ewma'],
  [
    { type: 'strategy-changed', pool: new PoolIdentity('default'), strategy: 'shuffle' },
    'info: the strategy is now shuffle',
  ],
  [
    { type: 'settings-reloaded', changed: ['STRATEGY', 'MAX_BODY'], restart: ['PORT'], replaced: [] },
    'info: the settings were read anew; changed: STRATEGY, MAX_BODY; after a restart: PORT',
  ],
  [
    { type: 'settings-reloaded', changed: [], restart: [], replaced: [] },
    'info: the settings were read anew; nothing has changed',
  ],
  [
    { type: 'reload-refused', problems: ['PORT=x is not allowed', 'b', 'c'] },
    'bad: the settings were read anew, and nothing has changed: PORT=x is not allowed (and 2 more problems)',
  ],
  [{ type: 'pool-added', pool, name: 'base' }, 'info: the pool base was added'],
  [{ type: 'pool-removed', pool, name: 'base' }, 'info: the pool base was removed'],
  [{ type: 'overload-began', lagMs: 300 }, 'bad: the load balancer is overloaded, and refuses new requests'],
  [
    { type: 'overload-ended', durationMs: 2_500 },
    'good: the load balancer is no longer overloaded, after 2.5 s',
  ],
  [{ type: 'shortage', code: 'EMFILE', what: 'descriptors' }, 'bad: this machine is out of descriptors'],
  [
    { type: 'name-lost', host: 'rpc.example' },
    'bad: the host name rpc.example is not found any more: its last known addresses go on serving',
  ],
  [{ type: 'name-found', host: 'rpc.example' }, 'good: the host name rpc.example is found again'],
  [
    { type: 'alert-sent', notifier: 'slack', kind: 'credentials', severity: 'warning' },
    'info: an alert was sent by slack: credentials',
  ],
  [
    {
      type: 'alert-failed',
      notifier: 'slack',
      kind: 'credentials',
      severity: 'warning',
      problem: 'HTTP 500',
    },
    'bad: an alert could not be sent by slack, and is tried again: credentials, HTTP 500',
  ],
  [
    { type: 'alert-lost', notifier: 'slack', kind: 'credentials', severity: 'warning', problem: 'HTTP 404' },
    'bad: an alert was given up by slack: credentials, HTTP 404',
  ],
  [
    { type: 'alert-sent', notifier: 'slack', kind: 'fallback-in-use', severity: 'resolved' },
    'info: the end of fallback-in-use was told by slack',
  ],
  [
    {
      type: 'alert-failed',
      notifier: 'slack',
      kind: 'fallback-in-use',
      severity: 'resolved',
      problem: 'HTTP 500',
    },
    'bad: the end of fallback-in-use could not be told by slack, and is tried again: HTTP 500',
  ],
  [
    {
      type: 'alert-lost',
      notifier: 'slack',
      kind: 'fallback-in-use',
      severity: 'resolved',
      problem: 'HTTP 404',
    },
    'bad: the end of fallback-in-use was not told by slack: HTTP 404',
  ],
  [
    { type: 'alerts-resumed', notifier: 'slack', failingMs: 65_000 },
    'good: alerts are sent by slack again, after 1 min 5 s',
  ],
];

describe('an event in plain words', () => {
  it.each(SENTENCES)('%o', (event, expected) => {
    const sentence = sentenceOf(event);
    expect(`${sentence?.level}: ${sentence?.text}`).toBe(expected);
  });

  it('is tried here for every type that is told', () => {
    expect(TOLD_TYPES.filter((type) => !SENTENCES.some(([event]) => event.type === type))).toEqual([]);
  });

  it.each(FAILURE_REASONS)('says what %s means', (reason) => {
    const text = sentenceOf({ ...quarantined, reason, durationMs: 1_000 })?.text ?? '';
    expect(text).toMatch(/^two (?!undefined).{8,}[^.]$/);
  });

  it('is there for no event of a single request', () => {
    const event = {
      type: 'tunnel-opened',
      id: 'x',
      clientAddress: '::1',
      clientName: undefined,
      upstream,
      primariesOut: false,
    } as const;
    expect([sentenceOf(event), isTold(event)]).toEqual([undefined, false]);
  });

  it('is cut off where a problem is of any length', () => {
    const problem = 'x'.repeat(10_000);
    const text = sentenceOf({ type: 'upstream-down', upstream, reason: 'probe-failed', problem })?.text;
    expect(text).toMatch(/^two is down: x{200,}…$/);
    expect(text?.length).toBe(301);
  });

  it('tells whom it is about', () => {
    expect(subjectOf({ type: 'limit-shared', upstream, other })).toEqual({ upstream, pool });
    expect(subjectOf({ type: 'strategy-changed', pool, strategy: 'x' })).toEqual({
      upstream: undefined,
      pool,
    });
    expect(subjectOf({ type: 'name-found', host: 'x' })).toEqual({ upstream: undefined, pool: undefined });
  });
});

it.each([
  [0, '0.1 s'],
  [420, '0.4 s'],
  [1_000, '1 s'],
  [9_949, '9.9 s'],
  [9_950, '10 s'],
  [59_400, '59 s'],
  [59_600, '1 min'],
  [125_000, '2 min 5 s'],
  [3_600_000, '1 h'],
  [11_040_000, '3 h 4 min'],
  [86_400_000, '1 d'],
  [190_800_000, '2 d 5 h'],
])('%d ms are %s', (ms, expected) => {
  expect(durationInWords(ms)).toBe(expected);
});
