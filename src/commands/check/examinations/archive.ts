/** Asks for an account's balance long ago, which only nodes with old states can tell. */

import { type Finding, known, notTried, type OldState, untold } from '../finding.ts';
import type { Inquiry } from '../inquiry.ts';
import { reasonOf } from '../reply.ts';

const BLOCKS_BACK = 1_000_000;
const ACCOUNT = `0x${'0'.repeat(40)}`;

/** At block 1 where the chain is shorter than a million blocks. */
export async function archive(inquiry: Inquiry, head: number | undefined): Promise<Finding<OldState>> {
  if (head === undefined) return notTried('its newest block is not known');
  if (head < 1) return notTried('its chain has no old block');
  const block = Math.max(1, head - BLOCKS_BACK);
  const reply = await inquiry.call('eth_getBalance', [ACCOUNT, `0x${block.toString(16)}`], 'heavy');
  if (reply.kind === 'not-tried') return notTried(reply.why);
  if (reply.kind === 'result')
    return typeof reply.result === 'string'
      ? known({ block, has: true })
      : untold('no balance in the answer');
  return reply.kind === 'error' && reply.verdict.class === 'missing-data'
    ? known({ block, has: false })
    : untold(reasonOf(reply));
}
