/** Changes the strategy of a pool at run time. */

import { shownJson } from '../config/secrecy.ts';
import type { Announcer } from '../events.ts';
import type { PoolTable } from '../pools/pool-table.ts';
import { STRATEGY_NAMES } from '../strategies/index.ts';
import { fieldsOf, poolFor } from './input.ts';
import type { OperatorChanges } from './operator-changes.ts';
import { Refusal } from './problems.ts';

/** The body of the call, and of its answer. */
interface StrategyChange {
  readonly strategy: string;
  /** Where there are several. */
  readonly pool?: string | undefined;
}

/** The function changes the order of both lists from the next request on. Throws a Refusal for an invalid body. */
export function createStrategyChange(
  pools: () => PoolTable,
  announcer: Announcer,
  told: OperatorChanges,
): (body: unknown) => StrategyChange {
  return (body) => {
    const fields = fieldsOf(body, ['strategy', 'pool']);
    const given = fields.get('strategy');
    const name = fields.get('pool');
    if (name !== undefined && typeof name !== 'string')
      throw new Refusal(
        'INVALID_INPUT',
        `"pool": ${shownJson(name)} is not allowed; allowed: the name of a pool`,
      );
    const { identity, strategies } = poolFor(name, pools());
    const before = strategies.name;
    // Upper and lower case are the same, as in the settings.
    const strategy = typeof given === 'string' ? given.trim().toLowerCase() : '';
    if (!strategies.choose(strategy)) {
      const problem = given === undefined ? ' is missing' : `: ${shownJson(given)} is not allowed`;
      throw new Refusal('INVALID_INPUT', `"strategy"${problem}; allowed: ${STRATEGY_NAMES.join(', ')}`);
    }
    if (strategy !== before) announcer.announce({ type: 'strategy-changed', pool: identity, strategy });
    // Elsewhere it may be a change.
    told.strategyChosen(identity.name, strategy);
    return { strategy, pool: identity.shown };
  };
}
