/** Makes an answer of how the search for one ended. */

import { compose } from '../calls/compose.ts';
import type { Ledger } from '../calls/ledger.ts';
import { withoutSecrets } from '../calls/masked-errors.ts';
import { type AnswerCode, OWN_ANSWERS } from '../errors.ts';
import { type RequestResult, SWITCHED } from '../events.ts';
import { addAnswerLines, withoutReplaced } from '../http/answer-lines.ts';
import type { Pool } from '../pools/pool.ts';
import { isWebSocket } from '../transport/handshake.ts';
import type { Answered } from '../transport/outcome.ts';
import type { OpenTunnels } from '../tunnels/open-tunnels.ts';
import { switchProtocol } from '../tunnels/switch.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { Ending, LastAnswer } from './ending.ts';
import { type Exchange, failuresOf } from './exchange.ts';
import { allRateLimited, commonCode, failureCode, missingCode } from './failure-code.ts';
import { PLAIN_HTTP } from './method-limits.ts';
import { deliver, refuse } from './respond.ts';
import { firstReturnMs, UNKNOWN_RETURN_MS } from './return-time.ts';

/** Refusals after which a connection is closed: where the next request begins is in doubt. */
const CLOSING: ReadonlySet<AnswerCode> = new Set<AnswerCode>([
  'BAD_REQUEST',
  'HEADERS_TOO_LARGE',
  'URL_TOO_LONG',
  'BODY_TOO_LARGE',
  'CLIENT_TOO_SLOW',
  'METHOD_NOT_ALLOWED',
  'EXPECTATION_FAILED',
  'SHUTTING_DOWN',
]);

/** Refusals for which upstreams are to blame, asked or not. */
const UPSTREAMS_LACK: ReadonlySet<AnswerCode> = new Set<AnswerCode>([
  'NO_UPSTREAM_AVAILABLE',
  'RATE_LIMITED',
  'ALL_UPSTREAMS_FAILED',
]);

/**
 * Makes an answer of how the search for one ended, gives it to the client and announces it. A promise only
 * where the answer streams.
 */
export function conclude(
  exchange: Exchange,
  ending: Ending,
  pool: Pool,
  tunnels: OpenTunnels,
): Promise<void> | undefined {
  switch (ending.kind) {
    case 'client-left':
      return announce(exchange, { result: 'client-left' }, pool);
    case 'refuse':
      return refuseWith(exchange, ending.code, pool);
    case 'deliver':
      return pass(exchange, shown(exchange, ending), pool);
    case 'tunnel':
      return passTunnel(exchange, ending, pool, tunnels);
    case 'ledger':
      return concludeLedger(exchange, ending.ledger, ending.last, pool);
    case 'failed':
      // A real HTTP answer of the last upstream says more than one of ours.
      if (ending.last && (!exchange.rpc || mayBeOrder(exchange)) && !allRateLimited(exchange)) {
        const result = ending.last.blamed ? 'failed' : 'answered';
        return pass(exchange, shown(exchange, ending.last), pool, result);
      }
      ending.last?.answered.stream?.cancel();
      return refuseWith(exchange, failureCode(exchange, pool), pool);
    default:
      return ending satisfies never;
  }
}

type TunnelEnding = Extract<Ending, { kind: 'tunnel' }>;

/** The tunnel counts as an attempt in flight until it is closed. */
async function passTunnel(
  exchange: Exchange,
  { switched, upstream }: TunnelEnding,
  pool: Pool,
  tunnels: OpenTunnels,
): Promise<void> {
  const { upgrade, id } = exchange;
  const { socket, protocol, headers } = switched;
  if (!upgrade || exchange.left) {
    socket.destroy();
    return announce(exchange, { result: 'client-left' }, pool);
  }
  exchange.forget(0);
  upstream.inFlight += 1;
  const primariesOut = upstream.tier === 'fallback' && pool.availability.isOut('primary');
  pool.runtime.announcer.announce({
    type: 'tunnel-opened',
    id,
    traceId: exchange.traceId,
    clientAddress: exchange.origin.address,
    clientName: exchange.clientName,
    upstream: upstream.identity,
    primariesOut,
  });
  const lines = withoutReplaced(headers.forward, exchange.client.replaces);
  addAnswerLines(lines, id, upstream.name, exchange.answerLines);
  const isWebSocketNow = isWebSocket(protocol);
  const idleMs = pool.settings.tunnelIdleTimeoutMs;
  try {
    await switchProtocol(
      { upgrade, upstream: socket, protocol, lines, isWebSocket: isWebSocketNow, idleMs },
      tunnels,
    );
  } finally {
    upstream.inFlight -= 1;
  }
  announce(exchange, { result: 'answered', status: SWITCHED, upstream }, pool);
}

function concludeLedger(
  exchange: Exchange,
  ledger: Ledger,
  last: LastAnswer | undefined,
  pool: Pool,
): Promise<void> | undefined {
  if (ledger.exact) {
    last?.answered.stream?.cancel();
    return pass(exchange, ledger.exact, pool);
  }
  const items = ledger.entries.map((entry) => ledger.answerTo(entry));
  if (items.some((item) => item?.upstream)) {
    last?.answered.stream?.cancel();
    let failed = false;
    const composed = compose(ledger, (entry) => {
      const code = missingCode(exchange, entry, pool);
      // Those with status 200 are what a client may cause: no failure of the upstreams, and no alert.
      failed ||= OWN_ANSWERS[code].status !== 200;
      return code;
    });
    return pass(exchange, composed, pool, failed ? 'failed' : 'answered');
  }
  // No JSON-RPC in it and nobody's fault, a 404 for one: it may be the client's doing, so it is told. A redirect
  // is nothing that a JSON-RPC client can make use of.
  if (last && ((!last.blamed && last.answered.status > 399) || mayBeOrder(exchange)))
    return pass(exchange, shown(exchange, last), pool, 'failed');
  last?.answered.stream?.cancel();
  for (const entry of ledger.entries) entry.ownCode = missingCode(exchange, entry, pool);
  return refuseWith(exchange, commonCode(ledger) ?? failureCode(exchange, pool), pool);
}

/** It looks like JSON-RPC, but may be an order: then an upstream's answer, whatever it is, says what became of it. */
function mayBeOrder({ rpc, repeat }: Exchange): boolean {
  return repeat === 'unsent' && rpc !== undefined && rpc.calls.every(({ versionStart }) => versionStart < 0);
}

interface Passing {
  readonly answered: Answered;
  readonly upstream: Upstream;
  /** Of all upstreams that had a part in it, where there were several. */
  readonly names?: string;
}

/** An answer that passes as it came, but for secrets of the upstream's; those in the ledger are without. */
function shown({ rpc }: Exchange, { answered, upstream }: Passing): Passing {
  return { answered: withoutSecrets(answered, upstream, rpc !== undefined), upstream };
}

/** Ends a request on which the load balancer itself made a mistake. */
export function concludeDefect(exchange: Exchange, pool: Pool): void {
  if (exchange.response.headersSent) exchange.response.destroy();
  refuseWith(exchange, 'INTERNAL_ERROR', pool);
}

function pass(
  exchange: Exchange,
  passing: Passing,
  pool: Pool,
  asResult?: RequestResult,
): Promise<void> | undefined {
  const { answered, upstream, names = upstream.name } = passing;
  // Not the answer itself: what was held of it is let go while the rest streams.
  const { status } = answered;
  const delivered = deliver(exchange, answered, names, pool.runtime.clock);
  if (typeof delivered !== 'string') {
    return delivered.then((result) => {
      const said = result === 'answered' ? (asResult ?? result) : result;
      announce(exchange, { result: said, status, upstream }, pool);
    });
  }
  announce(exchange, { result: asResult ?? delivered, status, upstream }, pool);
  return undefined;
}

function refuseWith(exchange: Exchange, code: AnswerCode, pool: Pool): undefined {
  const retryAfterMs = returnMs(exchange, code, pool);
  refuse(exchange, code, { retryAfterMs, close: CLOSING.has(code) }, pool.runtime.clock);
  const tried = exchange.attempts.length > 0 && code !== 'OVERLOADED';
  const result = tried || UPSTREAMS_LACK.has(code) ? 'failed' : 'refused';
  announce(exchange, { result: exchange.left ? 'client-left' : result, code }, pool);
}

/** In how many milliseconds the client should try again; undefined where that is of no use, or unknown. */
function returnMs(exchange: Exchange, code: AnswerCode, pool: Pool): number | undefined {
  switch (code) {
    case 'NO_UPSTREAM_AVAILABLE':
    case 'RATE_LIMITED':
      return firstReturnMs(pool, exchange.ledger ? exchange.rpcMethod : PLAIN_HTTP);
    case 'OVERLOADED':
      return UNKNOWN_RETURN_MS;
    case 'CLIENT_RATE_LIMITED':
      return exchange.clientWaitMs;
    default:
      return undefined;
  }
}

interface Finish {
  readonly result: RequestResult;
  readonly status?: number;
  readonly upstream?: Upstream;
  readonly code?: AnswerCode;
}

function announce(exchange: Exchange, { result, status, upstream, code }: Finish, pool: Pool): undefined {
  const { request, response, attempts, origin, rpcMethod, startedMs, id, queuedMs } = exchange;
  pool.runtime.announcer.announce({
    type: 'request-finished',
    pool: pool.identity,
    id,
    clientAddress: origin.address,
    clientName: exchange.clientName,
    method: request.method ?? '',
    path: exchange.isPathSecret ? undefined : shownPath(exchange, pool),
    rpcMethod: exchange.isPathSecret ? undefined : rpcMethod,
    result,
    status: status ?? (response.headersSent ? response.statusCode : 0),
    code,
    upstream: upstream?.identity,
    primariesOut: upstream?.tier === 'fallback' && pool.availability.isOut('primary'),
    attempts: attempts.length,
    failures: result === 'answered' ? undefined : failuresOf(attempts),
    queuedMs,
    durationMs: pool.runtime.clock.monotonicMs() - startedMs,
    traceId: exchange.traceId,
  });
}

/** The path that the client asked for, without its key. */
function shownPath({ target: { path } }: Exchange, pool: Pool): string {
  return path === '/' && pool.path !== '' ? pool.path : pool.path + path;
}
