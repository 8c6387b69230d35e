/** Sends an HTTP request of our own to one upstream: what the probes that speak HTTP share. */

import {
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as requestHttp,
} from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../clock.ts';
import type { FailureReason } from '../events.ts';
import { BodyChunks } from '../http/body-chunks.ts';
import { canUnpack, decodeBody } from '../http/decode.ts';
import type { Dialer } from '../network/dial.ts';
import { DialFailure } from '../network/dial-failure.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import { codeOf, problemOf } from './connection.ts';

/** What is sent to an upstream. */
export interface Question {
  readonly method: 'GET' | 'POST';
  /** As written in the request line. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** How a question is asked. */
export interface Asking {
  /** How long the answer may take, from the connection to the end of its body, in milliseconds. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** Opens the connection. */
  readonly dialer: Dialer;
  /** Told once the connection is open, and before anything is sent. Must not throw. */
  readonly onConnected?: (socket: Socket) => void;
  /** How much of the body is read; 64 kB where it is not said. */
  readonly maxBodyBytes?: number;
  /** Ends it early. */
  readonly signal?: AbortSignal;
}

export type BodyEnding = 'whole' | 'too-large' | 'unfinished' | 'cut';

/** Whether it is the upstream's fault that a body was not read to its end; one that streams forever is not at fault. */
export const BROKE_OFF: Readonly<Record<BodyEnding, boolean>> = {
  whole: false,
  'too-large': false,
  unfinished: false,
  cut: true,
};

/** How asking ended. */
export type AskResult =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers: IncomingHttpHeaders;
      /** As far as it was read; a whole one without its coding, and then without its header line, where that is known. */
      readonly body: Buffer;
      readonly ending: BodyEnding;
    }
  /** Not even a status arrived in time. */
  | { readonly kind: 'timeout' }
  /** Not asked: this machine is out of descriptors, ports or memory. */
  | { readonly kind: 'not-asked'; readonly problem: string }
  | { readonly kind: 'failed'; readonly problem: string; readonly reason: FailureReason };

/** The causes of a quarantine that any HTTP answer shows to be gone. */
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

/** A body is read up to here, far enough to notice one that breaks off. */
const MAX_BODY_BYTES = 65_536;
/** The same limit as for answers to clients. */
const MAX_HEADER_BYTES = 65_536;

/** Who asked wants no answer any more. */
const GIVEN_UP: AskResult = { kind: 'failed', problem: 'given up', reason: 'reset' };

/** Asks for a health check: like askUncounted, but counted in `probeCalls`. */
export function ask(upstream: Upstream, question: Question, asking: Asking): Promise<AskResult> {
  upstream.probeCalls += 1;
  return askUncounted(upstream, question, asking);
}

/**
 * Puts a question to one upstream, with its Host, its credentials, its header lines and its authorities. Settles within
 * `timeoutMs` and never rejects. On a connection of its own and not on those for clients: one `destroy` ends it at
 * any stage. Redirects are not followed.
 */
export function askUncounted(
  upstream: Upstream,
  question: Question,
  { timeoutMs, clock, dialer, onConnected, maxBodyBytes = MAX_BODY_BYTES, signal }: Asking,
): Promise<AskResult> {
  const endMs = clock.monotonicMs() + timeoutMs;
  const { address, secure, verification: tls } = upstream;
  return new Promise((resolve) => {
    signal?.addEventListener('abort', () => resolve(GIVEN_UP));
    dialer.dial(secure ? { ...address, tls } : address, timeoutMs, (result) => {
      if (result instanceof DialFailure) {
        resolve(notConnected(result));
        return;
      }
      if (signal?.aborted) {
        result.destroy();
        return;
      }
      onConnected?.(result);
      signal?.addEventListener('abort', () => result.destroy());
      askOn(result, upstream, question, { clock, endMs, maxBodyBytes }).then(resolve);
    });
  });
}

function notConnected(failure: DialFailure): AskResult {
  const { reason } = failure;
  if (reason === 'connect-timeout') return { kind: 'timeout' };
  const problem = problemOf(failure);
  return reason === 'shortage' ? { kind: 'not-asked', problem } : { kind: 'failed', problem, reason };
}

/** The result of an error on an open connection. */
function failed(error: unknown): AskResult {
  const reason = codeOf(error)?.startsWith('HPE_') ? 'bad-http' : 'reset';
  return { kind: 'failed', problem: problemOf(error), reason };
}

interface Bounds {
  readonly clock: Clock;
  readonly endMs: number;
  readonly maxBodyBytes: number;
}

function askOn(socket: Socket, upstream: Upstream, question: Question, bounds: Bounds): Promise<AskResult> {
  return new Promise((resolve) => {
    try {
      const request = openRequest(socket, upstream, question);
      receive(request, bounds, (result) => {
        // Node takes a connection that was asked to change its protocol, and has not, for one that is kept.
        socket.destroy();
        resolve(result);
      });
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
    // Without an agent the connection is closed after the answer.
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

function receive(
  request: ClientRequest,
  { clock, endMs, maxBodyBytes }: Bounds,
  resolve: (result: AskResult) => void,
): void {
  let response: IncomingMessage | undefined;
  const body = new BodyChunks();
  const finish = (result: AskResult) => {
    cancelDeadline();
    request.destroy();
    resolve(result);
  };
  const answered = (ending: BodyEnding) =>
    finish({
      kind: 'answer',
      status: response?.statusCode ?? 0,
      ...unpacked({ headers: response?.headers ?? {}, body: body.take(), ending }, maxBodyBytes),
    });
  const cancelDeadline = clock.after(Math.max(0, endMs - clock.monotonicMs()), () =>
    response ? answered('unfinished') : finish({ kind: 'timeout' }),
  );
  request.on('error', (error) => finish(failed(error)));
  // An answer that node:http ignores, such as an unrequested 101, ends like this. A good answer does too, but perhaps
  // before its body was read: then the response's own events decide.
  request.on('close', () => {
    if (!response)
      finish({ kind: 'failed', problem: 'connection closed without an answer', reason: 'reset' });
  });
  // Without this an unasked 101 ends as one that was ignored.
  if (request.hasHeader('upgrade'))
    request.on('upgrade', (incoming) => {
      response = incoming;
      answered('whole');
    });
  request.on('response', (incoming) => {
    response = incoming;
    incoming.on('data', (chunk: Buffer) => {
      body.add(chunk);
      if (body.size > maxBodyBytes) answered('too-large');
    });
    incoming.on('end', () => answered('whole'));
    incoming.on('error', () => answered('cut'));
  });
}

type Received = Pick<Extract<AskResult, { kind: 'answer' }>, 'headers' | 'body' | 'ending'>;

/** Some servers compress although they are asked not to. What does not match its coding stays as it is. */
function unpacked(received: Received, maxBytes: number): Received {
  const { headers, body, ending } = received;
  const { 'content-encoding': contentEncoding, ...others } = headers;
  if (contentEncoding === undefined || ending !== 'whole' || body.length === 0) return received;
  const plain = decodeBody({ body, headers: { contentEncoding } }, maxBytes);
  if (Buffer.isBuffer(plain)) return { headers: others, body: plain, ending };
  const isTooLarge = plain === undefined && canUnpack(contentEncoding.trim().toLowerCase());
  return isTooLarge ? { ...received, ending: 'too-large' } : received;
}
