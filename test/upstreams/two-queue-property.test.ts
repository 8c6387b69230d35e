import { describe, expect, it } from 'vitest';
import { TwoQueue } from '../../src/upstreams/two-queue.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { fc } from '../support/properties.ts';
import { TwoQueueModel } from './two-queue-model.ts';

type Command =
  | { readonly do: 'set'; readonly key: string; readonly ttlMs: number }
  | { readonly do: 'get' | 'expire' | 'delete'; readonly key: string }
  | { readonly do: 'advance'; readonly ms: number }
  | { readonly do: 'grow'; readonly by: number };

// Few, so that they meet again; the queues are filled all the same.
const KEYS = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
const anyKey = fc.constantFrom(...KEYS);
const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('set'), key: anyKey, ttlMs: fc.integer({ min: 1, max: 60 }) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('get', 'expire', 'delete'), key: anyKey }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('advance'), ms: fc.integer({ min: 0, max: 50 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('grow'), by: fc.integer({ min: 0, max: 3 }) }) },
);

describe('TwoQueue beside a model', () => {
  it('does what the model does, command by command, and stays within its bounds', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.array(anyCommand, { maxLength: 60, size: 'max' }),
        (capacity, commands) => {
          const clock = new ManualClock();
          const real = new TwoQueue<number>({ clock, capacity, memoryMs: 70 });
          const model = new TwoQueueModel<number>(capacity, 70);
          commands.forEach((command, step) => {
            if (command.do === 'advance') {
              clock.advance(command.ms);
              model.advance(command.ms);
            } else if (command.do === 'grow') {
              real.grow(real.capacity + command.by);
              model.capacity += command.by;
            } else if (command.do === 'set') {
              expect(real.set(command.key, step, command.ttlMs)).toBe(
                model.set(command.key, step, command.ttlMs),
              );
            } else {
              expect(real[command.do](command.key)).toBe(model[command.do](command.key));
            }
            // Not after each command: looking must make no difference.
            if (step % 9 === 8 || step === commands.length - 1) compare(real, model);
          });
        },
      ),
      { numRuns: 500 },
    );
  });
});

function compare(real: TwoQueue<number>, model: TwoQueueModel<number>): void {
  expect(real.live()).toEqual(model.live());
  for (const key of KEYS) expect(real.get(key)).toBe(model.get(key));
  for (const key of KEYS) expect(real.remembered(key)).toEqual(model.remembered(key));
  expect(real.keys()).toEqual(model.keys());
  const { A1in, A1out, Am } = real.sizes;
  expect(A1in + Am).toBeLessThanOrEqual(real.capacity);
  expect(A1out).toBeLessThanOrEqual(Math.max(1, Math.floor(real.capacity / 2)));
}
