/** The settings about upstreams that are slow, a part of the one table. */

import { setting } from './setting-definition.ts';
import { durationOrAuto, onOff, orOff } from './value-types.ts';

export const speedSettings = {
  hedge: setting(orOff(durationOrAuto()), {
    name: 'HEDGE',
    default: 'auto',
    doc: 'When a call that only reads is sent to a second upstream as well: `auto` when it takes longer than 98 of 100 such calls take there; after a fixed time; or `off`. The first good answer counts. At most 3 % of the calls.',
  }),
  avoidSlow: setting(onOff(), {
    name: 'AVOID_SLOW',
    json: 'boolean',
    default: 'on',
    doc: 'Whether upstreams that are silent at the moment, or many times slower than the others, are asked after them: `on` or `off`.',
  }),
};
