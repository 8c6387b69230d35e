/** Turns refusals of signed transactions into success when the transaction has landed already. */

import { answersTransactionHash } from '../rpc/methods.ts';
import { rawTransactionHash } from '../rpc/raw-transaction.ts';
import type { Source } from './answer-item.ts';
import type { CallsJudgement } from './judge-calls.ts';
import type { CallEntry, Ledger } from './ledger.ts';
import { firstParameter } from './placement.ts';

/**
 * A signed transaction can land only once. "Already known" therefore means success, and so does "nonce too low" when
 * this very transaction used the nonce, sent by an earlier attempt whose answer was lost, or by another client.
 * `isKnown` asks the upstream whether it knows a hash.
 */
export async function settleTransactions(
  {
    ledger,
    asked,
    judgement,
    source,
  }: {
    readonly ledger: Ledger;
    readonly asked: readonly CallEntry[];
    readonly judgement: CallsJudgement;
    readonly source: Source;
  },
  isKnown: (hash: string) => Promise<boolean>,
): Promise<void> {
  for (const [index, entry] of asked.entries()) {
    const verdict = judgement.verdicts[index];
    if (verdict?.kind !== 'known' && verdict?.kind !== 'nonce') continue;
    const { method } = entry.call;
    if (method === undefined || !answersTransactionHash(method)) continue;
    const hash = rawTransactionHash(firstParameter(entry.call, ledger.body));
    if (hash === undefined) continue;
    if (verdict.kind === 'nonce' && !(await isKnown(hash))) continue;
    const bytes = Buffer.concat([
      Buffer.from('{"jsonrpc":"2.0","id":'),
      ledger.idOf(entry.call),
      Buffer.from(`,"result":"${hash}"}`),
    ]);
    ledger.settle(entry, { bytes, ...source, verbatim: false, status: 200 });
  }
}

/** The body of a request for a transaction by its hash. */
export function transactionLookUp(hash: string): Buffer {
  return Buffer.from(`{"jsonrpc":"2.0","id":1,"method":"eth_getTransactionByHash","params":["${hash}"]}`);
}

/** The result of a JSON-RPC answer; undefined when there is none or it can't be parsed. */
export function resultIn(answer: Buffer): unknown {
  try {
    const parsed: unknown = JSON.parse(answer.toString('utf8'));
    return typeof parsed === 'object' && parsed !== null && 'result' in parsed ? parsed.result : undefined;
  } catch {
    return undefined;
  }
}
