import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SharedBuckets } from '../../src/clients/shared-buckets.ts';
import { SharedLimiter } from '../../src/clients/shared-limiter.ts';
import { BudgetSharing } from '../../src/sharing/budget-sharing.ts';
import type { Fact } from '../../src/sharing/fact.ts';
import { FactTable, type Transport } from '../../src/sharing/fact-table.ts';
import type { Role } from '../../src/sharing/knowledge.ts';
import { ManualClock } from '../support/manual-clock.ts';

/** Ends a worker, as it is for the first process. */
type End = () => void;

/** Messages take so long as `delay` says, and are never told in another order. */
class Machine {
  readonly clock = new ManualClock();
  readonly #rps: number;
  readonly #count: number;
  readonly #delay: () => number;
  readonly first: FactTable;
  readonly workers: ((calls: number) => boolean)[] = [];
  readonly #ends: End[] = [];
  #started = 0;

  constructor(count: number, rps: number, delay: () => number = () => 1) {
    this.#count = count;
    this.#rps = rps;
    this.#delay = delay;
    this.first = new FactTable({ clock: this.clock, origin: 'aa' });
    this.#share(this.first, 'first', new SharedBuckets());
    for (let place = 0; place < count; place += 1) this.start(place);
  }

  /** A worker in this place. */
  start(place: number): void {
    const { clock, first } = this;
    this.#started += 1;
    const table = new FactTable({ clock, origin: `aa.${this.#started}` });
    const toFirst = this.#lineTo(first, () => toWorker);
    const toWorker = this.#lineTo(table, () => toFirst);
    const buckets = new SharedBuckets(this.#count, place);
    const limiter = new SharedLimiter('alice', this.#rps, () => buckets.ofName('alice', this.#rps), buckets);
    table.connect(toFirst);
    first.connect(toWorker);
    table.receive(structuredClone(first.snapshot('machine')), toFirst);
    const sharing = this.#share(table, 'worker', buckets);
    this.#ends[place] = () => {
      sharing.stop();
      first.disconnect(toWorker);
      first.endForGone(`worker-use ${table.origin}`);
    };
    this.workers[place] = (calls) => limiter.charge('', calls, clock.monotonicMs()).waitMs === 0;
  }

  /** The worker ends, and another one takes its place. */
  replace(place: number): void {
    this.#ends[place]?.();
    this.start(place);
  }

  #share(table: FactTable, role: Role, buckets: SharedBuckets): BudgetSharing {
    const sharing = new BudgetSharing({
      ...{ table, clock: this.clock, role, workers: this.#count, buckets },
      budgets: () => [],
      inFlight: () => new Map(),
      setInFlightElsewhere() {},
    });
    sharing.start();
    return sharing;
  }

  #lineTo(table: FactTable, back: () => Transport): Transport {
    let lastMs = 0;
    return {
      reach: 'machine',
      send: (facts: readonly Fact[]) => {
        const copy = structuredClone(facts);
        const nowMs = this.clock.monotonicMs();
        lastMs = Math.max(lastMs, nowMs + this.#delay());
        this.clock.after(lastMs - nowMs, () => table.receive(copy, back()));
      },
    };
  }
}

/** Calls in turn for so long, each millisecond one; how many were admitted. */
function ask(machine: Machine, places: readonly number[], ms: number, eachMs = 1): number {
  let admitted = 0;
  for (let passed = 0; passed < ms; passed += eachMs) {
    const place = places[(passed / eachMs) % places.length] ?? 0;
    if (machine.workers[place]?.(1)) admitted += 1;
    machine.clock.advance(eachMs);
  }
  return admitted;
}

/** All calls in one moment. */
function burst(machine: Machine, calls: number): number {
  let admitted = 0;
  for (let i = 0; i < calls; i += 1) if (machine.workers[i % machine.workers.length]?.(1)) admitted += 1;
  return admitted;
}

describe('the limit of a client over workers', () => {
  it.each([2, 3, 4, 8])('admits a burst over %i workers to the last call, and none more', (count) => {
    const machine = new Machine(count, 10);
    expect(burst(machine, 40)).toBe(10);
    machine.clock.advance(3_000);
    expect(burst(machine, 40)).toBe(10);
  });

  it.each([2, 4])('is nearly all for the one of %i workers that the client uses', (count) => {
    const machine = new Machine(count, 10);
    expect(ask(machine, [0], 40, 2)).toBeGreaterThanOrEqual(9);
    machine.clock.advance(3_000);
    const admitted = ask(machine, [1], 5_000, 5);
    expect(admitted).toBeGreaterThanOrEqual(54);
    expect(admitted).toBeLessThanOrEqual(60);
  });

  it('goes over to another worker as what was used up becomes free', () => {
    const machine = new Machine(2, 10);
    expect(ask(machine, [0], 100, 2)).toBeLessThanOrEqual(11);
    const admitted = ask(machine, [1], 2_000, 5);
    expect(admitted).toBeLessThanOrEqual(21);
    expect(admitted).toBeGreaterThanOrEqual(17);
  });

  it('is divided by what is wanted where both are used, and evenly again when nobody is', () => {
    const machine = new Machine(2, 100);
    ask(machine, [0], 1_000);
    ask(machine, [0, 1], 2_000);
    const [one, other] = [0, 1].map(() => ask(machine, [0, 1], 1_000));
    expect((one ?? 0) + (other ?? 0)).toBeGreaterThanOrEqual(190);
    machine.clock.advance(5_000);
    expect(machine.first.current('claims').size).toBe(0);
    expect(machine.first.current('worker-use').size).toBe(0);
  });

  it('tells nothing of clients for which an even share is enough', () => {
    const machine = new Machine(2, 100);
    ask(machine, [0, 1], 1_000, 100);
    expect(machine.first.current('claims').size).toBe(0);
  });

  it('is free at once where a worker has ended, and its successor takes no more than it is given', () => {
    const machine = new Machine(2, 20);
    ask(machine, [0], 1_000);
    machine.replace(0);
    machine.clock.advance(5);
    expect(ask(machine, [1], 200)).toBeGreaterThanOrEqual(20);
    const admitted = ask(machine, [0, 1], 5_000);
    expect(admitted).toBeLessThanOrEqual(100);
    expect(admitted).toBeGreaterThanOrEqual(95);
  });

  it('lets a call through at last at each worker where it is less than a call for each', () => {
    const machine = new Machine(4, 2);
    for (const place of [0, 1, 2, 3]) expect(ask(machine, [place], 4_000, 10)).toBeGreaterThanOrEqual(1);
  });

  it('is never exceeded, however long messages take', () => {
    const steps = fc.array(
      fc.record({
        place: fc.nat({ max: 3 }),
        calls: fc.integer({ min: 1, max: 30 }),
        eachMs: fc.constantFrom(0, 1, 5, 20),
        restMs: fc.constantFrom(0, 0, 3, 60, 1_500),
      }),
      { minLength: 5, maxLength: 40 },
    );
    const delays = fc.array(fc.constantFrom(0, 1, 2, 10, 80), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 4 }),
        fc.constantFrom(5, 10, 33, 100),
        delays,
        steps,
        (count, rps, delay, all) => {
          let sent = 0;
          const machine = new Machine(count, rps, () => delay[sent++ % delay.length] ?? 1);
          const admittedMs: number[] = [];
          for (const { place, calls, eachMs, restMs } of all) {
            for (let i = 0; i < calls; i += 1) {
              if (machine.workers[place % count]?.(1)) admittedMs.push(machine.clock.monotonicMs());
              machine.clock.advance(eachMs);
            }
            machine.clock.advance(restMs);
          }
          expect(mostUsed(admittedMs, rps)).toBeLessThanOrEqual(rps + 0.05);
        },
      ),
      { numRuns: 25 },
    );
  });
});

/** How full a bucket would have been that fills up evenly: over `rps`, too many were admitted in some time. */
function mostUsed(admittedMs: readonly number[], rps: number): number {
  let used = 0;
  let most = 0;
  let lastMs = 0;
  for (const atMs of admittedMs) {
    used = Math.max(0, used - ((atMs - lastMs) * rps) / 1_000) + 1;
    lastMs = atMs;
    most = Math.max(most, used);
  }
  return most;
}
