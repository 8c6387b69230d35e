import type { Clock } from '../clock.ts';
import type { AnswerCode } from '../errors.ts';
import { BodyChunks } from '../http/body-chunks.ts';
import { isHttp10 } from '../http/messages.ts';
import { PIPED_BYTES } from '../transport/buffer-limit.ts';
import type { PipedBody } from '../transport/outgoing.ts';
import type { EndsWithClient, Exchange } from './exchange.ts';

export interface BodyLimits {
  readonly maxBodyBytes: number;
  /** Larger bodies are not kept but piped to one upstream. */
  readonly maxReplayBodyBytes: number;
  /** How long the client may be silent in its body. */
  readonly clientBodyTimeoutMs: number;
}

/**
 * Receives the request's body: kept up to `maxReplayBodyBytes`, and as long as there is room for it among all that
 * is held; else left to be piped. Returns the code of
 * a refusal, `client-left`, or undefined when the body is there.
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
  // The client waits with its body for this line; a refusal must come without it.
  if (headers.expect !== undefined && !isHttp10(request)) response.writeContinue();
  if (length !== undefined && length > limits.maxReplayBodyBytes) {
    exchange.body = piped(exchange, Buffer.alloc(0), length);
    return undefined;
  }
  // A body that came in one piece with its head is there as soon as the parser has done with that piece.
  await undefined;
  if (length !== undefined && request.readableLength === length) {
    const bytes: Buffer | null = request.read();
    if (bytes) {
      exchange.body = { kind: 'kept', bytes };
      exchange.bodyEnded = true;
      // It is here, whether there is room or not: no more than one read from the socket.
      exchange.account.holdPiece(length, length);
    }
    return exchange.left ? 'client-left' : undefined;
  }
  return new Promise((resolve) => new Reception({ exchange, length, limits, clock, resolve }));
}

interface ReceptionParts {
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

class Reception implements EndsWithClient {
  readonly #exchange: Exchange;
  readonly #length: number | undefined;
  readonly #limits: BodyLimits;
  readonly #clock: Clock;
  readonly #resolve: (result: AnswerCode | 'client-left' | undefined) => void;
  readonly #body = new BodyChunks();
  #stopTimer: () => void = () => {};

  constructor({ exchange, length, limits, clock, resolve }: ReceptionParts) {
    this.#exchange = exchange;
    this.#length = length;
    this.#limits = limits;
    this.#clock = clock;
    this.#resolve = resolve;
    exchange.underWay = this;
    exchange.request.on('data', this.#take).once('end', this.#complete);
    this.#wait();
  }

  onClientLeft(): void {
    this.#end('client-left');
  }

  readonly #take = (chunk: Buffer): void => {
    const isFirst = this.#body.size === 0;
    this.#body.add(chunk);
    const { size } = this.#body;
    const { account } = this.#exchange;
    const fits = account.holdPiece(chunk.length, size, account.roomForBodies);
    if (size > this.#limits.maxBodyBytes) this.#end('BODY_TOO_LARGE');
    else if (size > this.#limits.maxReplayBodyBytes) this.#pipe(0);
    else if (!fits && size !== this.#length) this.#pipe(PIPED_BYTES);
    else if (!isFirst) this.#wait();
  };

  readonly #complete = (): void => {
    this.#exchange.body = { kind: 'kept', bytes: this.#body.take() };
    this.#end(undefined);
  };

  /**
   * Too large to be kept, alone or with all the others: what is here goes first, the rest is read when an upstream
   * takes it. Its buffers are counted with `heldBytes` to the end.
   */
  #pipe(heldBytes: number): void {
    const { request, account } = this.#exchange;
    request.pause();
    const hasRoom = heldBytes <= account.room;
    account.hold(heldBytes);
    this.#exchange.body = piped(this.#exchange, this.#body.take(), this.#length, heldBytes);
    this.#end(hasRoom ? undefined : 'OVERLOADED');
  }

  #wait(): void {
    this.#stopTimer();
    const leftMs = this.#exchange.deadlineMs - this.#clock.monotonicMs();
    const silent = this.#limits.clientBodyTimeoutMs <= leftMs;
    this.#stopTimer = this.#clock.after(Math.max(0, silent ? this.#limits.clientBodyTimeoutMs : leftMs), () =>
      this.#end(silent ? 'CLIENT_TOO_SLOW' : 'REQUEST_TIMED_OUT'),
    );
  }

  #end(result: AnswerCode | 'client-left' | undefined): void {
    this.#stopTimer();
    this.#exchange.request.off('data', this.#take).off('end', this.#complete);
    this.#resolve(result);
  }
}
