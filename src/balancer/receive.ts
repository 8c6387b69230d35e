/** Receives a request's body, to be kept in memory or piped. */

import { isBodyRead } from '../clients/client.ts';
import type { Clock } from '../clock.ts';
import type { AnswerCode } from '../errors.ts';
import { BodyChunks } from '../http/body-chunks.ts';
import { isHttp10, type OutgoingResponse } from '../http/messages.ts';
import { PIPED_BYTES } from '../transport/buffer-limit.ts';
import type { PipedBody } from '../transport/outgoing.ts';
import type { EndsWithClient, Exchange } from './exchange.ts';

export interface BodyLimits {
  readonly maxBodyBytes: number;
  /** A larger body is not kept but piped to one upstream. */
  readonly maxReplayBodyBytes: number;
  /** How long the client may be silent in its body. */
  readonly clientBodyTimeoutMs: number;
}

/**
 * Keeps the body up to `maxReplayBodyBytes`, and while there is memory for it; otherwise leaves it to be piped. Resolves
 * to the code of a refusal, to `client-left`, or to undefined when the body has been received or is ready to be piped.
 */
export async function receiveBody(
  exchange: Exchange,
  limits: BodyLimits,
  clock: Clock,
): Promise<AnswerCode | 'client-left' | undefined> {
  const { request, response, headers } = exchange;
  const length = headers.contentLength === undefined ? undefined : Number(headers.contentLength);
  if (length === 0 || (length === undefined && headers.transferEncoding === undefined)) return undefined;
  if (length !== undefined && length > limits.maxBodyBytes) return 'BODY_TOO_LARGE';
  // It would send its body only after it was told to, and no answer needs it.
  if (exchange.barred && headers.expect !== undefined) return exchange.barred;
  // The client sends its body only after this line; a refusal must come without it.
  if (headers.expect !== undefined && !isHttp10(request)) askForBody(response);
  // Where calls are counted or methods listed, its beginning tells whether it may be left unread.
  if (length !== undefined && length > limits.maxReplayBodyBytes && !isBodyRead(exchange.client)) {
    exchange.body = piped(exchange, Buffer.alloc(0), length);
    return undefined;
  }
  // A body that came in one piece with its head is available as soon as the parser has finished that piece.
  await undefined;
  if (length !== undefined && request.readableLength === length) {
    const bytes: Buffer | null = request.read();
    if (bytes) {
      exchange.body = { kind: 'kept', bytes };
      exchange.bodyEnded = true;
      // Kept even without room: it is in memory already, and is no more than one read from the socket.
      exchange.account.holdPiece(length, length);
    }
    return exchange.left ? 'client-left' : undefined;
  }
  return new Promise((resolve) => new BodyReceiver({ exchange, length, limits, clock, resolve }));
}

/** Of pipelined requests Node would write the line into the middle of an earlier answer, or of this one. */
function askForBody(response: OutgoingResponse): void {
  if (response.socket) response.writeContinue();
  else
    response.once('socket', () => {
      if (!response.headersSent) response.writeContinue();
    });
}

interface BodyReceiverOptions {
  readonly exchange: Exchange;
  /** The client's Content-Length; undefined when it sends chunks. */
  readonly length: number | undefined;
  readonly limits: BodyLimits;
  readonly clock: Clock;
  readonly resolve: (result: AnswerCode | 'client-left' | undefined) => void;
}

function piped(
  { request: source }: Exchange,
  prefix: Buffer,
  length: number | undefined,
  heldBytes = 0,
): PipedBody {
  return { kind: 'piped', source, prefix, length, heldBytes, taken: false };
}

class BodyReceiver implements EndsWithClient {
  readonly #exchange: Exchange;
  readonly #length: number | undefined;
  readonly #limits: BodyLimits;
  readonly #clock: Clock;
  readonly #resolve: (result: AnswerCode | 'client-left' | undefined) => void;
  readonly #body = new BodyChunks();
  #stopTimer: () => void = () => {};
  /** When the last piece came; monotonic milliseconds. */
  #heardMs: number;

  constructor({ exchange, length, limits, clock, resolve }: BodyReceiverOptions) {
    this.#exchange = exchange;
    this.#length = length;
    this.#limits = limits;
    this.#clock = clock;
    this.#resolve = resolve;
    this.#heardMs = clock.monotonicMs();
    exchange.underWay = this;
    exchange.request.on('data', this.#onData).once('end', this.#onEnd);
    this.#wait();
  }

  onClientLeft(): void {
    this.#finish('client-left');
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#body.add(chunk);
    const { size } = this.#body;
    const { account } = this.#exchange;
    const fits = account.holdPiece(chunk.length, size, account.roomForBodies);
    if (size > this.#limits.maxBodyBytes) this.#finish('BODY_TOO_LARGE');
    else if (size > this.#limits.maxReplayBodyBytes) this.#pipe(0);
    else if (!fits && size !== this.#length) this.#pipe(PIPED_BYTES);
    else this.#heardMs = this.#clock.monotonicMs();
  };

  readonly #onEnd = (): void => {
    this.#exchange.body = { kind: 'kept', bytes: this.#body.take() };
    this.#finish(undefined);
  };

  /**
   * Leaves a body to be piped that is too large to keep, by itself or together with all others: what was received is
   * sent first, the rest is read when an upstream takes it. Its buffers count as `heldBytes` until the end.
   */
  #pipe(heldBytes: number): void {
    const { request, account } = this.#exchange;
    request.pause();
    const hasRoom = heldBytes <= account.room;
    account.hold(heldBytes);
    this.#exchange.body = piped(this.#exchange, this.#body.take(), this.#length, heldBytes);
    this.#finish(hasRoom ? undefined : 'OVERLOADED');
  }

  /** One timer for all pieces: there may be a million. */
  #wait(): void {
    const { deadlineMs } = this.#exchange;
    const silentMs = this.#heardMs + this.#limits.clientBodyTimeoutMs;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs >= silentMs) this.#finish('CLIENT_TOO_SLOW');
    else if (nowMs >= deadlineMs) this.#finish('REQUEST_TIMED_OUT');
    else this.#stopTimer = this.#clock.after(Math.min(silentMs, deadlineMs) - nowMs, () => this.#wait());
  }

  #finish(result: AnswerCode | 'client-left' | undefined): void {
    this.#stopTimer();
    this.#exchange.request.off('data', this.#onData).off('end', this.#onEnd);
    this.#resolve(result);
  }
}
