/** What providers' errors mean: the rows of all tables, in the order in which they are tried. */

import type { ErrorRow } from '../error-rows.ts';
import { CLIENT_ROWS, TIMEOUT_ROWS } from './client.ts';
import { DATA_ROWS } from './data.ts';
import { GATEWAY_ROWS } from './gateway.ts';
import { METHOD_ROWS, REFUSED_METHOD_ROWS } from './method.ts';
import { OTHER_PROGRAM_ROWS, PROGRAM_ROWS } from './program.ts';
import { SIZE_ROWS } from './size.ts';
import { TRANSACTION_ROWS } from './transaction.ts';

/**
 * The first row that matches decides. The order is part of the knowledge, so a table that moves needs its reason here.
 * Texts come before bare codes, because the same number means different things behind different proxies (-32016: over
 * rate limit, unauthorized, a proxy's own 429, or a slot that a Solana node has not seen).
 */
export const ERROR_TABLE: readonly ErrorRow[] = [
  // First: a contract's own text may contain any phrase below ("execution reverted: deposit limit exceeded").
  ...PROGRAM_ROWS,
  // Before the other errors of programs: bare code 3 is a revert, but Alchemy sends missing data with it.
  ...DATA_ROWS,
  ...OTHER_PROGRAM_ROWS,
  ...TRANSACTION_ROWS,
  // Before limits and plans, since sizes are reported in their words ("range limit exceeded, upgrade your plan").
  ...SIZE_ROWS,
  // "Request timeout on the free tier, please upgrade your tier": the plan is not used up.
  ...TIMEOUT_ROWS,
  // A method that is not in the plan: the plan itself is fine.
  ...METHOD_ROWS,
  ...GATEWAY_ROWS,
  ...REFUSED_METHOD_ROWS,
  ...CLIENT_ROWS,
];
