import type { Ledger } from '../calls/ledger.ts';
import type { AttemptResult } from '../events.ts';
import type { IncomingRequest, OutgoingResponse, UpgradeRequest } from '../http/messages.ts';
import type { Origin, RequestHeaders } from '../http/request-headers.ts';
import type { Target } from '../http/target.ts';
import type { RpcRequest } from '../rpc/message.ts';
import type { Repeatability } from '../rpc/methods.ts';
import { ANSWER_WEIGHT, type BufferLimit, UNCOUNTED_BYTES } from '../transport/buffer-limit.ts';
import type { Upstream } from '../upstreams/upstream.ts';

/** A request's body: kept, so that it can be sent again, or too large for that. */
export type Body =
  | { readonly kind: 'kept'; readonly bytes: Buffer }
  | {
      readonly kind: 'piped';
      /** What was read before the body turned out to be too large; emptied when the upstream has it. */
      prefix: Buffer;
      /** The client's Content-Length; undefined when it sends chunks. */
      readonly length: number | undefined;
      /** What it is counted with when the prefix is out. */
      readonly heldBytes: number;
      /** Bytes after the prefix were taken from the client: no other upstream can have them. */
      taken: boolean;
    };

export interface AttemptRecord {
  readonly upstream: Upstream;
  readonly result: AttemptResult;
}

const EMPTY_BODY: Body = { kind: 'kept', bytes: Buffer.alloc(0) };
/** Longer method names are told of by their beginning. */
const MAX_TOLD_METHOD = 256;

/** What is known of a request when its head has been read. */
export interface ExchangeStart {
  readonly request: IncomingRequest;
  readonly response: OutgoingResponse;
  readonly id: string;
  readonly headers: RequestHeaders;
  readonly target: Target;
  readonly origin: Origin;
  readonly startedMs: number;
  readonly deadlineMs: number;
  readonly upgrade: UpgradeRequest | undefined;
  readonly bufferLimit: BufferLimit;
}

/** Something that makes no sense without a client. */
export interface EndsWithClient {
  onClientLeft(): void;
}

/** Requests of one HTTP/2 connection at a time whose answers flow on when they can't be held. */
const FAIR_STREAMS = 8;

/** One request and all that happens to it: facts, no decisions. */
export class Exchange {
  readonly request: IncomingRequest;
  readonly response: OutgoingResponse;
  readonly id: string;
  readonly headers: RequestHeaders;
  readonly target: Target;
  readonly origin: Origin;
  /** Monotonic milliseconds. */
  readonly startedMs: number;
  /** Until when the answer's first byte must be out; monotonic milliseconds. */
  readonly deadlineMs: number;
  readonly upgrade: UpgradeRequest | undefined;

  body: Body = EMPTY_BODY;
  /** As many bytes of a body are here as its Content-Length says. */
  bodyEnded = false;
  rpc: RpcRequest | undefined;
  /** What became of each call of a JSON-RPC request. */
  ledger: Ledger | undefined;
  repeat: Repeatability = 'unsent';
  readonly attempts: AttemptRecord[] = [];
  /** It has failed at an upstream in a way that it may have caused itself. */
  hasSuspect = false;
  /** Until when it may wait for an upstream; monotonic milliseconds. Undefined while it need not. */
  waitEndMs: number | undefined;
  /** Interim answers (1xx) of upstreams so far. */
  interimAnswers = 0;
  readonly #bufferLimit: BufferLimit;
  #heldBytes = 0;
  #rpcMethod: string | undefined;
  /** Nothing is held any more. */
  #over = false;
  #left = false;
  #underWay: EndsWithClient | undefined;

  constructor(start: ExchangeStart) {
    this.request = start.request;
    this.response = start.response;
    this.id = start.id;
    this.headers = start.headers;
    this.target = start.target;
    this.origin = start.origin;
    this.startedMs = start.startedMs;
    this.deadlineMs = start.deadlineMs;
    this.upgrade = start.upgrade;
    this.#bufferLimit = start.bufferLimit;
    // The response's close, not the request's: that one fires when the upload is over, too.
    start.response.once('close', () => {
      this.holdOnly(0);
      this.#over = true;
      if (start.response.writableFinished) return;
      this.#left = true;
      this.#underWay?.onClientLeft();
    });
  }

  /** All of the request is here. Of a body that came in one piece this is known before the parser says so. */
  get isReceived(): boolean {
    return this.bodyEnded || this.request.complete;
  }

  /** The client is gone before it had its whole answer. */
  get left(): boolean {
    return this.#left;
  }

  /**
   * What is told when the client leaves: one thing at a time is under way. An object and no function: V8 puts a
   * function literal that is assigned to a property into the old generation at once, where it keeps
   * the whole exchange alive long after its end.
   */
  set underWay(what: EndsWithClient | undefined) {
    this.#underWay = what;
  }

  /** It need not be told any more; another one may be under way by now. */
  isOver(what: EndsWithClient): void {
    if (this.#underWay === what) this.#underWay = undefined;
  }

  /** Its client asks for so much at once, on one connection, that it is the first to go without when memory is short. */
  get isGreedy(): boolean {
    return (this.response.siblings ?? 0) > FAIR_STREAMS;
  }

  /** How many bytes more may be held, for whichever request. */
  get room(): number {
    return this.#bufferLimit.room;
  }

  /** Counts in bytes that are held until the answer is out. */
  hold(bytes: number): void {
    if (this.#over) return;
    this.#heldBytes += bytes;
    this.#bufferLimit.add(bytes);
  }

  /** The same of a request's body that is kept. */
  get roomForBodies(): number {
    return this.#bufferLimit.roomForBodies;
  }

  /** Counts in a piece with which something has grown to `size` bytes. False when there was no `room` for it. */
  holdPiece(bytes: number, size: number, room = this.room): boolean {
    if (size <= UNCOUNTED_BYTES) return true;
    const counted = size - bytes <= UNCOUNTED_BYTES ? size : bytes;
    this.hold(counted);
    return counted <= room;
  }

  /** No more than these bytes are still held; as many as before when that is not said. */
  holdOnly(bytes = this.#heldBytes): void {
    if (bytes !== this.#heldBytes) this.hold(bytes - this.#heldBytes);
  }

  /** The request itself is of no use any more: of it and its answer only these bytes are still held. */
  forget(heldBytes: number): void {
    this.#rpcMethod = this.rpcMethod;
    this.rpc = undefined;
    this.ledger = undefined;
    if (this.body.kind === 'kept') this.body = EMPTY_BODY;
    const counted = heldBytes * ANSWER_WEIGHT;
    this.holdOnly(counted > UNCOUNTED_BYTES ? counted : 0);
  }

  /** The method of a single JSON-RPC call, `batch` for several; cut when it is too long to be told. */
  get rpcMethod(): string | undefined {
    if (!this.rpc) return this.#rpcMethod;
    if (this.rpc.batch) return 'batch';
    const method = this.rpc.calls[0]?.method;
    return method === undefined || method.length <= MAX_TOLD_METHOD
      ? method
      : `${method.slice(0, MAX_TOLD_METHOD)}…`;
  }
}
