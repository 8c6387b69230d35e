/** Reads the JSON body of a call. */

import type { Clock } from '../clock.ts';
import { BodyChunks } from '../http/body-chunks.ts';
import { type IncomingRequest, isHttp10, type OutgoingResponse } from '../http/messages.ts';
import { Refusal } from './problems.ts';
import type { RequestHead } from './request-head.ts';

/** Far more than the description of an upstream needs. */
const MAX_BODY_BYTES = 64 * 1024;
/** From the first byte to the last. */
const BODY_TIMEOUT_MS = 10_000;

/** The client is gone: there is no one to answer. */
export class ClientLeft extends Error {}

/**
 * The JSON value of a body; undefined when there is none. Rejects with a Refusal when it is too large, too slow
 * or not JSON in UTF-8, with ClientLeft when it breaks off.
 */
export async function readJson(
  { request, response }: { readonly request: IncomingRequest; readonly response: OutgoingResponse },
  head: RequestHead,
  clock: Clock,
): Promise<unknown> {
  // Refused by its length alone, before the client is told to continue.
  if (Number(head.lines('content-length')[0] ?? 0) > MAX_BODY_BYTES) throw new Refusal('BODY_TOO_LARGE');
  if (head.lines('expect').length > 0 && !isHttp10(request)) response.writeContinue();
  const bytes = await receiveBody(request, clock);
  if (bytes.length === 0) return undefined;
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    // The parser's own message is left out: it quotes the body.
    throw new Refusal('INVALID_INPUT', 'the body is no JSON in UTF-8');
  }
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
