// Scripts with the expected order. Upper case names are primaries, lower case ones fallbacks; `?` marks a
// trial of one that is out.
import { describe, expect, it } from 'vitest';
import type { Candidate, NextCandidate, Willingness } from '../../src/balancer/candidate.ts';
import { type CandidateSource, Candidates } from '../../src/balancer/candidates.ts';
import { PoolRoom, type Room } from '../../src/pools/room.ts';
import { Trials } from '../../src/pools/trials.ts';
import { latencyKeyOf } from '../../src/rpc/method-kinds.ts';
import type { Order } from '../../src/strategies/strategy.ts';
import type { Blame } from '../../src/upstreams/quarantine.ts';
import type { Upstream } from '../../src/upstreams/upstream.ts';
import { namesOf, Pool } from '../upstreams/pool.ts';

const REFUSED: Blame = { reason: 'refused' };
const LIMITED: Blame = { reason: 'rate-limited' };
const RESTING: Blame = { reason: 'status', rest: { kind: 'for', ms: 9_000 } };

const anyone: Willingness = { prefers: () => true, accepts: () => true };

/** The one that it names, not that it must wait. */
function chosen(next: NextCandidate): Candidate | undefined {
  return next.kind === 'ask' ? next : undefined;
}

interface Script {
  readonly ttl?: number;
  /** Punished before the request, one shortly after the other. */
  readonly out?: Readonly<Record<string, Blame>>;
  /** In question before the request. */
  readonly held?: string;
  readonly down?: string;
  readonly lagging?: string;
  /** Tried by others at this moment. */
  readonly tried?: string;
  /** What another request or an operator does as soon as this many were tried. */
  readonly meanwhile?: Readonly<Record<number, (pool: Pool) => void>>;
}

/** An order that is settled at once. */
function settled(upstreams: readonly Upstream[]): Order {
  const left = [...upstreams];
  return { next: () => left.shift() };
}

function source(pool: Pool): CandidateSource {
  // The last of the list first: an order that is not the list's, and that shows what it was given.
  const reversed = { order: (upstreams: readonly Upstream[]) => settled([...upstreams].reverse()) };
  return {
    availability: pool.availability,
    strategies: { primary: reversed, fallback: reversed },
    trials: new Trials(pool.clock),
    departed: [],
  };
}

function candidatesOf(pool: Pool, changed: Partial<CandidateSource> = {}, room?: Room): Candidates {
  const startedMs = pool.clock.monotonicMs();
  const latencyKey = latencyKeyOf('eth_call');
  const asker = { countsAsTrial: true, kind: 'eth_call', latencyKey, startedMs };
  return new Candidates({ ...source(pool), ...changed }, room ?? new PoolRoom(pool.clock), asker);
}

function play(names: string, script: Script): string {
  const { ttl, out = {}, held = '', down = '', lagging = '', tried: justTried = '', meanwhile = {} } = script;
  const pool = new Pool(names, ttl);
  for (const [name, blame] of Object.entries(out)) {
    pool.quarantine.add(pool.of(name), blame);
    pool.clock.advance(100);
  }
  for (const name of held) pool.quarantine.suspend(pool.of(name), 'status');
  for (const name of down) pool.down(name);
  for (const name of lagging) pool.lag(name);
  for (const name of justTried) pool.of(name).triedMs = pool.clock.monotonicMs();
  const candidates = candidatesOf(pool);
  const tried: string[] = [];
  for (;;) {
    meanwhile[tried.length]?.(pool);
    const candidate = chosen(candidates.next(anyone));
    if (!candidate) return tried.join(' ');
    const { name } = candidate.upstream;
    tried.push(candidate.trial ? `${name}?` : name);
    pool.quarantine.add(candidate.upstream, REFUSED);
  }
}

const rows: readonly [what: string, names: string, script: Script, expected: string][] = [
  ['primaries in the strategy’s order, then fallbacks', 'ABCab', {}, 'C B A b a'],
  ['fallbacks when there is no primary', 'ab', {}, 'b a'],
  ['a quarantined primary is left out', 'ABCa', { out: { B: LIMITED } }, 'C A a'],
  ['a quarantined fallback is left out', 'Aabc', { out: { b: LIMITED } }, 'A c a'],
  ['fallbacks when every primary is out', 'ABab', { out: { A: LIMITED, B: RESTING } }, 'b a'],
  ['one that is down is left out', 'ABa', { ttl: 60_000, down: 'B' }, 'A a'],
  [
    'one that became quarantined meanwhile is skipped',
    'ABCa',
    { meanwhile: { 1: (pool) => pool.quarantine.add(pool.of('B'), LIMITED) } },
    'C A a',
  ],
  [
    'one that was removed meanwhile is skipped',
    'ABCa',
    {
      meanwhile: {
        1: (pool) => {
          const removed = pool.of('B');
          pool.registry.remove(removed);
          removed.hasLeft = true;
        },
      },
    },
    'C A a',
  ],
  [
    'one that went down meanwhile is skipped, for now',
    'ABCa',
    { meanwhile: { 1: (pool) => pool.down('B') } },
    'C A a B?',
  ],
  [
    'a fallback list is looked at when its turn comes, not before',
    'Aab',
    { out: { a: LIMITED }, meanwhile: { 1: (pool) => pool.quarantine.release(pool.of('a'), 'operator') } },
    'A b a',
  ],
  ['one that lags comes after the others of its tier', 'ABCab', { lagging: 'C' }, 'B A C b a'],
  ['those that lag come in the strategy’s order, too', 'ABCDab', { lagging: 'BDb' }, 'C A D B a b'],
  ['a primary that lags comes before the fallbacks', 'ABa', { lagging: 'AB' }, 'B A a'],
  [
    'one that lags is left out when it is down or quarantined',
    'ABCa',
    { lagging: 'BC', down: 'B', out: { C: LIMITED } },
    'A a B?',
  ],
  [
    'one that lags and went down meanwhile is skipped, for now',
    'ABCa',
    { lagging: 'BC', meanwhile: { 1: (pool) => pool.down('C') } },
    'A B a C?',
  ],
  [
    'one that begins to lag meanwhile keeps its place',
    'ABCa',
    { meanwhile: { 1: (pool) => pool.lag('B') } },
    'C B A a',
  ],
  ['whoever failed is not tried again as a last resort', 'ABa', {}, 'B A a'],
  [
    'a last resort when nothing is usable, the one due back first in front',
    'ABa',
    { out: { B: REFUSED, a: REFUSED, A: REFUSED }, tried: 'BaA' },
    'B?',
  ],
  [
    'those that others have just tried after the others, and those that nobody has tried besides',
    'ABCa',
    { out: { B: REFUSED, a: REFUSED, A: REFUSED }, held: 'C', tried: 'BC' },
    'a? A?',
  ],
  [
    'no last resort that others have just tried, when the usable ones failed',
    'ABa',
    { out: { B: REFUSED }, tried: 'B' },
    'A a',
  ],
  [
    'those in question when their turn comes, with a fixed time, too',
    'ABa',
    { ttl: 60_000, held: 'B' },
    'A a B?',
  ],
  [
    'one in question that is acquitted meanwhile',
    'ABa',
    { held: 'B', meanwhile: { 1: (pool) => pool.quarantine.clear(pool.of('B'), 0) } },
    'A a B',
  ],
  ['a last resort after the usable ones failed', 'ABa', { out: { B: REFUSED } }, 'A a B?'],
  ['no last resort inside a rate limit or a stated rest', 'ABa', { out: { A: LIMITED, B: RESTING } }, 'a'],
  ['nobody, when all rest for good reason', 'AB', { out: { A: RESTING, B: LIMITED } }, ''],
  [
    'no last resort with a fixed time to live',
    'ABa',
    { ttl: 60_000, out: { A: REFUSED, B: REFUSED, a: REFUSED } },
    '',
  ],
  ['the usable ones only, with a fixed time to live', 'ABa', { ttl: 60_000, out: { B: REFUSED } }, 'A a'],
  [
    'a last resort that asked to be left alone meanwhile is skipped',
    'ABC',
    {
      held: 'ABC',
      meanwhile: { 1: (pool) => pool.quarantine.add(pool.of('B'), RESTING) },
    },
    'A? C?',
  ],
  [
    'a last resort that was removed meanwhile is skipped',
    'ABC',
    { held: 'ABC', meanwhile: { 1: (pool) => pool.leave('B') } },
    'A? C?',
  ],
  [
    'a last resort that is well meanwhile is no trial',
    'AB',
    {
      out: { A: REFUSED, B: REFUSED },
      meanwhile: { 1: (pool) => pool.quarantine.release(pool.of('B'), 'probe') },
    },
    'A? B',
  ],
];

describe('the order of candidates', () => {
  it.each(rows)('%s', (_, names, script, expected) => {
    expect(play(names, script)).toBe(expected);
  });

  it('asks a strategy for the usable ones of its tier only, and once', () => {
    const pool = new Pool('ABCab');
    pool.quarantine.add(pool.of('B'), LIMITED);
    const asked: string[] = [];
    const order = (upstreams: readonly Upstream[]) => {
      asked.push(namesOf(upstreams));
      return settled(upstreams);
    };
    const candidates = candidatesOf(pool, { strategies: { primary: { order }, fallback: { order } } });
    while (candidates.next(anyone).kind === 'ask') {
      // To the end.
    }
    expect(asked).toEqual(['AC', 'ab']);
  });

  it('asks a strategy once more for those that lag, and only when it is their turn', () => {
    const pool = new Pool('ABC');
    pool.lag('B');
    const asked: string[] = [];
    const order = (upstreams: readonly Upstream[]) => {
      asked.push(namesOf(upstreams));
      return settled(upstreams);
    };
    const candidates = candidatesOf(pool, { strategies: { primary: { order }, fallback: { order } } });
    candidates.next(anyone);
    candidates.next(anyone);
    expect(asked).toEqual(['AC']);
    expect(chosen(candidates.next(anyone))?.upstream.name).toBe('B');
    expect(asked).toEqual(['AC', 'B']);
  });

  it('does not ask the fallbacks’ strategy when a primary is enough', () => {
    const pool = new Pool('Aa');
    const { strategies } = source(pool);
    const fallback = {
      order: () => {
        throw new Error('asked');
      },
    };
    const candidates = candidatesOf(pool, { strategies: { ...strategies, fallback } });
    expect(chosen(candidates.next(anyone))?.upstream.name).toBe('A');
  });
});

it('passes over whom the request can not go to, also as a last resort', () => {
  const pool = new Pool('ABCabc');
  for (const name of ['A', 'B', 'b']) pool.quarantine.add(pool.of(name), REFUSED);
  const candidates = candidatesOf(pool);
  const goes = ({ name }: Upstream) => 'ACc'.includes(name);
  const tried = ['C', 'c', 'A', 'none'].map(
    () => chosen(candidates.next({ prefers: goes, accepts: goes }))?.upstream.name,
  );
  expect(tried).toEqual(['C', 'c', 'A', undefined]);
});

/** Trials that others have begun, and what a request finds beside them. */
function underWay(pool: Pool) {
  const trials = new Trials(pool.clock);
  const next = () => {
    const found = candidatesOf(pool, { trials }).next(anyone);
    return found.kind === 'ask' ? found.upstream.name : found;
  };
  const begin = (name: string, times: number, kind = 'eth_call') =>
    Array.from({ length: times }, () => trials.begin(pool.of(name), kind));
  return { trials, next, begin };
}

describe('a request that has asked in vain, while none is usable', () => {
  it('waits for what others find, and asks whom nobody has tried since it came for a second', () => {
    const pool = new Pool('AB');
    for (const name of 'AB') {
      pool.quarantine.add(pool.of(name), REFUSED);
      pool.of(name).triedMs = pool.clock.monotonicMs();
    }
    const candidates = candidatesOf(pool);
    const next = () => {
      const found = candidates.next(anyone);
      return found.kind === 'wait' ? found.waitsFor : found.kind === 'ask' && found.upstream.name;
    };
    expect([next(), next(), candidates.waitsFor(pool.of('B'))]).toEqual(['A', 'others', false]);
    pool.clock.advance(999);
    expect(next()).toBe('others');
    pool.clock.advance(1);
    expect([candidates.waitsFor(pool.of('B')), next(), next()]).toEqual([true, 'B', false]);
  });

  it('does not ask one that somebody has tried since', () => {
    const pool = new Pool('AB');
    for (const name of 'AB') pool.quarantine.add(pool.of(name), REFUSED);
    pool.of('B').triedMs = pool.clock.monotonicMs();
    const candidates = candidatesOf(pool);
    candidates.next(anyone);
    pool.clock.advance(500);
    pool.of('B').triedMs = pool.clock.monotonicMs();
    pool.clock.advance(3_000);
    expect(candidates.next(anyone).kind).toBe('wait');
    candidates.mayWait(false);
    expect(candidates.next(anyone).kind).toBe('nobody');
  });
});

describe('trials under way at once', () => {
  it('are four for one upstream at most; then the next one is tried', () => {
    const pool = new Pool('AB');
    pool.quarantine.add(pool.of('A'), REFUSED);
    pool.clock.advance(1);
    pool.quarantine.add(pool.of('B'), REFUSED);
    const { begin, next, trials } = underWay(pool);
    pool.of('B').triedMs = pool.clock.monotonicMs();
    begin('A', 3);
    expect(next()).toBe('A');
    const [last] = begin('A', 1);
    expect(next()).toBe('B');
    begin('B', 4);
    expect(next()).toEqual({ kind: 'wait', untilMs: Number.POSITIVE_INFINITY, waitsFor: 'room' });
    if (last) trials.end(pool.of('A'), last);
    expect(next()).toBe('A');
  });

  it('of another kind, or that take long, keep nobody from trying', () => {
    const pool = new Pool('A');
    pool.quarantine.add(pool.of('A'), REFUSED);
    const { begin, next } = underWay(pool);
    begin('A', 4, 'debug_traceBlock');
    expect(next()).toBe('A');
    begin('A', 4);
    pool.clock.advance(499);
    expect(next()).toMatchObject({ kind: 'wait' });
    pool.clock.advance(1);
    expect(next()).toBe('A');
  });

  it('are no matter for an upload', () => {
    const pool = new Pool('A');
    pool.quarantine.add(pool.of('A'), REFUSED);
    const { begin, trials } = underWay(pool);
    begin('A', 4);
    const asker = { countsAsTrial: false, kind: 'eth_call', latencyKey: 0, startedMs: 0 };
    const candidates = new Candidates({ ...source(pool), trials }, new PoolRoom(pool.clock), asker);
    expect(chosen(candidates.next(anyone))?.upstream.name).toBe('A');
  });

  it('do not count against an upstream that is usable', () => {
    const pool = new Pool('A');
    const trials = new Trials(pool.clock);
    for (let begun = 0; begun < 4; begun++) trials.begin(pool.of('A'), 'eth_call');
    const next = candidatesOf(pool, { trials }).next(anyone);
    expect(next).toEqual({ kind: 'ask', upstream: pool.of('A'), trial: false });
  });
});

describe('those that are accepted, but not preferred', () => {
  const reluctant = (names: string): Willingness => ({
    prefers: ({ name }) => !names.includes(name),
    accepts: () => true,
  });
  const order = (pool: Pool, willingness: Willingness) => {
    const candidates = candidatesOf(pool);
    return ['', '', '', ''].map(() => chosen(candidates.next(willingness))?.upstream.name);
  };

  it('come after all others, in the strategy’s order', () => {
    expect(order(new Pool('ABCa'), reluctant('BC'))).toEqual(['A', 'a', 'C', 'B']);
  });

  it('come before those that are out', () => {
    const pool = new Pool('ABa');
    pool.quarantine.add(pool.of('A'), REFUSED);
    expect(order(pool, reluctant('Ba'))).toEqual(['B', 'a', 'A', undefined]);
  });
});

describe('upstreams without room', () => {
  /** Those named have none until they get some at `freeAtMs`. */
  function roomExcept(full: Set<string>, freeAtMs = 7_000): Room {
    return { has: ({ name }) => !full.has(name), freeAtMs: () => freeAtMs };
  }

  it('are waited for when all others of the tier had their turn, before a fallback is asked', () => {
    const full = new Set(['C', 'A']);
    const candidates = candidatesOf(new Pool('ABCa'), {}, roomExcept(full));
    const next = () => {
      const found = candidates.next(anyone);
      return found.kind === 'ask' ? found.upstream.name : found.kind;
    };
    expect([next(), next(), candidates.lacksRoom]).toEqual(['B', 'wait', true]);
    full.delete('A');
    expect([next(), next()]).toEqual(['A', 'wait']);
    full.clear();
    expect([next(), next(), next(), candidates.lacksRoom]).toEqual(['C', 'a', 'nobody', false]);
  });

  it('are not waited for by a request that may wait no longer', () => {
    const candidates = candidatesOf(new Pool('ABa'), {}, roomExcept(new Set(['A'])));
    const next = () => chosen(candidates.next(anyone))?.upstream.name;
    expect([next(), next()]).toEqual(['B', undefined]);
    candidates.mayWait(false);
    expect([next(), next(), candidates.lacksRoom]).toEqual(['a', undefined, true]);
  });

  it('are not waited for when another one of the tier is usable by then', () => {
    const pool = new Pool('ABa');
    pool.quarantine.add(pool.of('B'), LIMITED);
    const candidates = candidatesOf(pool, {}, roomExcept(new Set(['A'])));
    const next = () => chosen(candidates.next(anyone))?.upstream.name;
    expect(next()).toBe(undefined);
    pool.quarantine.release(pool.of('B'), 'operator');
    expect([next(), next()]).toEqual(['B', undefined]);
  });

  it('are waited for until the first has some; none that is out is tried meanwhile', () => {
    const pool = new Pool('ABC');
    pool.quarantine.add(pool.of('B'), REFUSED);
    const candidates = candidatesOf(pool, {}, roomExcept(new Set(['A', 'C']), 7_000));
    expect(candidates.next(anyone)).toEqual({ kind: 'wait', untilMs: 7_000, waitsFor: 'room' });
    expect(candidates.next(anyone)).toEqual({ kind: 'wait', untilMs: 7_000, waitsFor: 'room' });
  });

  it('are not waited for when they are out meanwhile', () => {
    const pool = new Pool('AB');
    const candidates = candidatesOf(pool, {}, roomExcept(new Set(['A', 'B'])));
    expect(candidates.next(anyone).kind).toBe('wait');
    for (const name of 'AB') pool.quarantine.add(pool.of(name), LIMITED);
    expect(candidates.next(anyone)).toEqual({ kind: 'nobody' });
  });
});
