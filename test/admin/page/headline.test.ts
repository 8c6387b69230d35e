// The sentence at the top of the live page, and what the state costs.
import { describe, expect, it } from 'vitest';
import { cost, headline } from '../../../src/admin/page/headline.js';
import { Outages } from '../../../src/admin/page/outages.js';
import { ago, event, local, NOW, out, row, store, type Told } from './page-state.ts';

const UNTIL = '2026-11-26T12:03:20.000Z';
const EARLIER = '2026-11-26T11:58:00.000Z';
const LATER = '2026-11-26T11:59:00.000Z';
const TRAFFIC = { default: { requests: [10, 10], good: [10, 10] } };

function said(told: Told): readonly [level: string, sentence: string] {
  const { level, sentence } = headline(store({ requests: TRAFFIC, ...told }));
  return [level, sentence.replaceAll('\u00a0', ' ')];
}

describe('the headline', () => {
  it('says that all is well, or that nothing came yet', () => {
    const rows = [row('a'), row('b'), row('f', { tier: 'fallback' })];
    expect(said({ rows })).toEqual(['good', 'Serving from all 2 primaries.']);
    expect(said({ rows: [row('a')] })).toEqual(['good', 'Serving from the only primary.']);
    expect(said({ rows, requests: {} })).toEqual(['idle', 'Ready to serve from all 2 primaries.']);
  });

  it('names who is out, why and until when', () => {
    const alchemy = out('alchemy', { reason: 'rate-limited', until: UNTIL });
    expect(said({ rows: [row('a'), alchemy] })).toEqual([
      'warn',
      `Serving from 1 of 2 primaries; alchemy is rate-limited until ${local(UNTIL)}.`,
    ]);
    const down = row('a', { state: 'down', reason: 'probe-failed' });
    const events = [event('upstream-down', 'a', EARLIER)];
    expect(said({ rows: [down, row('b')], events })[1]).toBe(
      `Serving from 1 of 2 primaries; a fails its health checks since ${local(EARLIER)}.`,
    );
  });

  it('names three of many, together those with the same reason, and those that an operator has drained last', () => {
    const rows = [row('a', { state: 'draining' }), ...['b', 'c', 'd'].map((name) => out(name)), row('e')];
    expect(said({ rows })[1]).toBe(
      'Serving from 1 of 5 primaries; b, c and d do not answer in time and 1 more is out.',
    );
  });

  it('does not count as trouble what an operator has drained', () => {
    const rows = [row('a'), row('b'), row('ankr', { state: 'draining' })];
    expect(said({ rows })).toEqual(['good', 'Serving from 2 of 3 primaries; ankr is drained.']);
    expect(said({ rows, requests: {} })).toEqual([
      'idle',
      'Ready to serve from 2 of 3 primaries; ankr is drained.',
    ]);
  });

  it('does not change for bans of seconds while others serve', () => {
    const limited = out('limited', { reason: 'rate-limited', until: '2026-11-26T12:00:00.900Z' });
    expect(said({ rows: [row('a'), limited] })).toEqual(['good', 'Serving from all 2 primaries.']);
    const begun = event('upstream-quarantined', 'limited', NOW);
    expect(said({ rows: [row('a'), limited], events: [begun] })[0]).toBe('warn');
    expect(said({ rows: [row('a'), limited], events: [{ ...begun, out: 'brief' }] })[0]).toBe('good');
    // Nobody else: requests may wait for it, until one fails.
    expect(said({ rows: [limited] })).toEqual(['good', 'Serving from the only primary.']);
    const failing = { default: { requests: [10, 1], good: [10, 0] } };
    expect(said({ rows: [limited], requests: failing })[0]).toBe('bad');
  });

  it('says who is left out again and again', () => {
    const flapping = event('upstream-quarantined', 'a', LATER, { count: 4, out: 'brief' });
    expect(said({ rows: [row('a'), row('b')], events: [{ ...flapping, time: NOW }] })).toEqual([
      'warn',
      'Serving from all 2 primaries; a fails on and off.',
    ]);
  });

  it('says that fallbacks carry, since the last primary went out', () => {
    const rows = [out('a'), out('b'), row('f', { tier: 'fallback' })];
    const events = [event('upstream-quarantined', 'a', EARLIER), event('upstream-quarantined', 'b', LATER)];
    expect(said({ rows, events })).toEqual([
      'warn',
      `All 2 primaries are out since ${local(LATER)}; the fallback f serves.`,
    ]);
  });

  it('says first which pools have nothing usable', () => {
    const rows = [row('a', { pool: 'default' }), out('b', { pool: 'base' }), out('c', { pool: 'polygon' })];
    const fallback = row('f', { pool: 'polygon', tier: 'fallback' });
    const late = out('d', { pool: 'default', reason: 'auth' });
    const told = { rows: [...rows, fallback, late], pools: ['default', 'base', 'polygon'] };
    expect(said(told)).toEqual([
      'bad',
      'No upstream is usable in base: clients get errors. b does not answer in time. ' +
        'The only primary in polygon is out; the fallback f serves. ' +
        'Besides, d refuses our key.',
    ]);
    expect(said({ rows: [], pools: ['default'] })[1]).toBe('No upstream is usable: clients get errors.');
  });

  it('says who is slow or behind', () => {
    const rows = [
      row('a', { block_height: 100, chain_id: '1' }),
      row('b', { block_height: 83, chain_id: '1', lagging: true }),
      row('c', { slow: true }),
    ];
    expect(said({ rows })).toEqual([
      'warn',
      'Serving from all 3 primaries; b is 17 blocks behind and c is slow.',
    ]);
  });

  it('says that requests fail though all upstreams are usable', () => {
    const requests = { default: { requests: [10, 10], good: [10, 5] } };
    expect(said({ rows: [row('a'), row('b')], requests })).toEqual([
      'bad',
      'Serving from all 2 primaries, but 5 of 20 requests of the last minute failed.',
    ]);
  });
});

describe('the headline, while clients get errors,', () => {
  const alpha = row('alpha', { state: 'down', reason: 'probe-failed' });
  const rows = [alpha, row('beta')];
  const failed = (numbers: Record<number, number>, good: Record<number, number> = {}) => ({
    default: { requests: ago(numbers), good: ago(good) },
  });

  it('is red, however few requests came, and says who counts as usable', () => {
    const events = [event('upstream-down', 'alpha', EARLIER)];
    expect(said({ rows, events, requests: failed({ 10: 2, 5: 1 }) })).toEqual([
      'bad',
      'Clients get errors: all 3 requests of the last minute failed. ' +
        `1 of 2 primaries counts as usable; alpha fails its health checks since ${local(EARLIER)}.`,
    ]);
    expect(said({ rows: [row('a')], requests: failed({ 5: 1 }) })[1]).toBe(
      'Clients get errors: the only request of the last minute failed. The only primary counts as usable.',
    );
    expect(said({ rows, requests: failed({ 5: 10 }, { 5: 2 }) })[1]).toMatch(
      /^Clients get errors: 8 of 10 requests of the last minute failed\. /,
    );
  });

  it('stays red in a quiet time, until a good answer or an upstream comes back', () => {
    const requests = failed({ 100: 2, 95: 1 }, { 300: 1 });
    expect(said({ rows, requests })).toEqual([
      'bad',
      expect.stringMatching(
        /^Clients get errors: the last 3 requests failed, and none came since [\d:]{8}\. /,
      ),
    ]);
    const back = event('upstream-up', 'alpha', LATER);
    expect(said({ rows, requests, events: [{ ...back, time: NOW }] })[0]).toBe('warn');
    expect(said({ rows, requests: failed({ 100: 3, 70: 1 }, { 70: 1 }) })[0]).toBe('warn');
    expect(said({ rows, requests: failed({ 40: 30, 5: 10 }, { 5: 10 }) })[1]).toMatch(
      /^Serving from 1 of 2 primaries, but 30 of 40 requests of the last minute failed; /,
    );
  });

  it('names the pool whose requests fail', () => {
    const told = {
      rows: [row('a', { pool: 'default' }), row('b', { pool: 'base' })],
      pools: ['default', 'base'],
      requests: { ...TRAFFIC, base: { requests: [4], good: [0] } },
    };
    expect(said(told)[1]).toBe(
      'Clients of base get errors: all 4 requests of the last minute failed. All 2 primaries in 2 pools count as usable.',
    );
  });

  const beta = (until: string) => out('beta', { reason: 'rate-limited', until });
  const laggy = row('laggy', { state: 'down', reason: 'probe-failed' });
  const down = [event('upstream-down', 'alpha', EARLIER), event('upstream-down', 'laggy', EARLIER)];

  it('says who is out and why when nobody is left', () => {
    const begun = event('upstream-quarantined', 'beta', LATER, { pool: 'default' });
    const told = { rows: [alpha, laggy, beta(UNTIL)], events: [...down, begun], requests: {} };
    expect(said(told)[1]).toBe(
      `No upstream is usable since ${local(LATER)}: clients get errors. ` +
        `alpha and laggy fail their health checks and beta is rate-limited until ${local(UNTIL)}.`,
    );
    const many = [alpha, laggy, ...['c', 'd', 'e'].map((name) => out(name))];
    expect(said({ rows: many, requests: {} })[1]).toMatch(
      /alpha and laggy fail their health checks, c does not answer in time and 2 more are out\.$/,
    );
  });

  it('says since the first failure after the last good answer, and no later time while that lasts', () => {
    const begun = event('upstream-quarantined', 'beta', NOW);
    const told = { rows: [alpha, beta(UNTIL)], events: [...down, begun] };
    const since = (seconds: number) => local(new Date(Date.parse(NOW) - seconds * 1_000).toISOString());
    const requests = failed({ 200: 5, 120: 1, 80: 1, 5: 1 }, { 200: 5 });
    expect(said({ ...told, requests })[1]).toContain(`usable since ${since(121)}:`);
    const outages = new Outages();
    headline(store({ ...told, requests }), outages);
    const later = store({ ...told, requests: failed({ 5: 1 }) });
    expect(headline(later, outages).sentence).toContain(`usable since ${since(121)}:`);
    headline(store({ rows: [row('alpha')], requests: TRAFFIC }), outages);
    expect(headline(later, outages).sentence).toContain(`usable since ${since(6)}:`);
  });

  it('does not count a new quarantine as a new beginning', () => {
    const begun = event('upstream-quarantined', 'beta', EARLIER);
    const again = event('upstream-quarantined', 'beta', LATER, { since: LATER });
    const told = { rows: [beta(UNTIL)], events: [begun, again], requests: {} };
    expect(said(told)[1]).toContain(`since ${local(EARLIER)}:`);
    const released = event('upstream-released', 'beta', '2026-11-26T11:58:30.000Z');
    expect(said({ ...told, events: [begun, released, again] })[1]).toContain(`since ${local(LATER)}:`);
  });
});

describe('the cost', () => {
  const billed = (told: Told) => cost(store(told)).sentence.replaceAll('\u00a0', ' ');

  it('is told for 15 minutes and for the last one', () => {
    const old = [...Array(100).fill(10)];
    expect(billed({ rows: [row('a')], requests: { default: { requests: old, good: old } } })).toBe(
      'No request failed in the last 15 minutes, of 1 k.',
    );
    const good = [6, ...old.slice(1)];
    expect(billed({ rows: [row('a')], requests: { default: { requests: old, good } } })).toBe(
      '0.4 % of requests failed in the last 15 minutes (4 of 1 k), none in the last minute.',
    );
    const lately = [...old.slice(1), 4];
    expect(billed({ rows: [row('a')], requests: { default: { requests: old, good: lately } } })).toBe(
      '0.6 % of requests failed in the last 15 minutes (6 of 1 k), 1 % in the last minute.',
    );
  });

  it('tells nothing came from nothing came lately', () => {
    expect(billed({ rows: [row('a', { requests: 0 })] })).toBe('No request came yet.');
    expect(billed({ rows: [row('a')] })).toBe('No requests in the last 15 minutes.');
  });
});
