import { describe, expect, it } from 'vitest';
import { Budgets } from '../../src/pacing/budget.ts';

const spec = (account: string, rps?: number) => ({ account, ...(rps === undefined ? {} : { rps }) });

describe('the budget of an account, when the lists are read anew', () => {
  it('stays the same object with its pacer while its ceiling stays', () => {
    const budgets = new Budgets();
    const budget = budgets.of(spec('a', 5), true);
    const pacer = budget?.pacer;
    budgets.settle([spec('a'), spec('a', 5)]);
    expect(budgets.of(spec('a'), true)).toBe(budget);
    expect(budget?.pacer).toBe(pacer);
  });

  it('gets another ceiling, or none, for all that share it', () => {
    const budgets = new Budgets();
    const budget = budgets.of(spec('a', 5), true);
    budgets.settle([spec('a', 7), spec('a')]);
    expect(budget?.pacer.ceilingRps).toBe(7);
    budgets.settle([spec('a')]);
    expect(budget?.pacer.ceilingRps).toBeUndefined();
  });

  it('is forgotten when no upstream names it', () => {
    const budgets = new Budgets();
    const budget = budgets.of(spec('a', 5), true);
    budgets.settle([spec('b'), {}]);
    expect(budgets.of(spec('a', 5), true)).not.toBe(budget);
  });

  it('learns as it was said last', () => {
    const budgets = new Budgets();
    const budget = budgets.of(spec('a'), true);
    budgets.of(spec('a'), false);
    expect(budget?.learns).toBe(false);
  });
});
