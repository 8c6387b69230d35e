import type { Announcer } from '../events.ts';
import type { StrategyChoice } from '../strategies/choice.ts';
import { STRATEGY_NAMES } from '../strategies/index.ts';
import { fieldsOf } from './input.ts';
import { Refusal } from './problems.ts';

/** The body of a change of the strategy, and the answer to it. */
interface StrategyChange {
  readonly strategy: string;
}

/** Changes the order of both lists, from the next request on. The function throws a Refusal for any other body. */
export function createStrategyChange(
  strategies: StrategyChoice,
  announcer: Announcer,
): (body: unknown) => StrategyChange {
  return (body) => {
    const given = fieldsOf(body, ['strategy']).get('strategy');
    const before = strategies.name;
    // In any case of letters, as in the settings.
    const strategy = typeof given === 'string' ? given.trim().toLowerCase() : '';
    if (!strategies.choose(strategy))
      throw new Refusal('INVALID_INPUT', `"strategy" is not allowed; allowed: ${STRATEGY_NAMES.join(', ')}`);
    if (strategy !== before) announcer.announce({ type: 'strategy-changed', strategy });
    return { strategy };
  };
}
