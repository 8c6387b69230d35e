/** Composes one answer from what several attempts brought. */

import type { AnswerCode } from '../errors.ts';
import { without } from '../http/header-lines.ts';
import type { Answered } from '../transport/outcome.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import { upstreamsOf } from './join-logs.ts';
import type { CallEntry, Ledger } from './ledger.ts';
import { REPRESENTATION_LINES } from './masked-errors.ts';
import { joinBatch, writeRpcError } from './rpc-writer.ts';

/** Header lines that apply to a single upstream's answer only. */
const SINGLE_ANSWER_LINES: ReadonlySet<string> = new Set([...REPRESENTATION_LINES, 'retry-after']);

export interface Composed {
  readonly answered: Answered;
  readonly upstream: Upstream;
  /** All upstreams that took part. */
  readonly names: string;
}

/**
 * Puts the items together in the order of the request. At least one entry must have an item from an upstream, whose
 * header section the answer gets. `missing` names the error for an entry that has none.
 */
export function compose(ledger: Ledger, missing: (entry: CallEntry) => AnswerCode): Composed {
  const parts: Buffer[] = [];
  const upstreams = new Set<Upstream>();
  let source: Answered | undefined;
  let status = 200;
  for (const entry of ledger.entries) {
    const item = ledger.answerTo(entry);
    if (item) for (const each of upstreamsOf(item)) upstreams.add(each);
    if (item?.answered) source ??= item.answered;
    if (item && !ledger.rpc.batch) status = item.status;
    parts.push(item?.bytes ?? writeRpcError(missing(entry), ledger.idOf(entry.call)));
  }
  const [upstream] = upstreams;
  if (!source || !upstream) throw new Error('nothing to compose an answer of');
  return {
    answered: {
      ...source,
      status,
      reasonPhrase: '',
      headers: headersOf(source),
      body: ledger.rpc.batch ? joinBatch(parts) : Buffer.concat(parts),
      stream: undefined,
    },
    upstream,
    names: [...upstreams].map(({ name }) => name).join(', '),
  };
}

function headersOf({ headers }: Answered): Answered['headers'] {
  const forward = without(headers.forward, SINGLE_ANSWER_LINES);
  return { ...headers, forward, contentEncoding: '', retryAfter: undefined };
}
