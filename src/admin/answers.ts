/** The answers of the admin port, and how they are sent. */

import type { Clock } from '../clock.ts';
import { endAfterBody } from '../http/lingering-close.ts';
import type { IncomingRequest, OutgoingResponse } from '../http/messages.ts';
import { PROBLEM_TYPE, problemDocument } from '../http/problem.ts';
import { PROBLEMS, type Refusal } from './problems.ts';

/** A complete answer. */
export interface Answer {
  readonly status: number;
  /** The media type; undefined without a body. */
  readonly type: string | undefined;
  /** The pieces of a large one, which others may share, one after the other. */
  readonly body: string | readonly Buffer[];
  readonly headers?: Readonly<Record<string, string>>;
}

export const JSON_TYPE = 'application/json';

export const NO_CONTENT: Answer = { status: 204, type: undefined, body: '' };

export function json(status: number, value: unknown): Answer {
  return jsonText(status, JSON.stringify(value));
}

/** `text` is JSON. */
export function jsonText(status: number, text: string): Answer {
  return { status, type: JSON_TYPE, body: `${text}\n` };
}

export function problem({ code, detail, headers }: Refusal): Answer {
  const { status, sentence: title } = PROBLEMS[code];
  return {
    status,
    type: PROBLEM_TYPE,
    body: `${problemDocument({ status, title, code }, { detail })}\n`,
    headers,
  };
}

/** Headers of every answer: it is not to be cached, nor used or framed by pages of another origin. */
export const COMMON_HEADERS = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Content-Security-Policy': "frame-ancestors 'none'",
} as const;

/** Sends an answer, unless one has begun. `isSilent`: the client holds back its body until it is told to send it. */
export function send(
  { request, response }: { readonly request: IncomingRequest; readonly response: OutgoingResponse },
  { status, type, body, headers }: Answer,
  clock: Clock,
  isSilent = false,
): void {
  if (response.headersSent) return;
  const pieces = typeof body === 'string' ? [Buffer.from(body)] : body;
  if (!request.complete) response.shouldKeepAlive = false;
  response.writeHead(status, {
    ...(type === undefined ? {} : { 'Content-Type': type, 'Content-Length': sizeOf(pieces) }),
    ...COMMON_HEADERS,
    ...headers,
    ...(request.complete ? {} : { Connection: 'close' }),
  });
  const hasBody = request.method !== 'HEAD' && type !== undefined;
  if (hasBody) {
    // Not joined: they are kept once, however many are sent them.
    for (const piece of pieces) response.write(piece);
  }
  if (request.complete || isSilent) response.end();
  else endAfterBody({ request, response }, undefined, clock);
}

function sizeOf(pieces: readonly Buffer[]): number {
  return pieces.reduce((size, piece) => size + piece.length, 0);
}
