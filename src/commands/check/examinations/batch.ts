/** Finds out how many calls a batch may have. */

import type { RpcErrorClass, RpcErrorVerdict } from '../../../rpc/errors.ts';
import { type Amount, type Finding, notTried } from '../finding.ts';
import type { Inquiry } from '../inquiry.ts';
import type { Reply } from '../reply.ts';
import { searchAmount } from './amount.ts';

const SIZES = [10, 100];
/** The lightest one; another chain's server answers each with an error, which does as well. */
const METHOD = 'eth_chainId';

/** How one error in place of a list of answers refuses a batch, besides a limit. */
const NO_BATCHES: ReadonlySet<RpcErrorClass> = new Set<RpcErrorClass>(['client-error', 'method-unsupported']);
const NOT_SUPPORTED = /\bnot (?:supported|allowed|enabled)\b|\bunsupported\b|\bdisabled\b/;

function meaningOf({ class: meaning, size }: RpcErrorVerdict): 'too-much' | 'none' | undefined {
  if (NO_BATCHES.has(meaning) || (size && NOT_SUPPORTED.test(size.text))) return 'none';
  return meaning === 'batch-too-large' || meaning === 'range-too-large' ? 'too-much' : undefined;
}

/** None with more calls than a second's by `rps=`. */
export async function batchSize(inquiry: Inquiry): Promise<Finding<Amount>> {
  const { rps = Number.POSITIVE_INFINITY } = inquiry.upstream.limits;
  const sizes = SIZES.filter((size) => size <= rps);
  if (sizes.length === 0) return notTried(`rps=${rps}`);
  return searchAmount({
    sizes,
    ask: async (size) => whole(await inquiry.batch(METHOD, size), size),
    meaningOf,
    numbersIn: () => [],
  });
}

/** One answer for all is none, nor are too few. */
function whole(reply: Reply, size: number): Reply {
  if (reply.kind !== 'result') return reply;
  const count = Array.isArray(reply.result) ? reply.result.length : 0;
  return count === size ? reply : { kind: 'failed', problem: `${count} of ${size} calls were answered` };
}
