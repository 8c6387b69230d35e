// The sentence at the top of the live page, and what the state costs.
import { describe, expect, it } from 'vitest';
import { cost, headline } from '../../../src/admin/page/headline.js';
import { event, local, out, row, store, type Told } from './page-state.ts';

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

  it('names two of many, those that an operator has drained last', () => {
    const rows = [row('a', { state: 'draining' }), ...['b', 'c', 'd'].map((name) => out(name)), row('e')];
    expect(said({ rows })[1]).toBe(
      'Serving from 1 of 5 primaries; b does not answer in time, c does not answer in time and 2 more are out.',
    );
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
      'No upstream is usable in base: clients get errors. The only primary in polygon is out; the fallback f serves. ' +
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
      'Serving from all 2 primaries, but many requests fail.',
    ]);
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
