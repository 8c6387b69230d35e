/** Lets pages of other origins call: answers the browser's questions, and adds the lines that it looks for. */

import { addAnswerLines } from '../http/answer-lines.ts';
import { valuesOf } from '../http/header-lines.ts';
import type { IncomingRequest, OutgoingResponse } from '../http/messages.ts';

/** What of an answer's head a page may read, besides what every page may. */
const EXPOSED = 'Retry-After, RateLimit, RateLimit-Policy, X-Request-Id, X-Forwarded-Server';
/** For how long a browser need not ask again, in seconds; no browser takes more than a day, Chromium two hours. */
const MAX_AGE_S = '7200';
const VARY = ['Vary', 'Origin'];
const TOKENS = /^[\w!#$%&'*+.^`|~, \t-]{1,2048}$/;

export interface CorsRequest {
  readonly request: IncomingRequest;
  readonly response: OutgoingResponse;
  readonly id: string;
  readonly answerLines: readonly string[];
  readonly headers: {
    readonly forward: readonly string[];
    readonly transferEncoding: string | undefined;
    readonly contentLength: string | undefined;
  };
}

export class Cors {
  /** The lines by origin. */
  readonly #lines: ReadonlyMap<string, readonly string[]>;
  /** For all others. */
  readonly #otherLines: readonly string[];

  /** `origins` as browsers write them, or `*`. */
  constructor(origins: readonly string[]) {
    const linesFor = (origin: string) => [
      'Access-Control-Allow-Origin',
      origin,
      'Access-Control-Expose-Headers',
      EXPOSED,
      ...VARY,
    ];
    this.#lines = new Map(origins.map((origin) => [origin, linesFor(origin)]));
    this.#otherLines = this.#lines.get('*') ?? VARY;
  }

  /** The lines that each answer carries to a request with these. */
  linesFor(forward: readonly string[]): readonly string[] {
    const [origin, ...more] = valuesOf(forward, 'origin');
    const own = origin === undefined || more.length > 0 ? undefined : this.#lines.get(origin);
    return own ?? this.#otherLines;
  }
}

/** Answers a browser that asks whether a page may send a request; false, and nothing is done, for any other request. */
export function answersPreflight({ request, response, id, answerLines, headers }: CorsRequest): boolean {
  const { forward, transferEncoding, contentLength } = headers;
  // No browser asks with a body.
  const hasBody = transferEncoding !== undefined || Number(contentLength ?? 0) > 0;
  if (request.method !== 'OPTIONS' || hasBody) return false;
  const [method] = valuesOf(forward, 'access-control-request-method');
  if (method === undefined || valuesOf(forward, 'origin').length === 0) return false;
  const lines: string[] = [];
  addAnswerLines(lines, id, undefined, answerLines);
  if (answerLines.includes('Access-Control-Allow-Origin')) {
    const names = valuesOf(forward, 'access-control-request-headers').join(', ');
    if (TOKENS.test(method)) lines.push('Access-Control-Allow-Methods', method);
    if (TOKENS.test(names)) lines.push('Access-Control-Allow-Headers', names);
    lines.push('Access-Control-Max-Age', MAX_AGE_S);
  }
  lines.push('Vary', 'Access-Control-Request-Method, Access-Control-Request-Headers');
  response.writeHead(204, lines);
  response.end();
  return true;
}
