/** Finds out over how many blocks eth_getLogs may look at once, with a filter that nothing matches. */

import type { RpcErrorClass } from '../../../rpc/errors.ts';
import { LOGS_METHOD } from '../../../rpc/logs-range.ts';
import { type Amount, type Finding, notTried } from '../finding.ts';
import type { Inquiry } from '../inquiry.ts';
import { searchAmount } from './amount.ts';

const RANGES = [10, 1_000, 10_000];
/** The newest ones not all nodes behind one URL may have. */
const BEHIND_HEAD = 8;
const NO_CONTRACT = '0x000000000000000000000000000000000000dead';
const NO_EVENT = `0x${'f'.repeat(64)}`;

const MEANINGS: Readonly<Partial<Record<RpcErrorClass, 'too-much' | 'none'>>> = {
  'range-too-large': 'too-much',
  'method-unsupported': 'none',
};

export async function logsRange(inquiry: Inquiry, head: number | undefined): Promise<Finding<Amount>> {
  if (head === undefined) return notTried('its newest block is not known');
  const to = Math.max(0, head - BEHIND_HEAD);
  const fitting = RANGES.filter((size) => size <= to + 1);
  const from = (size: number) => to - size + 1;
  return searchAmount({
    // Of a chain that is too short: all of it.
    sizes: fitting.length > 0 ? fitting : [to + 1],
    ask: (size) => inquiry.call(LOGS_METHOD, [filter(from(size), to)], 'heavy'),
    meaningOf: ({ class: meaning }) => MEANINGS[meaning],
    numbersIn: (size) => [from(size), to],
  });
}

function filter(from: number, to: number): object {
  const [fromBlock, toBlock] = [from, to].map((block) => `0x${block.toString(16)}`);
  return { fromBlock, toBlock, address: NO_CONTRACT, topics: [NO_EVENT] };
}
