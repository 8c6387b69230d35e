import { changingLimit } from './changing-limit.mjs';
import { failures } from './failures.mjs';
import { healthy } from './healthy.mjs';
import { limits } from './limits.mjs';
import { outage } from './outage.mjs';
import { restart } from './restart.mjs';
import { slowness } from './slowness.mjs';

/** All of them, in the order of the table. */
export const scenarios = [healthy, failures, slowness, outage, restart, limits, changingLimit].flat();

/** What --only can name: scenarios, kinds of limits, groups. */
export const names = [...new Set(scenarios.flatMap(({ name, kind, group }) => [name, kind ?? name, group]))];

/** The scenarios that one of these names fits. */
export function chosen(wanted) {
  return scenarios.filter(({ name, kind, group }) => [name, kind, group].some((own) => wanted.includes(own)));
}
