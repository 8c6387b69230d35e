import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import type { Socket } from 'node:net';
import { systemClock } from '../clock.ts';
import type { FailureReason } from '../events.ts';
import { Gathered } from '../gathered.ts';
import type { Dialer } from '../network/dial.ts';
import { DialFailure } from '../network/dial-failure.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import { codeOf, problemOf } from './connection.ts';

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
  /** Not asked: for want of descriptors, ports or memory of this machine. */
  | { readonly kind: 'not-asked'; readonly problem: string }
  | { readonly kind: 'failed'; readonly problem: string; readonly reason: FailureReason };

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
export function ask(
  upstream: Upstream,
  question: Question,
  timeoutMs: number,
  dialer: Dialer,
): Promise<Heard> {
  upstream.probeCalls += 1;
  return askUncounted(upstream, question, timeoutMs, dialer);
}

/**
 * Puts a question to one upstream, with its Host, its credentials, its header lines and its authorities. Settles within
 * `timeoutMs` and never rejects. On a connection of its own and not on those for clients: one `destroy` ends it at
 * any stage. Redirects are not followed.
 */
export function askUncounted(
  upstream: Upstream,
  question: Question,
  timeoutMs: number,
  dialer: Dialer,
): Promise<Heard> {
  const endMs = systemClock.monotonicMs() + timeoutMs;
  const { address, secure, verification: tls } = upstream;
  return new Promise((resolve) => {
    dialer.dial(secure ? { ...address, tls } : address, timeoutMs, (result) => {
      if (result instanceof DialFailure) resolve(unheard(result));
      else askOn(result, upstream, question, endMs).then(resolve);
    });
  });
}

function unheard(failure: DialFailure): Heard {
  const { reason } = failure;
  if (reason === 'connect-timeout') return { kind: 'silence' };
  const problem = problemOf(failure);
  return reason === 'shortage' ? { kind: 'not-asked', problem } : { kind: 'failed', problem, reason };
}

/** On a connection that was open. */
function failed(error: unknown): Heard {
  const reason = codeOf(error)?.startsWith('HPE_') ? 'bad-http' : 'reset';
  return { kind: 'failed', problem: problemOf(error), reason };
}

function askOn(socket: Socket, upstream: Upstream, question: Question, endMs: number): Promise<Heard> {
  return new Promise((resolve) => {
    try {
      const request = openRequest(socket, upstream, question);
      hear(request, Math.max(0, endMs - systemClock.monotonicMs()), resolve);
      request.end(question.body);
    } catch (error) {
      // A path that node:http refuses to send.
      socket.destroy();
      resolve(failed(error));
    }
  });
}

function openRequest(
  socket: Socket,
  upstream: Upstream,
  { method, target, headers, body }: Question,
): ClientRequest {
  const request = requestHttp({
    // Without an agent: closed after the answer.
    createConnection: () => socket,
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
  const { headers: own } = upstream;
  for (let i = 0; i + 1 < own.length; i += 2) request.setHeader(own[i] ?? '', own[i + 1] ?? '');
  return request;
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
      body: body.taken(),
      ending,
    });
  const cancelDeadline = systemClock.after(timeoutMs, () =>
    response ? answered('unfinished') : finish({ kind: 'silence' }),
  );
  request.on('error', (error) => finish(failed(error)));
  // An answer that node:http takes no notice of, such as an unasked 101, ends like this. A good one too,
  // but perhaps before its body was read: that is for the response to say.
  request.on('close', () => {
    if (!response)
      finish({ kind: 'failed', problem: 'connection closed without an answer', reason: 'reset' });
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
