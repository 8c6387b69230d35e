// Who is served when, with requests that are scripts: an upstream has room for as many as the test says.
import { describe, expect, it } from 'vitest';
import { Queue, type Turn, type Waiter } from '../../src/pools/queue.ts';
import type { Upstream } from '../../src/upstreams/upstream.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { upstream } from '../support/upstreams.ts';

class Counter {
  readonly clock = new ManualClock();
  readonly a = upstream('A');
  readonly b = upstream('B');
  readonly rooms = new Map<Upstream, number>();
  readonly freeAt = new Map<Upstream, number>();
  returnMs = Number.POSITIVE_INFINITY;
  readonly told: string[] = [];
  readonly queue: Queue;

  constructor(capacity = 10) {
    const room = {
      has: (each: Upstream) => (this.rooms.get(each) ?? 0) > 0,
      freeAtMs: (each: Upstream) => this.freeAt.get(each) ?? Number.POSITIVE_INFINITY,
    };
    const availability = { isUsable: () => true, firstReturnAtMs: () => this.returnMs };
    this.queue = new Queue({ registry: { all: [this.a, this.b] }, availability, room }, this.clock, capacity);
  }

  /** One that takes room for `size` of one of these, and waits a second at most. */
  waiter(name: string, wanted: readonly Upstream[], size = 1, turn: Turn = 'order'): Waiter {
    return {
      calls: size,
      turn,
      waitsFor: (each) => wanted.includes(each),
      lookAgain: () => {
        const found = wanted.find((each) => (this.rooms.get(each) ?? 0) >= size);
        if (!found) return Number.POSITIVE_INFINITY;
        this.rooms.set(found, (this.rooms.get(found) ?? 0) - size);
        this.told.push(`${name} ${found.name}`);
        return undefined;
      },
      giveUp: () => this.told.push(`${name} gives up`),
    };
  }

  join(name: string, wanted: readonly Upstream[], size = 1): boolean {
    return this.queue.join(this.waiter(name, wanted, size), this.clock.monotonicMs() + 1_000);
  }
}

describe('the queue', () => {
  it('serves those that came first', () => {
    const counter = new Counter();
    const { a, queue, rooms, told } = counter;
    for (const name of ['1', '2', '3']) counter.join(name, [a]);
    rooms.set(a, 2);
    queue.serve();
    expect([told, queue.length]).toEqual([['1 A', '2 A'], 1]);
  });

  it('lets those be served that wait for another upstream than the first', () => {
    const counter = new Counter();
    const { a, b, queue, rooms, told } = counter;
    for (const name of ['1', '2']) counter.join(name, [a]);
    counter.join('3', [b]);
    rooms.set(b, 5);
    queue.serve();
    expect(told).toEqual(['3 B']);
  });

  it('lets nobody overtake one for whom the room is too small', () => {
    const counter = new Counter();
    const { a, b, queue, rooms, told } = counter;
    counter.join('1', [a], 3);
    counter.join('2', [a]);
    counter.join('3', [b]);
    rooms.set(a, 2).set(b, 1);
    queue.serve();
    expect(told).toEqual(['3 B']);
    rooms.set(a, 4);
    queue.serve();
    expect(told).toEqual(['3 B', '1 A', '2 A']);
  });

  it('serves those last that give way, in their order', () => {
    const counter = new Counter();
    const { a, queue, rooms, told } = counter;
    for (const name of ['piece 1', 'piece 2']) queue.join(counter.waiter(name, [a], 1, 'later'), 1_000);
    counter.join('later', [a]);
    rooms.set(a, 2);
    queue.serve();
    expect(told).toEqual(['later A', 'piece 1 A']);
  });

  it('serves those that gave way for long enough and the others in turn, each as many calls', () => {
    const counter = new Counter();
    const { a, queue, rooms, told } = counter;
    for (const name of ['piece 1', 'piece 2']) queue.join(counter.waiter(name, [a], 2, 'shares'), 1_000);
    for (const name of ['1', '2', '3']) counter.join(name, [a]);
    rooms.set(a, 2);
    queue.serve();
    rooms.set(a, 2);
    queue.serve();
    rooms.set(a, 3);
    queue.serve();
    expect(told).toEqual(['piece 1 A', '1 A', '2 A', 'piece 2 A', '3 A']);
  });

  it('lets those that give way fill no more than half of it', () => {
    const counter = new Counter(4);
    const { a, clock, queue, told } = counter;
    const joins = (turn: Turn, untilMs: number) =>
      queue.join(counter.waiter('piece', [a], 1, turn), clock.monotonicMs() + untilMs);
    expect([joins('later', 500), joins('shares', 500), joins('later', 500)]).toEqual([true, true, false]);
    expect(counter.join('1', [a])).toBe(true);
    clock.advance(501);
    expect([told, joins('shares', 500)]).toEqual([['piece gives up', 'piece gives up'], true]);
  });

  it('takes no more than its capacity', () => {
    const counter = new Counter(2);
    expect(['1', '2', '3'].map((name) => counter.join(name, [counter.a]))).toEqual([true, true, false]);
  });

  it('tells one whose time is over, and serves it no more', () => {
    const counter = new Counter();
    const { a, clock, queue, rooms, told } = counter;
    counter.join('1', [a]);
    clock.advance(500);
    counter.join('2', [a]);
    clock.advance(501);
    rooms.set(a, 1);
    queue.serve();
    expect(told).toEqual(['1 gives up', '2 A']);
  });

  it('looks by itself when there will be room', () => {
    const counter = new Counter();
    const { a, clock, freeAt, rooms, told } = counter;
    freeAt.set(a, clock.monotonicMs() + 40);
    counter.join('1', [a]);
    rooms.set(a, 1);
    clock.advance(39);
    expect(told).toEqual([]);
    clock.advance(2);
    expect(told).toEqual(['1 A']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('lets all look when an upstream is usable again by itself', () => {
    const counter = new Counter();
    const { a, b, clock, rooms, told } = counter;
    counter.returnMs = clock.monotonicMs() + 30;
    counter.join('1', [a], 3);
    counter.join('2', [a, b]);
    rooms.set(a, 1);
    clock.advance(31);
    expect(told).toEqual(['2 A']);
  });

  it('forgets one that leaves, and sets no timer for nobody', () => {
    const counter = new Counter();
    const { a, clock, queue, rooms, told } = counter;
    const waiter = counter.waiter('1', [a]);
    queue.join(waiter, clock.monotonicMs() + 1_000);
    queue.leave(waiter);
    rooms.set(a, 1);
    queue.serve();
    expect([told, clock.pendingTimers]).toEqual([[], 0]);
  });
});
