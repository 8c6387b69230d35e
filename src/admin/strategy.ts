/** Changes the strategy at run time. */

import { shownJson } from '../config/secrecy.ts';
import type { Announcer, PoolIdentity } from '../events.ts';
import type { StrategyChoice } from '../strategies/choice.ts';
import { STRATEGY_NAMES } from '../strategies/index.ts';
import { fieldsOf } from './input.ts';
import { Refusal } from './problems.ts';

/** The body of the call, and of its answer. */
interface StrategyChange {
  readonly strategy: string;
}

/** The function changes the order of both lists from the next request on. Throws a Refusal for an invalid body. */
export function createStrategyChange(
  pool: PoolIdentity,
  strategies: StrategyChoice,
  announcer: Announcer,
): (body: unknown) => StrategyChange {
  return (body) => {
    const given = fieldsOf(body, ['strategy']).get('strategy');
    const before = strategies.name;
    // Upper and lower case are the same, as in the settings.
    const strategy = typeof given === 'string' ? given.trim().toLowerCase() : '';
    if (!strategies.choose(strategy)) {
      const problem = given === undefined ? ' is missing' : `: ${shownJson(given)} is not allowed`;
      throw new Refusal('INVALID_INPUT', `"strategy"${problem}; allowed: ${STRATEGY_NAMES.join(', ')}`);
    }
    if (strategy !== before) announcer.announce({ type: 'strategy-changed', pool, strategy });
    return { strategy };
  };
}
