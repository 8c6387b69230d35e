import type { IncomingRequest, OutgoingResponse } from '../http-messages.ts';

/** What the status paths tell. */
export interface StatusSource {
  /** The rows of `/stats`. */
  stats(): readonly unknown[];
  /** Undefined when ready, else why not. */
  notReady(): string | undefined;
}

type StatusPaths = (request: IncomingRequest, response: OutgoingResponse) => boolean;

/** What the status paths answer, by path. */
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

/** Answers `/stats`, `/healthz` and `/readyz`; false for any other request. */
export function createStatusPaths(source: StatusSource): StatusPaths {
  const answers: Readonly<Record<string, StatusAnswers['/stats']>> = statusAnswers(source);
  return (request, response) => {
    const { method, url = '' } = request;
    if (method !== 'GET' && method !== 'HEAD') return false;
    const mark = url.indexOf('?');
    const path = mark < 0 ? url : url.slice(0, mark);
    const answer = Object.hasOwn(answers, path) ? answers[path] : undefined;
    if (!answer) return false;
    const { status, body } = answer();
    const bytes = Buffer.from(`${JSON.stringify(body)}\n`);
    response.writeHead(status, {
      'Content-Type': 'application/json',
      'Content-Length': bytes.length,
      'Cache-Control': 'no-store',
    });
    response.end(method === 'HEAD' ? undefined : bytes);
    return true;
  };
}
