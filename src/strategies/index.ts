/** All strategies, by the names that settings and operators use. */

import { leastConnections } from './least-connections.ts';
import { peakEwma } from './peak-ewma.ts';
import { roundRobin } from './round-robin.ts';
import { shuffle } from './shuffle.ts';
import type { StrategyFactory } from './strategy.ts';
import { weightedRoundRobin } from './weighted-round-robin.ts';

export type { Strategy, StrategyContext, StrategyFactory } from './strategy.ts';

const table: Record<string, StrategyFactory> = {
  shuffle,
  random: shuffle,
  'round-robin': roundRobin,
  'weighted-round-robin': weightedRoundRobin,
  'least-connections': leastConnections,
  'peak-ewma': peakEwma,
};
// Operators name strategies at run time, and "constructor" must not be found.
Object.setPrototypeOf(table, null);

/** A new strategy is one file and one line in the table. `random` is another name of `shuffle`. */
export const strategies: Readonly<Record<string, StrategyFactory>> = Object.freeze(table);

export const STRATEGY_NAMES: readonly string[] = Object.freeze(Object.keys(strategies));
