import type { Clock } from '../clock.ts';
import { BodyChunks } from '../http/body-chunks.ts';
import { type IncomingRequest, isHttp10, type OutgoingResponse } from '../http/messages.ts';
import type { Head } from './head.ts';
import { Refusal } from './problems.ts';

/** Far more than an upstream's description needs. */
const MAX_BODY_BYTES = 64 * 1024;
/** From the first byte to the last. */
const BODY_TIMEOUT_MS = 10_000;

/** The client is gone: nobody reads an answer. */
export class ClientLeft extends Error {}

/**
 * The JSON value of a body; undefined when there is none. Rejects with a Refusal when it is too large, too slow
 * or no JSON in UTF-8, with ClientLeft when it breaks off.
 */
export async function readJson(
  { request, response }: { readonly request: IncomingRequest; readonly response: OutgoingResponse },
  head: Head,
  clock: Clock,
): Promise<unknown> {
  // Refused by its length alone, before the client was told to continue.
  if (Number(head.lines('content-length')[0] ?? 0) > MAX_BODY_BYTES) throw new Refusal('BODY_TOO_LARGE');
  if (head.lines('expect').length > 0 && !isHttp10(request)) response.writeContinue();
  const bytes = await receive(request, clock);
  if (bytes.length === 0) return undefined;
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    // The parser's own message is left out: it quotes the body.
    throw new Refusal('INVALID_INPUT', 'the body is no JSON in UTF-8');
  }
}

function receive(request: IncomingRequest, clock: Clock): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const body = new BodyChunks();
    const stop = () => {
      stopTimer();
      request.off('data', take).off('end', complete).off('close', leave);
    };
    const take = (chunk: Buffer) => {
      body.add(chunk);
      if (body.size <= MAX_BODY_BYTES) return;
      stop();
      reject(new Refusal('BODY_TOO_LARGE'));
    };
    const complete = () => {
      stop();
      resolve(body.taken());
    };
    const leave = () => {
      stop();
      reject(new ClientLeft());
    };
    const stopTimer = clock.after(BODY_TIMEOUT_MS, () => {
      stop();
      reject(new Refusal('CLIENT_TOO_SLOW'));
    });
    request.on('data', take).once('end', complete).once('close', leave);
  });
}
