import type { AnswerCode } from '../errors.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { Entry, Ledger } from './ledger.ts';
import type { Answered } from './outcome.ts';
import { joinBatch, ownRpcError } from './own-error.ts';

/** Header lines that speak of the bytes of a body that no longer is the one they came with. */
const ABOUT_BYTES: ReadonlySet<string> = new Set([
  'content-encoding',
  'content-md5',
  'content-digest',
  'repr-digest',
  'digest',
  'etag',
  'last-modified',
  'accept-ranges',
  'retry-after',
]);

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
export function compose(ledger: Ledger, missing: (entry: Entry) => AnswerCode): Composed {
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
  const forward: string[] = [];
  for (let i = 0; i + 1 < headers.forward.length; i += 2) {
    const name = headers.forward[i] ?? '';
    if (!ABOUT_BYTES.has(name.toLowerCase())) forward.push(name, headers.forward[i + 1] ?? '');
  }
  return { ...headers, forward, contentEncoding: '', retryAfter: undefined };
}
