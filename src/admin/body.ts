/** Reads the JSON body of a call. */

import type { Clock } from '../clock.ts';
import { BodyChunks } from '../http/body-chunks.ts';
import { type IncomingRequest, isHttp10, type OutgoingResponse } from '../http/messages.ts';
import { CLOSE_ARRAY, CLOSE_OBJECT, closingQuote, OPEN_ARRAY, OPEN_OBJECT, QUOTE } from '../rpc/json-scan.ts';
import { Refusal } from './problems.ts';
import type { RequestHead } from './request-head.ts';

/** Far more than the description of an upstream needs. */
const MAX_BODY_BYTES = 64 * 1024;
/** From the first byte to the last. */
const BODY_TIMEOUT_MS = 10_000;

/** Far deeper than anything is nested; what is much deeper can't be written as JSON again. */
const MAX_DEPTH = 1_000;

/** A body, if there is one. */
export interface Body {
  /** The JSON value; undefined without one. */
  readonly value: unknown;
  /** As it was sent. */
  readonly text: string;
}

export const NO_BODY: Body = { value: undefined, text: '' };

/** The client is gone: there is no one to answer. */
export class ClientLeft extends Error {}

/**
 * The JSON value of a body, and its text. Rejects with a Refusal when it is too large, too slow, too deeply nested
 * or not JSON in UTF-8, with ClientLeft when it breaks off.
 */
export async function readJson(
  { request, response }: { readonly request: IncomingRequest; readonly response: OutgoingResponse },
  head: RequestHead,
  clock: Clock,
): Promise<Body> {
  // Refused by its length alone, before the client is told to continue.
  if (Number(head.lines('content-length')[0] ?? 0) > MAX_BODY_BYTES) throw new Refusal('BODY_TOO_LARGE');
  if (head.lines('expect').length > 0 && !isHttp10(request)) response.writeContinue();
  const bytes = await receiveBody(request, clock);
  if (bytes.length === 0) return NO_BODY;
  if (isTooDeep(bytes))
    throw new Refusal('INVALID_INPUT', `the body is nested deeper than ${MAX_DEPTH} levels`);
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return { value: JSON.parse(text), text };
  } catch {
    // The parser's own message is left out: it quotes the body.
    throw new Refusal('INVALID_INPUT', 'the body is no JSON in UTF-8');
  }
}

function isTooDeep(bytes: Buffer): boolean {
  let depth = 0;
  for (let at = 0; at >= 0 && at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      at = closingQuote(bytes, at + 1);
      // It is no JSON.
      if (at < 0) return false;
    } else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
      depth += 1;
      if (depth > MAX_DEPTH) return true;
    } else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) depth -= 1;
  }
  return false;
}

function receiveBody(request: IncomingRequest, clock: Clock): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const body = new BodyChunks();
    const stop = () => {
      stopTimer();
      request.off('data', onData).off('end', onEnd).off('close', onClose);
    };
    const onData = (chunk: Buffer) => {
      body.add(chunk);
      if (body.size <= MAX_BODY_BYTES) return;
      stop();
      reject(new Refusal('BODY_TOO_LARGE'));
    };
    const onEnd = () => {
      stop();
      resolve(body.take());
    };
    const onClose = () => {
      stop();
      reject(new ClientLeft());
    };
    const stopTimer = clock.after(BODY_TIMEOUT_MS, () => {
      stop();
      reject(new Refusal('CLIENT_TOO_SLOW'));
    });
    request.on('data', onData).once('end', onEnd).once('close', onClose);
  });
}
