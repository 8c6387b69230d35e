import type { ErrorRow } from '../error-rows.ts';
import { carriesTransaction } from '../methods.ts';

/** What contracts and programs say, and what is said of a run of theirs: an answer, whatever words it uses. */
const PROGRAM = ['program'] as const;

export const PROGRAM_ROWS: readonly ErrorRow[] = [
  // A simulation that could not begin: this node is behind the one that gave the block's hash.
  { class: 'missing-data', by: PROGRAM, text: ['blockhash not found'] },
  { class: 'raw-tx-known', by: PROGRAM, methods: carriesTransaction, text: ['already been processed'] },
  // Runs that have no words of their own.
  {
    class: 'revert',
    by: ['gateway', 'node', 'check'],
    text: ['intrinsic gas too high', 'out of gas'],
  },
];

export const OTHER_PROGRAM_ROWS: readonly ErrorRow[] = [{ class: 'revert', by: PROGRAM }];
