import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { systemClock } from '../clock.ts';
import type { FailureReason } from '../events.ts';
import { Gathered } from '../gathered.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import { addressOf, codeOf, problemOf } from './connection.ts';

/** An HTTP request of our own to one upstream: what the probes that speak HTTP share. */
export interface Question {
  readonly method: 'GET' | 'POST';
  /** As it stands in the request line. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export type Heard =
  | {
      readonly kind: 'answer';
      readonly status: number;
      /** The value of its Retry-After line. */
      readonly retryAfter: string | undefined;
      /** What was read of it. */
      readonly body: Buffer;
      readonly ending: 'whole' | 'too-large' | 'unfinished' | 'cut';
    }
  /** Not even a status within the time. */
  | { readonly kind: 'silence' }
  /** `code` is the system's or the parser's, where there is one. */
  | { readonly kind: 'failed'; readonly problem: string; readonly code: string | undefined };

/** The causes of a quarantine that an HTTP answer shows to be gone. */
export const PROVED_BY_ANSWER: ReadonlySet<FailureReason> = new Set<FailureReason>([
  'refused',
  'dns',
  'connect-timeout',
  'tls',
  'timeout',
  'reset',
  'cut',
  'bad-http',
  'status',
  'not-an-answer',
  'upstream-broken',
]);

/** A body is read this far, so that one that breaks off is noticed, and no further. */
const MAX_BODY_BYTES = 65_536;
/** As much as is taken from an upstream in an answer to a client. */
const MAX_HEADER_BYTES = 65_536;

/** What a check asks: counted in `probeCalls`. */
export function ask(upstream: Upstream, question: Question, timeoutMs: number): Promise<Heard> {
  upstream.probeCalls += 1;
  return askUncounted(upstream, question, timeoutMs);
}

/**
 * Puts a question to one upstream, with its Host, its credentials and its authorities. Settles within
 * `timeoutMs` and never rejects. Built on node:http and not on the clients' connection pools: one `destroy` ends
 * it at any stage, a connect that hangs included. Redirects are not followed.
 */
export function askUncounted(upstream: Upstream, question: Question, timeoutMs: number): Promise<Heard> {
  return new Promise((resolve) => {
    try {
      const request = openRequest(upstream, question);
      hear(request, timeoutMs, resolve);
      request.end(question.body);
    } catch (error) {
      // A path that node:http refuses to send.
      resolve({ kind: 'failed', problem: problemOf(error), code: codeOf(error) });
    }
  });
}

function openRequest(upstream: Upstream, { method, target, headers, body }: Question): ClientRequest {
  const open = upstream.secure ? requestHttps : requestHttp;
  return open({
    ...addressOf(upstream),
    ...(upstream.secure ? upstream.verification : {}),
    // A connection of its own, closed after the answer.
    agent: false,
    method,
    path: target,
    headers: {
      host: upstream.host,
      'user-agent': 'rpc-load-balancer',
      ...headers,
      ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
      ...(upstream.authorization === undefined ? {} : { authorization: upstream.authorization }),
    },
    maxHeaderSize: MAX_HEADER_BYTES,
  });
}

function hear(request: ClientRequest, timeoutMs: number, resolve: (heard: Heard) => void): void {
  let response: IncomingMessage | undefined;
  const body = new Gathered();
  const finish = (heard: Heard) => {
    cancelDeadline();
    request.destroy();
    resolve(heard);
  };
  const answered = (ending: 'whole' | 'too-large' | 'unfinished' | 'cut') =>
    finish({
      kind: 'answer',
      status: response?.statusCode ?? 0,
      retryAfter: response?.headers['retry-after'],
      body: body.joined(),
      ending,
    });
  const cancelDeadline = systemClock.after(timeoutMs, () =>
    response ? answered('unfinished') : finish({ kind: 'silence' }),
  );
  request.on('error', (error) => finish({ kind: 'failed', problem: problemOf(error), code: codeOf(error) }));
  // An answer that node:http takes no notice of, such as an unasked 101, ends like this. A good one too,
  // but perhaps before its body was read: that is for the response to say.
  request.on('close', () => {
    if (!response)
      finish({ kind: 'failed', problem: 'connection closed without an answer', code: undefined });
  });
  request.on('response', (incoming) => {
    response = incoming;
    incoming.on('data', (chunk: Buffer) => {
      body.add(chunk);
      if (body.size > MAX_BODY_BYTES) answered('too-large');
    });
    incoming.on('end', () => answered('whole'));
    incoming.on('error', () => answered('cut'));
  });
}
