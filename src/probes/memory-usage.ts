import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { systemClock } from '../clock.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import { addressOf } from './connection.ts';

/** In all, from the connection to the end of the body. */
const TIMEOUT_MS = 2_000;
/** A page that says more than this is about something else. */
const MAX_BODY_BYTES = 65_536;

/** `silent`: it answered, and does not tell. `no-answer`: it could not be asked. */
export type MemoryAnswer = { readonly bytes: number } | 'silent' | 'no-answer';

/**
 * Asks an upstream for the memory of its process: `GET /health`, answered by `{"memory_usage": BYTES}`. It is
 * asked at the root of the upstream's server, whatever path its URL has: where that path is a provider's key,
 * a page about the process stands at the root if anywhere, and the key stays out of it. Never rejects, settles
 * within `timeoutMs` and leaves no socket behind.
 */
export function askMemoryUsage(upstream: Upstream, timeoutMs = TIMEOUT_MS): Promise<MemoryAnswer> {
  return new Promise((resolve) => {
    try {
      observe(openRequest(upstream), timeoutMs, resolve);
    } catch {
      // TLS options that node:tls refuses.
      resolve('no-answer');
    }
  });
}

function openRequest(upstream: Upstream): ClientRequest {
  const open = upstream.secure ? requestHttps : requestHttp;
  return open({
    ...addressOf(upstream),
    ...(upstream.secure ? upstream.verification : {}),
    // A connection of its own, closed after the answer.
    agent: false,
    path: '/health',
    headers: {
      host: upstream.host,
      'user-agent': 'rpc-load-balancer',
      accept: 'application/json',
      ...(upstream.authorization === undefined ? {} : { authorization: upstream.authorization }),
    },
  });
}

function observe(request: ClientRequest, timeoutMs: number, resolve: (answer: MemoryAnswer) => void): void {
  let hasAnswered = false;
  const finish = (answer: MemoryAnswer) => {
    cancelDeadline();
    request.destroy();
    resolve(answer);
  };
  const cancelDeadline = systemClock.after(timeoutMs, () => finish(hasAnswered ? 'silent' : 'no-answer'));
  request.on('error', () => finish('no-answer'));
  // An answer that node:http takes no notice of, such as an unasked 101, ends like this. A body may still wait.
  request.on('close', () => hasAnswered || finish('no-answer'));
  request.on('response', (response) => {
    hasAnswered = true;
    read(response, finish);
  });
  request.end();
}

function read(response: IncomingMessage, finish: (answer: MemoryAnswer) => void): void {
  if (response.statusCode !== 200) {
    finish('silent');
    return;
  }
  const chunks: Buffer[] = [];
  let length = 0;
  response.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    length += chunk.length;
    if (length > MAX_BODY_BYTES) finish('silent');
  });
  response.on('end', () => finish(parse(Buffer.concat(chunks).toString())));
  response.on('error', () => finish('no-answer'));
}

function parse(text: string): MemoryAnswer {
  let said: unknown;
  try {
    said = JSON.parse(text);
  } catch {
    return 'silent';
  }
  if (typeof said !== 'object' || said === null || !('memory_usage' in said)) return 'silent';
  const { memory_usage: bytes } = said;
  const isSize = typeof bytes === 'number' && bytes >= 0 && bytes <= Number.MAX_SAFE_INTEGER;
  return isSize ? { bytes } : 'silent';
}
