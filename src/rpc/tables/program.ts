/** Rows for errors of contracts and programs, and of running them: an answer, whatever words it uses. */

import type { ErrorRow } from '../error-rows.ts';
import { carriesTransaction } from '../methods.ts';

const PROGRAM = ['program'] as const;

export const PROGRAM_ROWS: readonly ErrorRow[] = [
  // A simulation that could not begin: this node is behind the one that returned the block's hash.
  { class: 'missing-data', by: PROGRAM, text: ['blockhash not found'] },
  { class: 'raw-tx-known', by: PROGRAM, methods: carriesTransaction, text: ['already been processed'] },
  // Failures of a run without a text of the program.
  {
    class: 'revert',
    by: ['gateway', 'node', 'mempool'],
    text: ['intrinsic gas too high', 'out of gas'],
  },
];

export const OTHER_PROGRAM_ROWS: readonly ErrorRow[] = [{ class: 'revert', by: PROGRAM }];
