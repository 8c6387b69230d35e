/** Sends the client its answer: an upstream's, or one of our own. */

import { joinBatch, writeRpcError } from '../calls/rpc-writer.ts';
import type { Clock } from '../clock.ts';
import { type AnswerCode, OWN_ANSWERS } from '../errors.ts';
import type { RequestResult } from '../events.ts';
import { addAnswerLines, withoutReplaced } from '../http/answer-lines.ts';
import { without } from '../http/header-lines.ts';
import { endAfterBody } from '../http/lingering-close.ts';
import { isHttp2, type OutgoingResponse } from '../http/messages.ts';
import { PROBLEM_TYPE, problemDocument } from '../http/problem.ts';
import type { ResponseHeaders } from '../http/response-headers.ts';
import { parseRetryAfter, writeRetryAfter } from '../http/retry-after.ts';
import type { Answered, ResponseStream } from '../transport/outcome.ts';
import type { Exchange } from './exchange.ts';

const RETRY_AFTER: ReadonlySet<string> = new Set(['retry-after']);

/** Refusals that may be sent before the body was read. */
const BEFORE_BODY: ReadonlySet<AnswerCode> = new Set<AnswerCode>(['BODY_TOO_LARGE', 'OVERLOADED']);

/** Bodies up to this size are written together with the head: a copy costs less than a second buffer. */
const JOINED_BYTES = 16 * 1024;

/**
 * Sends an upstream's answer to the client. With an answer that streams it returns a promise, which resolves when all
 * of it is sent, or can't be: `cut` when it broke off, or was silent for too long, after its first byte; the client's
 * connection is then destroyed, never ended gracefully.
 */
export function deliver(
  exchange: Exchange,
  answered: Answered,
  upstreamNames: string,
  clock: Clock,
): RequestResult | Promise<RequestResult> {
  const { response } = exchange;
  const { headers, status, body, stream } = answered;
  const passed = headers.retryAfter === undefined ? headers.forward : withDate(headers, clock.wallMs());
  const lines = withoutReplaced(passed, exchange.client.replaces);
  addAnswerLines(lines, exchange.id, upstreamNames, exchange.answerLines);
  const bodiless = exchange.request.method === 'HEAD' || status === 204 || status === 304;
  if (stream || bodiless) {
    if (headers.contentLength !== undefined && status !== 204)
      lines.push('Content-Length', String(headers.contentLength));
  } else {
    lines.push('Content-Length', String(body.length));
  }
  // An answer before the end of the upload: keeping the connection is not worth reading the rest of the upload.
  if (!exchange.isReceived) closeAfter(response, lines);
  response.writeHead(status, answered.reasonPhrase, lines);
  exchange.forget(body.length);
  if (stream) return streamBody(exchange, body, stream, clock);
  finish(exchange, bodiless ? undefined : body, clock);
  return 'answered';
}

/** Turns an upstream's Retry-After into a date. A value that is no time, or is past, is passed on as it is. */
function withDate({ forward, retryAfter }: ResponseHeaders, wallMs: number): string[] {
  const ms = parseRetryAfter(retryAfter, wallMs);
  if (ms === undefined) return forward;
  return [...without(forward, RETRY_AFTER), 'Retry-After', writeRetryAfter(ms, wallMs)];
}

/** Announces to the client and to the listener that the connection ends with this answer. */
function closeAfter(response: OutgoingResponse, lines: string[]): void {
  lines.push('Connection', 'close');
  response.shouldKeepAlive = false;
}

function streamBody(
  exchange: Exchange,
  prefix: Buffer,
  stream: ResponseStream,
  clock: Clock,
): Promise<RequestResult> {
  const { response } = exchange;
  // Even an empty prefix is written, to send the header section, which would otherwise wait for the first chunk.
  if (response.write(prefix)) exchange.account.setHeld(0);
  return new Promise((resolve) => {
    response.on('drain', () => {
      exchange.account.setHeld(0);
      stream.resume();
    });
    stream.flowInto({
      write: (chunk) => response.write(chunk),
      end() {
        finish(exchange, undefined, clock);
        resolve('answered');
      },
      fail() {
        cut(exchange);
        resolve(exchange.left ? 'client-left' : 'cut');
      },
    });
  });
}

/**
 * Ends an answer in the middle by a reset of the connection: to a client that was given no length, such as an HTTP/1.0
 * client, a graceful end would look like the end of the body. With HTTP/2 only the one stream is reset.
 */
function cut({ request, response }: Exchange): void {
  if (!isHttp2(request)) response.socket?.resetAndDestroy();
  response.destroy();
}

/** What a refusal may say in addition to its code. */
export interface RefusalDetail {
  /** When the client should try again; milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** The connection is closed, because it is uncertain where the client's next request begins. */
  readonly close?: boolean;
}

/** Sends the load balancer's own answer: a JSON-RPC error to JSON-RPC, otherwise `application/problem+json`. */
export function refuse(exchange: Exchange, code: AnswerCode, detail: RefusalDetail, clock: Clock): void {
  const { response, request } = exchange;
  if (response.headersSent || exchange.left) return;
  const status = statusOf(exchange, code);
  const asRpc = exchange.rpc !== undefined || isRpcUnread(exchange, code);
  const body = asRpc ? rpcErrors(exchange, code) : problem(exchange, code);
  const lines: string[] = [];
  addAnswerLines(lines, exchange.id, undefined, exchange.answerLines);
  if (body.length > 0) lines.push('Content-Type', asRpc ? 'application/json' : PROBLEM_TYPE);
  lines.push('Content-Length', String(body.length));
  if (code === 'UNAUTHORIZED') lines.push('WWW-Authenticate', 'Bearer');
  if (code === 'METHOD_NOT_ALLOWED') lines.push('Allow', 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS');
  if (detail.retryAfterMs !== undefined)
    lines.push('Retry-After', writeRetryAfter(detail.retryAfterMs, clock.wallMs()));
  if (detail.close || !exchange.isReceived) closeAfter(response, lines);
  response.writeHead(status, lines);
  exchange.forget(body.length);
  finish(exchange, request.method === 'HEAD' ? undefined : body, clock);
}

/** Ends an answer at once or, if an HTTP/1.1 client is still sending, when it has stopped. */
function finish(exchange: Exchange, body: Buffer | undefined, clock: Clock): void {
  const { request, response, headers } = exchange;
  // A client that was not told to continue sends nothing that has to be read.
  const isQuiet = exchange.isReceived || (headers.expect !== undefined && exchange.body.kind === 'kept');
  if (isQuiet || isHttp2(request)) {
    // As text, head and body go out in one piece; latin1 keeps every byte as it is.
    if (body && body.length <= JOINED_BYTES) response.end(body.toString('latin1'), 'latin1');
    else response.end(body);
  } else endAfterBody(exchange, body, clock);
}

function rpcErrors({ rpc, body, ledger }: Exchange, code: AnswerCode): Buffer {
  if (!rpc || body.kind !== 'kept' || rpc.calls.length === 0) return writeRpcError(code, Buffer.from('null'));
  const errors = ledger
    ? ledger.entries.map(({ call, ownCode }) => writeRpcError(ownCode ?? code, ledger.idOf(call)))
    : rpc.calls
        .filter((call) => call.idStart >= 0)
        .map((call) => writeRpcError(code, body.bytes.subarray(call.idStart, call.idEnd)));
  const [first] = errors;
  if (!first) return Buffer.alloc(0);
  return rpc.batch ? joinBatch(errors) : first;
}

/** Only JSON-RPC has errors within answers that are well. */
function statusOf({ upgrade }: Exchange, code: AnswerCode): number {
  return code === 'METHOD_DENIED' && upgrade ? 403 : OWN_ANSWERS[code].status;
}

/** Whether a body that was not read is taken for JSON-RPC. */
function isRpcUnread(exchange: Exchange, code: AnswerCode): boolean {
  const isUnread = BEFORE_BODY.has(code) || (exchange.barred !== undefined && !exchange.isReceived);
  return isUnread && isJson(exchange.headers.contentType);
}

function problem(exchange: Exchange, code: AnswerCode): Buffer {
  const { sentence: title } = OWN_ANSWERS[code];
  const status = statusOf(exchange, code);
  return Buffer.from(problemDocument({ status, title, code }, { requestId: exchange.id }));
}

function isJson(contentType: string): boolean {
  return /^application\/json\s*(;|$)/i.test(contentType);
}
