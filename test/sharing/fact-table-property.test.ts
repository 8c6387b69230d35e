// Whatever happens to messages on their way, all processes know the same once each has told what it knows.
import { describe, it } from 'vitest';
import type { Fact } from '../../src/sharing/fact.ts';
import { FactTable, type Transport } from '../../src/sharing/fact-table.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { fc } from '../support/properties.ts';

const KEYS = ['server a', 'server b', 'lists x', 'strategy default'];
const KINDS = ['server', 'lists', 'strategy'];

type Step =
  | { readonly do: 'put'; readonly at: number; readonly key: string; readonly leftMs: number | null }
  | { readonly do: 'end'; readonly at: number; readonly key: string }
  /** The messages under way, one of which is delivered, repeated or lost. */
  | { readonly do: 'deliver' | 'repeat' | 'lose'; readonly which: number }
  | { readonly do: 'wait'; readonly ms: number };

const steps = (waits: boolean): fc.Arbitrary<Step[]> => {
  const at = fc.nat(2);
  const key = fc.constantFrom(...KEYS);
  const leftMs = fc.oneof(fc.integer({ min: 1_000, max: 30_000 }), fc.constant(null));
  const which = fc.nat(1_000);
  const kinds: fc.Arbitrary<Step>[] = [
    fc.record({ do: fc.constant('put' as const), at, key, leftMs }),
    fc.record({ do: fc.constant('end' as const), at, key }),
    fc.record({ do: fc.constantFrom('deliver' as const, 'repeat' as const, 'lose' as const), which }),
  ];
  if (waits)
    kinds.push(fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 5_000 }) }));
  return fc.array(fc.oneof(...kinds), { maxLength: 60 });
};

interface Message {
  readonly to: number;
  readonly facts: readonly Fact[];
}

/** Three processes, whose machines' clocks differ, each with what its readers have heard. */
class Fleet {
  readonly clocks = [0, 40_000, -40_000].map((off) => new ManualClock(1_000, Date.UTC(2026, 0, 15) + off));
  readonly underWay: Message[] = [];
  readonly heard = this.clocks.map(() => new Map<string, object | undefined>());
  readonly #from: Transport = { reach: 'fleet', send: () => {} };
  readonly tables = this.clocks.map((clock, index) => {
    const table = new FactTable({ clock, origin: `${index}` });
    table.connect({
      reach: 'fleet',
      send: (facts) => {
        for (const to of this.#others(index)) this.underWay.push({ to, facts: structuredClone(facts) });
      },
    });
    for (const kind of KINDS)
      table.read(kind, ({ subject, value }) => this.heard[index]?.set(`${kind} ${subject}`, value));
    return table;
  });
  #made = 0;

  run(step: Step): void {
    switch (step.do) {
      case 'put':
        this.#made += 1;
        this.tables[step.at]?.put(step.key, { made: this.#made }, step.leftMs);
        this.heard[step.at]?.set(step.key, { made: this.#made });
        return;
      case 'end':
        this.tables[step.at]?.end(step.key);
        this.heard[step.at]?.set(step.key, undefined);
        return;
      case 'wait':
        for (const clock of this.clocks) clock.advance(step.ms);
        return;
      default: {
        const index = this.underWay.length === 0 ? -1 : step.which % this.underWay.length;
        const message = this.underWay[index];
        if (!message) return;
        if (step.do !== 'lose') this.tables[message.to]?.receive(message.facts, this.#from);
        if (step.do !== 'repeat') this.underWay.splice(index, 1);
      }
    }
  }

  /** Nothing is written any more: each tells all that it knows, twice, since some of it is news from the first time. */
  settle(): void {
    this.underWay.length = 0;
    for (let round = 0; round < 2; round += 1)
      this.tables.forEach((table, from) => {
        for (const to of this.#others(from)) this.tables[to]?.receive(table.snapshot('fleet'), this.#from);
      });
  }

  known(index: number): unknown {
    return KEYS.map((key) => this.tables[index]?.get(key) ?? null);
  }

  #others(index: number): number[] {
    return [0, 1, 2].filter((other) => other !== index);
  }
}

describe('facts under way', () => {
  it('come to the same state in any order, lost and repeated', () => {
    fc.assert(
      fc.property(steps(false), (script) => {
        const fleet = new Fleet();
        for (const step of script) fleet.run(step);
        fleet.settle();
        return [1, 2].every((index) => JSON.stringify(fleet.known(index)) === JSON.stringify(fleet.known(0)));
      }),
      { numRuns: 300 },
    );
  });

  it('leave readers with what the table says', () => {
    fc.assert(
      fc.property(steps(false), (script) => {
        const fleet = new Fleet();
        for (const step of script) fleet.run(step);
        fleet.settle();
        return fleet.heard.every((heard, index) =>
          KEYS.every(
            (key) => JSON.stringify(heard.get(key)) === JSON.stringify(fleet.tables[index]?.get(key)),
          ),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('agree after all ends, however long messages were under way', () => {
    fc.assert(
      fc.property(steps(true), (script) => {
        const fleet = new Fleet();
        for (const step of script) fleet.run(step);
        fleet.settle();
        fleet.run({ do: 'wait', ms: 300_000 });
        fleet.settle();
        return [1, 2].every((index) => JSON.stringify(fleet.known(index)) === JSON.stringify(fleet.known(0)));
      }),
      { numRuns: 300 },
    );
  });
});
