/** The strategy in force for each tier, which can be changed while the program runs. */

import type { Tier } from '../events.ts';
import { strategies } from './index.ts';
import type { Strategy, StrategyContext, StrategyFactory } from './strategy.ts';

export class StrategyChoice implements Readonly<Record<Tier, Strategy>> {
  readonly #context: StrategyContext;
  #name: string;
  #create: StrategyFactory;
  primary: Strategy;
  fallback: Strategy;

  /** Throws when no strategy has this name. */
  constructor(name: string, context: StrategyContext) {
    const create = strategies[name];
    if (!create) throw new Error(`no strategy is called ${name}`);
    this.#context = context;
    this.#name = name;
    this.#create = create;
    this.primary = create(context);
    this.fallback = create(context);
  }

  get name(): string {
    return this.#name;
  }

  /**
   * From the next order on this strategy is used. If it is the current one, also by its other name, it keeps what it
   * has learned. False, and nothing changes, when no strategy has this name.
   */
  choose(name: string): boolean {
    const create = strategies[name];
    if (!create) return false;
    this.#name = name;
    if (create === this.#create) return true;
    this.#create = create;
    this.primary = create(this.#context);
    this.fallback = create(this.#context);
    return true;
  }
}
