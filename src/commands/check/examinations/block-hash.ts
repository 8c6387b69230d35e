/** Asks for the hash of a block that all upstreams of a pool must have. */

import { type Finding, known, notTried, untold } from '../finding.ts';
import type { Inquiry } from '../inquiry.ts';
import { reasonOf } from '../reply.ts';

/** `block`: its number; undefined when there is none to ask for. */
export async function blockHash(inquiry: Inquiry, block: number | undefined): Promise<Finding<string>> {
  if (block === undefined) return notTried('nothing to compare with');
  const reply = await inquiry.call('eth_getBlockByNumber', [`0x${block.toString(16)}`, false]);
  if (reply.kind === 'not-tried') return notTried(reply.why);
  if (reply.kind !== 'result') return untold(reasonOf(reply));
  const { result } = reply;
  if (result === null) return untold(`it has no block ${block}`);
  const hash = typeof result === 'object' && 'hash' in result ? result.hash : undefined;
  return typeof hash === 'string' && /^0x[0-9a-f]{64}$/i.test(hash)
    ? known(hash.toLowerCase())
    : untold('no hash in the answer');
}
