/** Finds out how much of something an upstream takes at once, by asking for more and more until it refuses. */

import type { RpcErrorVerdict } from '../../../rpc/errors.ts';
import { type Asked, statedLimit } from '../../../rpc/size-limits.ts';
import { type Amount, type Finding, known, notTried, untold } from '../finding.ts';
import { type Reply, reasonOf } from '../reply.ts';

export interface AmountSearch {
  /** From the smallest to the largest; at least one. */
  readonly sizes: readonly number[];
  readonly ask: (size: number) => Promise<Reply>;
  /** What an error says: this was too much, or none is taken at all; undefined for one that says neither. */
  readonly meaningOf: (verdict: RpcErrorVerdict) => 'too-much' | 'none' | undefined;
  /** Numbers in a question of this size that the upstream may quote. */
  readonly numbersIn: (size: number) => readonly number[];
}

/** Ends at the first refusal, whose text may state the limit. */
export async function searchAmount(search: AmountSearch): Promise<Finding<Amount>> {
  let least = 0;
  for (const size of search.sizes) {
    const reply = await search.ask(size);
    if (reply.kind === 'result') {
      least = size;
      continue;
    }
    const meaning = reply.kind === 'error' ? search.meaningOf(reply.verdict) : undefined;
    if (meaning === 'none' && least === 0) return known({ least, most: 0 });
    if (reply.kind === 'error' && meaning !== undefined)
      return known(amountOf(reply, least, { size, numbers: search.numbersIn(size) }));
    if (least > 0) break;
    return reply.kind === 'not-tried' ? notTried(reply.why) : untold(reasonOf(reply));
  }
  return known({ least, most: undefined });
}

function amountOf(
  { verdict }: Extract<Reply, { kind: 'error' }>,
  least: number,
  asked: Asked & { readonly size: number },
): Amount {
  const stated = verdict.size && statedLimit(verdict.size, asked);
  if (stated !== undefined && stated >= least && stated < asked.size) return { least: stated, most: stated };
  return { least, most: asked.size - 1 };
}
