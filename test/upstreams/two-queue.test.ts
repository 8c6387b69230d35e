import { describe, expect, it } from 'vitest';
import { TwoQueue } from '../../src/upstreams/two-queue.ts';
import { ManualClock } from '../support/manual-clock.ts';

const MEMORY_MS = 1_000;

function make(capacity: number): { clock: ManualClock; queue: TwoQueue<string> } {
  const clock = new ManualClock();
  return { clock, queue: new TwoQueue({ clock, capacity, memoryMs: MEMORY_MS }) };
}

/** Brings a key into Am: written, its life ended, written again as a ghost. */
function promote(queue: TwoQueue<string>, key: string, ttlMs = 100): void {
  queue.set(key, key, ttlMs);
  queue.expire(key);
  expect(queue.set(key, key, ttlMs)).toBe('Am');
}

const where = (queue: TwoQueue<string>, key: string) => queue.remembered(key)?.queue;

describe('TwoQueue, as in the paper', () => {
  it('takes a new key into A1in', () => {
    const { queue } = make(8);
    expect(queue.set('a', 'one', 100)).toBe('A1in');
    expect(queue.get('a')).toBe('one');
  });

  it('does not promote on a correlated reference, but renews value and life', () => {
    const { clock, queue } = make(8);
    queue.set('a', 'one', 100);
    clock.advance(60);
    expect(queue.set('a', 'two', 100)).toBe('A1in');
    clock.advance(99);
    expect(queue.get('a')).toBe('two');
    clock.advance(1);
    expect(queue.get('a')).toBeUndefined();
  });

  it('promotes a ghost to Am when it is written', () => {
    const { clock, queue } = make(8);
    queue.set('a', 'one', 100);
    clock.advance(100);
    expect(queue.remembered('a')).toEqual({ queue: 'A1out' });
    expect(queue.set('a', 'two', 100)).toBe('Am');
    expect(queue.remembered('a')).toEqual({ queue: 'Am', value: 'two' });
    expect(queue.sizes).toEqual({ A1in: 0, A1out: 0, Am: 1 });
  });

  it('keeps what is in Am through a scan of many keys written once', () => {
    const { queue } = make(100);
    for (const key of ['x', 'y', 'z']) promote(queue, key, 1e9);
    for (let i = 0; i < 5_000; i++) queue.set(`scan-${i}`, 'once', 1e9);
    for (const key of ['x', 'y', 'z']) expect(queue.get(key)).toBe(key);
    expect(queue.sizes).toEqual({ A1in: 97, A1out: 50, Am: 3 });
  });

  it('pushes out of A1in the first that came, however often it was written since', () => {
    const { queue } = make(4);
    for (const key of ['a', 'b', 'c', 'd']) queue.set(key, key, 100);
    queue.set('a', 'again', 100);
    queue.get('a');
    queue.set('e', 'e', 100);
    expect(where(queue, 'a')).toBe('A1out');
    for (const key of ['b', 'c', 'd', 'e']) expect(where(queue, key)).toBe('A1in');
  });

  it('pushes out of Am the one written longest ago, without a ghost; reads do not count', () => {
    const { queue } = make(4);
    for (const key of ['a', 'b', 'c']) promote(queue, key);
    queue.set('a', 'a', 100);
    queue.get('b');
    queue.set('d', 'd', 100);
    // A1in holds Kin = 1 key and no more, so room is made in Am.
    queue.set('e', 'e', 100);
    expect(queue.remembered('b')).toBeUndefined();
    expect(['a', 'c', 'd', 'e'].map((key) => where(queue, key))).toEqual(['Am', 'Am', 'A1in', 'A1in']);
    // Now it holds more than Kin, so room is made in A1in.
    queue.set('f', 'f', 100);
    expect(['a', 'c', 'd', 'e', 'f'].map((key) => where(queue, key))).toEqual([
      'Am',
      'Am',
      'A1out',
      'A1in',
      'A1in',
    ]);
  });

  it('remembers no more than Kout ghosts, the oldest goes first', () => {
    const { clock, queue } = make(8);
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) queue.set(key, key, 100);
    clock.advance(100);
    expect(['a', 'b', 'c', 'd', 'e', 'f'].map((key) => where(queue, key))).toEqual([
      undefined,
      undefined,
      'A1out',
      'A1out',
      'A1out',
      'A1out',
    ]);
  });

  it('works with room for one', () => {
    const { queue } = make(1);
    queue.set('a', 'a', 100);
    queue.set('b', 'b', 100);
    expect(['a', 'b'].map((key) => where(queue, key))).toEqual(['A1out', 'A1in']);
    expect(queue.set('a', 'a', 100)).toBe('Am');
    expect(['a', 'b'].map((key) => where(queue, key))).toEqual(['Am', 'A1out']);
  });
});

describe('TwoQueue, the time to live', () => {
  it('keeps an entry of Am whose life is over, and renews it there', () => {
    const { clock, queue } = make(8);
    promote(queue, 'a');
    clock.advance(100);
    expect(queue.get('a')).toBeUndefined();
    expect(queue.liveCount).toBe(0);
    expect(queue.remembered('a')).toEqual({ queue: 'Am', value: 'a' });
    expect(queue.set('a', 'three', 100)).toBe('Am');
    expect(queue.get('a')).toBe('three');
  });

  it('forgets a ghost when its memory is over', () => {
    const { clock, queue } = make(8);
    queue.set('a', 'one', 100);
    clock.advance(100 + MEMORY_MS);
    expect(where(queue, 'a')).toBe('A1out');
    clock.advance(1);
    expect(queue.remembered('a')).toBeUndefined();
    expect(queue.set('a', 'two', 100)).toBe('A1in');
  });

  it('forgets a stale entry of Am when its memory is over', () => {
    const { clock, queue } = make(8);
    promote(queue, 'a');
    clock.advance(100 + MEMORY_MS);
    expect(where(queue, 'a')).toBe('Am');
    clock.advance(1);
    expect(queue.sizes).toEqual({ A1in: 0, A1out: 0, Am: 0 });
    expect(queue.set('a', 'two', 100)).toBe('A1in');
    expect(queue.remembered('a')).toEqual({ queue: 'A1in', value: 'two' });
  });

  it('counts the memory of a ghost that had to go before its time from that moment', () => {
    const { clock, queue } = make(1);
    queue.set('a', 'a', 500);
    queue.set('b', 'b', 5_000);
    clock.advance(MEMORY_MS);
    expect(where(queue, 'a')).toBe('A1out');
    clock.advance(1);
    expect(queue.remembered('a')).toBeUndefined();
  });

  it('takes the room of what it has forgotten before it pushes anything out', () => {
    const { clock, queue } = make(4);
    promote(queue, 'x', 10);
    promote(queue, 'y', 10);
    clock.advance(10 + MEMORY_MS + 1);
    for (const key of ['a', 'b', 'c', 'd']) queue.set(key, key, 100);
    expect(queue.keys()).toEqual(['a', 'b', 'c', 'd']);
    expect(queue.liveCount).toBe(4);
  });

  it('makes ghosts in the order in which lives end, whenever it is asked', () => {
    const { clock, queue } = make(4);
    queue.set('late', 'late', 300);
    queue.set('early', 'early', 100);
    queue.set('middle', 'middle', 200);
    clock.advance(500);
    // Kout is 2: the one that ended first is forgotten, not the one that came first.
    expect(queue.keys()).toEqual(['middle', 'late']);
  });

  it('ends a life on request and keeps the memory', () => {
    const { queue } = make(8);
    promote(queue, 'again', 1_000);
    queue.set('once', 'once', 1_000);
    expect(queue.expire('once')).toBe(true);
    expect(queue.expire('again')).toBe(true);
    expect(queue.live()).toEqual([]);
    expect([where(queue, 'once'), where(queue, 'again')]).toEqual(['A1out', 'Am']);
    expect([queue.expire('once'), queue.expire('again'), queue.expire('never')]).toEqual([
      false,
      false,
      false,
    ]);
  });

  it('forgets all of a key on request', () => {
    const { clock, queue } = make(8);
    promote(queue, 'again');
    queue.set('ghost', 'ghost', 1);
    clock.advance(1);
    queue.set('once', 'once', 100);
    for (const key of ['again', 'ghost', 'once']) expect(queue.delete(key)).toBe(true);
    expect(queue.keys()).toEqual([]);
    expect(queue.isEmpty).toBe(true);
    expect(queue.delete('never')).toBe(false);
  });

  it('loses nothing when it grows, neither order nor time', () => {
    const { clock, queue } = make(4);
    promote(queue, 'again', 400);
    queue.set('ghost', 'ghost', 1);
    clock.advance(1);
    queue.set('one', 'one', 100);
    queue.set('two', 'two', 200);
    queue.grow(8);
    expect([queue.capacity, queue.kin]).toEqual([8, 2]);
    expect(queue.live().map(([key]) => key)).toEqual(['one', 'two', 'again']);
    expect(queue.keys()).toEqual(['one', 'two', 'ghost', 'again']);
    queue.grow(4);
    expect(queue.capacity).toBe(8);
    clock.advance(MEMORY_MS + 1);
    expect(queue.keys()).toEqual(['one', 'two', 'again']);
  });

  it('never pushes anything out while no more than Kin keys are in use', () => {
    const { clock, queue } = make(40);
    const keys = Array.from({ length: 10 }, (_, i) => `key-${i}`);
    for (let round = 0; round < 5; round++) {
      for (const key of keys) queue.set(key, key, 10 + round);
      expect(queue.liveCount).toBe(10);
      clock.advance(20);
      expect(queue.keys()).toHaveLength(10);
    }
  });

  it('refuses a capacity or a memory that cannot be', () => {
    const clock = new ManualClock();
    for (const capacity of [0, -1, 1.5, Number.NaN]) {
      expect(() => new TwoQueue({ clock, capacity, memoryMs: 1 })).toThrow();
    }
    for (const memoryMs of [0, -1, Number.NaN]) {
      expect(() => new TwoQueue({ clock, capacity: 4, memoryMs })).toThrow(RangeError);
    }
  });
});
