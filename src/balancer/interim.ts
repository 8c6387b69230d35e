/** Passes upstreams' interim answers (1xx) on to the client. */

import { isHttp10 } from '../http/messages.ts';
import { rewriteUrls } from '../http/url-rewriting.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { Exchange } from './exchange.ts';

/** The attempt that an interim answer comes from. */
interface Source {
  readonly exchange: Exchange;
  readonly upstream: Upstream;
}

/** How many interim answers a request may get, from all upstreams together. */
const MAX_INTERIM = 100;
const MAX_RELAYED_INTERIM = 4;

/**
 * Passes on 102 and 103 to a client that can read them, and does. Only the first few: the upstream is not slowed down
 * for them, so nothing else would bound the memory that a slow reader costs. False when there are so many that the
 * answer counts as malformed.
 */
export function relayInterim(source: Source, status: number, raw: readonly Buffer[]): boolean {
  const { exchange } = source;
  exchange.interimAnswers += 1;
  const { request, response, rpc, interimAnswers } = exchange;
  if (interimAnswers > MAX_INTERIM) return false;
  // Before its turn a pipelined answer has no socket: what is written then would end up within the answer.
  const isRead = interimAnswers <= MAX_RELAYED_INTERIM && response.socket?.writableNeedDrain === false;
  if (isRead && !isHttp10(request) && !rpc && !response.headersSent) passInterim(source, status, raw);
  return true;
}

function passInterim({ exchange, upstream }: Source, status: number, raw: readonly Buffer[]): void {
  const { response } = exchange;
  if (status === 102) response.writeProcessing();
  if (status !== 103) return;
  const { target, requested, prefix, origin } = exchange;
  const rewriting = { upstream, target, requested, prefix, origin };
  const link: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    if (raw[i]?.toString('latin1').toLowerCase() !== 'link') continue;
    const shown = rewriteUrls('link', raw[i + 1]?.toString('latin1') ?? '', rewriting);
    if (shown !== undefined) link.push(shown);
  }
  // Node writes hints only with a Link, which is their purpose, and throws if it is malformed.
  try {
    if (link.length > 0) response.writeEarlyHints({ link });
  } catch {
    // A hint that can't be passed on is not needed.
  }
}
