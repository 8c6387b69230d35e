/** Answers the status paths `/stats`, `/healthz` and `/readyz`. */

import type { Clock } from '../clock.ts';
import { addAnswerLines } from '../http/answer-lines.ts';
import { endAfterBody } from '../http/lingering-close.ts';
import { type IncomingRequest, isHttp2, type OutgoingResponse } from '../http/messages.ts';

/** The state that the status paths report. */
export interface StatusSource {
  /** The rows of `/stats`, of one pool or of all; a promise where others are asked, which never rejects. */
  stats(pool?: string): readonly unknown[] | Promise<readonly unknown[]>;
  /** Undefined when ready, otherwise why not; of one pool or of all. */
  notReady(pool?: string): string | undefined;
  /** Whether there is a pool of this name, among several. */
  hasPool(name: string): boolean;
  /** Whether there are pools that a path names. */
  areNamed(): boolean;
}

/** A request whose headers are valid. */
export interface StatusRequest {
  readonly request: IncomingRequest;
  readonly response: OutgoingResponse;
  readonly id: string;
  readonly answerLines: readonly string[];
  readonly target: { readonly path: string };
  readonly headers: {
    readonly transferEncoding: string | undefined;
    readonly contentLength: string | undefined;
  };
}

type StatusPaths = (request: StatusRequest) => boolean;

export interface StatusAnswer {
  readonly status: number;
  /** May be a promise, which never rejects. */
  readonly body: unknown;
}

/** Undefined for any other path; where pools have names, `/stats/NAME` and `/readyz/NAME` are one pool's. */
export function statusAnswer(path: string, source: StatusSource): StatusAnswer | undefined {
  switch (path) {
    case '/stats':
      return { status: 200, body: source.stats() };
    case '/healthz':
      return { status: 200, body: { status: 'ok' } };
    case '/readyz':
      return readiness(source.notReady());
    default:
      return /^\/(?:stats|readyz)\//.test(path) && source.areNamed() ? ofPool(path, source) : undefined;
  }
}

function ofPool(path: string, source: StatusSource): StatusAnswer {
  const [, kind, name = ''] = path.split('/');
  if (!source.hasPool(name) || path.split('/').length !== 3)
    return { status: 404, body: { status: 'not found', reason: 'no pool has this name' } };
  return kind === 'stats' ? { status: 200, body: source.stats(name) } : readiness(source.notReady(name));
}

function readiness(reason: string | undefined): StatusAnswer {
  return reason === undefined
    ? { status: 200, body: { status: 'ready' } }
    : { status: 503, body: { status: 'not ready', reason } };
}

/** The function returns false, and does nothing, for any other request. */
export function createStatusPaths(source: StatusSource, clock: Clock): StatusPaths {
  return (asked) => {
    const { method } = asked.request;
    if (method !== 'GET' && method !== 'HEAD') return false;
    const answer = statusAnswer(asked.target.path, source);
    if (!answer) return false;
    const { status, body } = answer;
    if (body instanceof Promise) void body.then((value: unknown) => respond(asked, status, value, clock));
    else respond(asked, status, body, clock);
    return true;
  };
}

function respond(asked: StatusRequest, status: number, body: unknown, clock: Clock): void {
  const { request, response, id, answerLines, headers } = asked;
  const hasBody = headers.transferEncoding !== undefined || Number(headers.contentLength ?? 0) > 0;
  const bytes = Buffer.from(`${JSON.stringify(body)}\n`);
  // Reading the rest of the body is not worth keeping the connection.
  if (hasBody) response.shouldKeepAlive = false;
  const lines = ['Content-Type', 'application/json', 'Content-Length', String(bytes.length)];
  lines.push('Cache-Control', 'no-store', ...(hasBody ? ['Connection', 'close'] : []));
  addAnswerLines(lines, id, undefined, answerLines);
  response.writeHead(status, lines);
  const sent = request.method === 'HEAD' ? undefined : bytes;
  if (hasBody && !isHttp2(request)) endAfterBody({ request, response }, sent, clock);
  else response.end(sent);
}
