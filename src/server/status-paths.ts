/** Answers the status paths `/stats`, `/healthz` and `/readyz`. */

import type { Clock } from '../clock.ts';
import { addAnswerLines } from '../http/answer-lines.ts';
import { endAfterBody } from '../http/lingering-close.ts';
import { type IncomingRequest, isHttp2, type OutgoingResponse } from '../http/messages.ts';

/** The state that the status paths report. */
export interface StatusSource {
  /** The rows of `/stats`. */
  stats(): readonly unknown[];
  /** Undefined when ready, otherwise why not. */
  notReady(): string | undefined;
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

/** The answers, by path. */
export type StatusAnswers = Readonly<
  Record<'/stats' | '/healthz' | '/readyz', () => { readonly status: number; readonly body: unknown }>
>;

export function statusAnswers(source: StatusSource): StatusAnswers {
  return {
    '/stats': () => ({ status: 200, body: source.stats() }),
    '/healthz': () => ({ status: 200, body: { status: 'ok' } }),
    '/readyz': () => {
      const reason = source.notReady();
      return reason === undefined
        ? { status: 200, body: { status: 'ready' } }
        : { status: 503, body: { status: 'not ready', reason } };
    },
  };
}

/** The function returns false, and does nothing, for any other request. */
export function createStatusPaths(source: StatusSource, clock: Clock): StatusPaths {
  const answers: Readonly<Record<string, StatusAnswers['/stats']>> = statusAnswers(source);
  return ({ request, response, id, answerLines, target: { path }, headers }) => {
    const { method } = request;
    if (method !== 'GET' && method !== 'HEAD') return false;
    const answer = Object.hasOwn(answers, path) ? answers[path] : undefined;
    if (!answer) return false;
    const hasBody = headers.transferEncoding !== undefined || Number(headers.contentLength ?? 0) > 0;
    const { status, body } = answer();
    const bytes = Buffer.from(`${JSON.stringify(body)}\n`);
    // Reading the rest of the body is not worth keeping the connection.
    if (hasBody) response.shouldKeepAlive = false;
    const lines = ['Content-Type', 'application/json', 'Content-Length', String(bytes.length)];
    lines.push('Cache-Control', 'no-store', ...(hasBody ? ['Connection', 'close'] : []));
    addAnswerLines(lines, id, undefined, answerLines);
    response.writeHead(status, lines);
    const sent = method === 'HEAD' ? undefined : bytes;
    if (hasBody && !isHttp2(request)) endAfterBody({ request, response }, sent, clock);
    else response.end(sent);
    return true;
  };
}
