/** Signed transactions that an upstream says it has, or that were overtaken. */
import { answersTransactionHash } from '../rpc/methods.ts';
import { rawTransactionHash } from '../rpc/raw-transaction.ts';
import type { CallsJudgement } from './judge-calls.ts';
import type { CallEntry, Ledger, Source } from './ledger.ts';
import { firstParameter } from './placement.ts';

/**
 * A signed transaction can land only once. "Already known" therefore means success, and so does "nonce too
 * low" when it is this very transaction that used the nonce, whoever sent it first: an earlier attempt whose
 * answer was lost, or another client. `isKnown` asks the upstream for a hash.
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

/** The request that asks for a transaction by its hash. */
export function transactionLookUp(hash: string): Buffer {
  return Buffer.from(`{"jsonrpc":"2.0","id":1,"method":"eth_getTransactionByHash","params":["${hash}"]}`);
}

/** The result of one JSON-RPC answer; undefined when it has none that can be read. */
export function resultIn(answer: Buffer): unknown {
  try {
    const parsed: unknown = JSON.parse(answer.toString('utf8'));
    return typeof parsed === 'object' && parsed !== null && 'result' in parsed ? parsed.result : undefined;
  } catch {
    return undefined;
  }
}
