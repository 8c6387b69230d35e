import { expect, it } from 'vitest';
import { HedgeBudget } from '../../src/speed/hedge-budget.ts';

function spendAll(budget: HedgeBudget, isUrgent?: boolean): number {
  let spent = 0;
  for (; budget.has(1, isUrgent); spent += 1) budget.spend(1);
  return spent;
}

it('starts filled, and is filled by what is answered well, to the same measure', () => {
  const budget = new HedgeBudget();
  expect(spendAll(budget)).toBe(10);
  budget.earn(39);
  expect(budget.has(1)).toBe(false);
  budget.earn(1);
  expect(spendAll(budget)).toBe(1);
  budget.earn(100_000);
  expect(spendAll(budget)).toBe(10);
});

it('never lets more than 3 % of many calls be made besides', () => {
  const budget = new HedgeBudget();
  let spent = 0;
  for (let call = 0; call < 10_000; call += 1) {
    budget.earn(1);
    spent += spendAll(budget);
  }
  expect(spent / 10_000).toBeLessThan(0.03);
  expect(spent / 10_000).toBeGreaterThan(0.02);
});

it('goes into debt where an upstream is silent, and pays it back', () => {
  const budget = new HedgeBudget();
  expect([spendAll(budget), spendAll(budget, true), budget.has(1)]).toEqual([10, 50, false]);
  budget.earn(2_000);
  expect(budget.has(1)).toBe(false);
  budget.earn(41);
  expect(budget.has(1)).toBe(true);
});

it('counts a batch by its calls', () => {
  const budget = new HedgeBudget();
  expect([budget.has(10), budget.has(11)]).toEqual([true, false]);
});
