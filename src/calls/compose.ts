import type { AnswerCode } from '../errors.ts';
import { without } from '../http/header-lines.ts';
import type { Answered } from '../transport/outcome.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { CallEntry, Ledger } from './ledger.ts';
import { ABOUT_BYTES } from './masked-errors.ts';
import { joinBatch, ownRpcError } from './own-error.ts';

/** What speaks of one upstream's answer only. */
const OF_ONE: ReadonlySet<string> = new Set([...ABOUT_BYTES, 'retry-after']);

export interface Composed {
  readonly answered: Answered;
  readonly upstream: Upstream;
  readonly names: string;
}

/**
 * One answer made of what several attempts brought, in the order of the request. At least one entry must
 * have an item of an upstream's, whose header section it gets. `missing` names the error for an entry that
 * has nothing.
 */
export function compose(ledger: Ledger, missing: (entry: CallEntry) => AnswerCode): Composed {
  const parts: Buffer[] = [];
  const upstreams = new Set<Upstream>();
  let source: Answered | undefined;
  let status = 200;
  for (const entry of ledger.entries) {
    const item = ledger.said(entry);
    if (item?.upstream) upstreams.add(item.upstream);
    if (item?.answered) source ??= item.answered;
    if (item && !ledger.rpc.batch) status = item.status;
    parts.push(item?.bytes ?? ownRpcError(missing(entry), ledger.idOf(entry.call)));
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
  const forward = without(headers.forward, OF_ONE);
  return { ...headers, forward, contentEncoding: '', retryAfter: undefined };
}
