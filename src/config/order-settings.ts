/** The settings about the order in which upstreams are asked, a part of the one table. */

import { STRATEGY_NAMES } from '../strategies/index.ts';
import { setting } from './setting-definition.ts';
import { oneOf, orOff } from './value-types.ts';

export const orderSettings = {
  strategy: setting(oneOf(STRATEGY_NAMES), {
    name: 'STRATEGY',
    jsonAlias: 'lbAlgo',
    default: 'shuffle',
    doc: `Order of the upstreams within each of the two lists: ${STRATEGY_NAMES.map((name) => `\`${name}\``).join(', ')}.`,
  }),
  sticky: setting(orOff(oneOf(['key', 'address'])), {
    name: 'STICKY',
    default: 'off',
    doc: 'Whether a client’s calls stay with one upstream of each list while it is well, whatever the strategy: `address` (a client is an address, with IPv6 its first 64 bits), `key` (who uses a key; without one its address counts) or `off`.',
  }),
};
