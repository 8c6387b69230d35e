// Who is called slow or silent, and who is not: calls at a steady rate, each upstream with its own latencies.
import { describe, expect, it } from 'vitest';
import { Announcer, CALL_KINDS, type Event } from '../../src/events.ts';
import { kindOfKey, latencyKeyOf } from '../../src/rpc/method-kinds.ts';
import { Speed } from '../../src/speed/speed.ts';
import type { Upstream } from '../../src/upstreams/upstream.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { namesOf, Pool } from '../upstreams/pool.ts';

type Name = 'A' | 'B' | 'C' | 'D' | 'E';
type Latency = (method: string) => number | 'never';

/** Upstreams in front of which time passes when it is told to. */
class Traffic {
  readonly pool: Pool;
  readonly speed: Speed;
  readonly random = seededRandom(3);
  readonly told: string[] = [];
  readonly sent: Partial<Record<Name, number>> = {};
  /** How long an upstream takes, if it is not about 12 ms. */
  readonly latencies: Partial<Record<Name, Latency>> = {};
  /** Refuses every call after a moment. */
  refuses: Name | undefined;
  #turn = 0;

  constructor(names: string) {
    this.pool = new Pool(names);
    const { clock, registry } = this.pool;
    const announcer = new Announcer();
    announcer.listen((event) => this.told.push(...wordsOf(event)));
    this.speed = new Speed({ registry, clock, announcer, avoidsSlow: true });
  }

  /** About so many milliseconds, as upstreams take. */
  about(ms: number): number {
    return ms * (0.8 + 0.4 * this.random()) - Math.log(1 - this.random()) * ms * 0.1;
  }

  /** One attempt; `patienceMs`: it is cancelled when it takes longer. */
  send(upstream: Upstream, method: string, patienceMs = Number.POSITIVE_INFINITY): void {
    const { clock } = this.pool;
    // The upstreams of this file have no other names.
    const name = upstream.name as Name;
    this.sent[name] = (this.sent[name] ?? 0) + 1;
    const timing = this.speed.begin(upstream, latencyKeyOf(method), clock.monotonicMs());
    const ms = this.latencies[name]?.(method) ?? this.about(12);
    const isHeard = ms !== 'never' && ms <= patienceMs;
    const endMs = isHeard ? ms : patienceMs;
    if (!Number.isFinite(endMs)) return;
    const isRefused = this.refuses === name;
    const how = isRefused ? 'refused' : isHeard ? 'answered' : 'unheard';
    clock.after(isRefused ? 1 : endMs, () => this.speed.end(timing, how, clock.monotonicMs()));
  }

  /** Calls in turn to those that come first, each `everyMs`, as the balancer would send them. */
  run(seconds: number, { methods = ['eth_getBalance'], everyMs = 5, patienceMs = Infinity } = {}): void {
    for (let count = 0; count < (seconds * 1_000) / everyMs; count += 1) {
      const method = methods[count % methods.length] ?? '';
      const kind = kindOfKey(latencyKeyOf(method));
      const { avoidance } = this.speed;
      avoidance?.forgetOld();
      const tried = avoidance?.isNobody ? undefined : avoidance?.nextTrial(kind, (each) => each);
      const quick = this.pool.availability.quick('primary', kind);
      const others = quick.length > 0 ? quick : this.pool.availability.quick('fallback', kind);
      const upstream = tried ?? others[this.#turn++ % others.length];
      if (upstream) this.send(upstream, method, tried ? 40 : patienceMs);
      this.pool.clock.advance(everyMs);
    }
  }

  get slow(): string {
    return namesOf(this.pool.registry.all.filter((each) => each.slow));
  }
}

function wordsOf(event: Event): string[] {
  if (event.type === 'upstream-slow')
    return [`${event.upstream.name} ${event.reason} ${event.calls ?? 'all'}`];
  return event.type === 'upstream-quick' ? [`${event.upstream.name} well`] : [];
}

describe('a silent upstream', () => {
  it.each([
    ['whose attempts go on', Number.POSITIVE_INFINITY],
    ['whose attempts are cancelled, since others have answered', 35],
  ])('%s is found after a few calls, and comes back by itself', (_, patienceMs) => {
    const traffic = new Traffic('ABCDE');
    traffic.run(3);
    traffic.latencies.C = () => 'never';
    const before = traffic.sent.C ?? 0;
    traffic.run(0.2, { patienceMs });
    expect([traffic.slow, traffic.told]).toEqual(['C', ['C silent all']]);
    expect((traffic.sent.C ?? 0) - before).toBeLessThanOrEqual(6);
    traffic.run(10);
    // Once a second, as long as it is silent.
    expect((traffic.sent.C ?? 0) - before).toBeLessThanOrEqual(16);
    expect(traffic.slow).toBe('C');
    delete traffic.latencies.C;
    traffic.run(2);
    expect([traffic.slow, traffic.told]).toEqual(['', ['C silent all', 'C well']]);
  });

  it('with one call under way is given more time', () => {
    const traffic = new Traffic('AB');
    traffic.run(2);
    traffic.latencies.A = () => 'never';
    const [a, b] = traffic.pool.registry.all;
    if (!a || !b) throw new Error('two upstreams');
    traffic.send(a, 'eth_getBalance');
    for (const expected of ['', '', '', '', 'A', 'A']) {
      traffic.send(b, 'eth_getBalance');
      traffic.pool.clock.advance(110);
      expect(traffic.slow).toBe(expected);
    }
  });

  it('is none when nobody else was heard meanwhile', () => {
    const traffic = new Traffic('ABC');
    traffic.run(2);
    for (const name of ['A', 'B', 'C'] as const) traffic.latencies[name] = () => 'never';
    traffic.run(5);
    expect(traffic.told).toEqual([]);
  });

  it('is none that answers other calls meanwhile', () => {
    const traffic = new Traffic('ABC');
    traffic.run(2);
    const [a] = traffic.pool.registry.all;
    if (!a) throw new Error('three upstreams');
    traffic.latencies.A = () => 'never';
    for (let heavy = 0; heavy < 5; heavy += 1) traffic.send(a, 'eth_getBalance');
    delete traffic.latencies.A;
    traffic.run(5);
    expect(traffic.told).toEqual([]);
  });

  it('is the last one, too, when all others are silent', () => {
    const traffic = new Traffic('ABC');
    traffic.run(2);
    for (const name of ['A', 'B'] as const) traffic.latencies[name] = () => 'never';
    traffic.run(0.5, { patienceMs: 35 });
    traffic.latencies.C = () => 'never';
    traffic.run(0.5);
    expect(traffic.slow).toBe('ABC');
  });

  it('comes back as the only one of its tier', () => {
    const traffic = new Traffic('Ab');
    traffic.run(2);
    const [a, b] = traffic.pool.registry.all;
    if (!a || !b) throw new Error('two upstreams');
    traffic.latencies.A = () => 'never';
    for (let count = 0; count < 20; count += 1) {
      traffic.send(a, 'eth_getBalance', 40);
      traffic.send(b, 'eth_getBalance');
      traffic.pool.clock.advance(20);
    }
    expect(traffic.slow).toBe('A');
    traffic.run(2);
    delete traffic.latencies.A;
    traffic.run(2);
    expect(traffic.told).toEqual(['A silent all', 'A well']);
  });

  it('is none for heavy calls, which take as long at a second one', () => {
    const traffic = new Traffic('ABC');
    traffic.run(2);
    const [a, b, c] = traffic.pool.registry.all;
    if (!a || !b || !c) throw new Error('three upstreams');
    const { speed } = traffic;
    const { clock } = traffic.pool;
    for (let heavy = 0; heavy < 6; heavy += 1) {
      const key = latencyKeyOf('eth_getBalance');
      const first = speed.begin(a, key, clock.monotonicMs());
      clock.advance(30);
      speed.begin(b, key, clock.monotonicMs(), first);
      traffic.send(c, 'eth_getBalance');
      clock.advance(30);
    }
    for (let count = 0; count < 20; count += 1) {
      traffic.send(c, 'eth_getBalance');
      clock.advance(50);
    }
    expect(traffic.told).toEqual([]);
  });

  it('is none any more when it answers what it was asked before', () => {
    const traffic = new Traffic('AB');
    traffic.run(2);
    const [a, b] = traffic.pool.registry.all;
    if (!a || !b) throw new Error('two upstreams');
    traffic.latencies.A = () => 700;
    for (let heavy = 0; heavy < 3; heavy += 1) traffic.send(a, 'eth_getBalance');
    for (const expected of ['A', 'A', '']) {
      for (let count = 0; count < 6; count += 1) {
        traffic.send(b, 'eth_getBalance');
        traffic.pool.clock.advance(50);
      }
      expect(traffic.slow).toBe(expected);
    }
  });

  it('is none of which only the client had not patience', () => {
    const traffic = new Traffic('ABC');
    traffic.run(2);
    const [a, b] = traffic.pool.registry.all;
    if (!a || !b) throw new Error('three upstreams');
    traffic.latencies.A = () => 'never';
    for (let left = 0; left < 20; left += 1) {
      traffic.send(a, 'eth_getBalance', 5);
      traffic.send(b, 'eth_getBalance');
      traffic.pool.clock.advance(100);
    }
    expect(traffic.told).toEqual([]);
  });

  it('is none while calls have no usual time there yet', () => {
    const traffic = new Traffic('ABC');
    traffic.run(2);
    traffic.latencies.A = (method) => (method === 'debug_traceCall' ? 'never' : 12);
    const [a, b] = traffic.pool.registry.all;
    if (!a || !b) throw new Error('three upstreams');
    for (let heavy = 0; heavy < 5; heavy += 1) traffic.send(a, 'debug_traceCall');
    for (let turn = 0; turn < 20; turn += 1) {
      traffic.send(b, 'eth_getBalance');
      traffic.pool.clock.advance(100);
    }
    expect(traffic.told).toEqual([]);
  });
});

describe('an upstream that is many times slower', () => {
  it.each([8, 20, 100])('%d times as slow as the others is found, and comes back by itself', (times) => {
    const traffic = new Traffic('ABCDE');
    traffic.run(2);
    traffic.latencies.B = () => traffic.about(12 * times);
    traffic.run(3, { patienceMs: 2_000 });
    expect(traffic.slow).toBe('B');
    const before = traffic.sent.B ?? 0;
    traffic.run(10);
    expect((traffic.sent.B ?? 0) - before).toBeLessThanOrEqual(11);
    delete traffic.latencies.B;
    traffic.run(3);
    expect([traffic.slow, traffic.told.at(-1)]).toEqual(['', 'B well']);
  });

  it('is none that is twice as slow, or a few milliseconds slower however many times that is', () => {
    const traffic = new Traffic('ABC');
    traffic.latencies.A = () => traffic.about(24);
    traffic.latencies.B = () => traffic.about(1);
    traffic.run(30);
    expect(traffic.told).toEqual([]);
  });

  it('is none that takes as long for a method as the others do', () => {
    const traffic = new Traffic('ABC');
    const latency: Latency = (method) => traffic.about(method === 'debug_traceCall' ? 3_000 : 5);
    for (const name of ['A', 'B', 'C'] as const) traffic.latencies[name] = latency;
    traffic.run(40, { methods: ['eth_chainId', 'eth_call', 'debug_traceCall', 'eth_getLogs'], everyMs: 20 });
    expect(traffic.told).toEqual([]);
  });

  it('at one kind of calls is avoided for these alone', () => {
    const traffic = new Traffic('ABC');
    traffic.latencies.B = (method) => traffic.about(method === 'debug_traceCall' ? 900 : 12);
    traffic.run(20, { methods: ['eth_getBalance', 'debug_traceCall'] });
    expect(traffic.told).toEqual(['B slow traces']);
    const { availability } = traffic.pool;
    const quick = CALL_KINDS.map((_, kind) => namesOf(availability.quick('primary', kind)));
    expect(quick).toEqual(CALL_KINDS.map((kind) => (kind === 'traces' ? 'AC' : 'ABC')));
  });

  it.each(['AB', 'BC', 'C'])('is each of those that are 50 times slower: %s of three', (names) => {
    const traffic = new Traffic('ABC');
    traffic.run(2);
    for (const name of ['A', 'B', 'C'] as const)
      if (names.includes(name)) traffic.latencies[name] = () => traffic.about(600);
    traffic.run(5);
    expect(traffic.slow).toBe(names);
    // Who tries one of them again waits for no longer than the quick one takes.
    const [a] = traffic.pool.registry.all;
    expect(a && traffic.speed.trialMs(a, latencyKeyOf('eth_getBalance'))).toBeLessThan(100);
  });

  it('is none that is far away, as most are', () => {
    const traffic = new Traffic('ABC');
    for (const name of ['B', 'C'] as const) traffic.latencies[name] = () => traffic.about(150);
    traffic.run(5);
    expect(traffic.slow).toBe('');
  });

  it('is none when all become slower at the same time', () => {
    const traffic = new Traffic('ABC');
    traffic.run(5);
    for (const name of ['A', 'B', 'C'] as const) traffic.latencies[name] = () => traffic.about(80);
    traffic.run(30);
    expect(traffic.told).toEqual([]);
  });

  it('is none where one call of twenty takes a second, or one of five takes ten times as long', () => {
    const traffic = new Traffic('ABC');
    for (const name of ['A', 'B', 'C'] as const)
      traffic.latencies[name] = (method) => {
        const heavy = method === 'eth_call' ? 0.2 : 0.05;
        return traffic.random() < heavy ? 1_000 : 10;
      };
    traffic.run(40, { methods: ['eth_call', 'eth_getBalance'] });
    expect(traffic.told).toEqual([]);
  });

  it('at two kinds is tried at both, whatever a trial brings', () => {
    const traffic = new Traffic('ABC');
    const methods = ['eth_getBalance', 'eth_call'];
    traffic.latencies.B = () => traffic.about(400);
    traffic.run(10, { methods });
    expect(traffic.told.sort()).toEqual(['B slow calls', 'B slow reads']);
    traffic.refuses = 'B';
    traffic.run(3, { methods });
    traffic.refuses = undefined;
    expect(traffic.slow).toBe('B');
    delete traffic.latencies.B;
    traffic.run(4, { methods });
    expect(traffic.slow).toBe('');
  });

  it('is asked like the others again when it could not be tried for a minute', () => {
    const traffic = new Traffic('ABC');
    traffic.latencies.B = () => traffic.about(400);
    traffic.run(5);
    expect(traffic.slow).toBe('B');
    traffic.pool.clock.advance(60_000);
    traffic.latencies.B = () => traffic.about(12);
    traffic.run(0.1);
    expect(traffic.slow).toBe('');
  });
});

it('asks of one upstream alone nothing but its usual time', () => {
  const traffic = new Traffic('A');
  const [a] = traffic.pool.registry.all;
  if (!a) throw new Error('one upstream');
  traffic.run(2);
  expect(traffic.speed.usualMs(a, latencyKeyOf('eth_getBalance'))).toBeCloseTo(16, -1);
  expect(traffic.speed.usualMs(a, latencyKeyOf('eth_call'))).toBeNaN();
  traffic.latencies.A = () => 1_000;
  traffic.run(10);
  expect(traffic.told).toEqual([]);
});

it('measures nothing across a pause of its own process', () => {
  const traffic = new Traffic('AB');
  traffic.run(1);
  const [a] = traffic.pool.registry.all;
  if (!a) throw new Error('two upstreams');
  const usualMs = () => traffic.speed.usualMs(a, latencyKeyOf('eth_getBalance'));
  const before = usualMs();
  for (let count = 0; count < 20; count += 1) traffic.send(a, 'eth_getBalance');
  traffic.pool.clock.stall(3_000);
  traffic.pool.clock.advance(100);
  expect([usualMs(), traffic.told]).toEqual([before, []]);
});
