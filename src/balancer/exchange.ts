/** One request of a client and all that happens to it: facts, no decisions. */

import type { Ledger } from '../calls/ledger.ts';
import type { Client } from '../clients/client.ts';
import type { AnswerCode } from '../errors.ts';
import { type AttemptResult, isFailure, type UpstreamFailure } from '../events.ts';
import type { IncomingRequest, OutgoingResponse, UpgradeRequest } from '../http/messages.ts';
import type { Origin, RequestHeaders } from '../http/request-headers.ts';
import type { Target } from '../http/target.ts';
import type { RpcRequest } from '../rpc/message.ts';
import { BATCH_KEY, HTTP_KEY, latencyKeyOf } from '../rpc/method-kinds.ts';
import { mayRepeat, type Repeatability } from '../rpc/methods.ts';
import type { Timing } from '../speed/timing.ts';
import type { BufferAccount } from '../transport/buffer-account.ts';
import type { Body } from '../transport/outgoing.ts';
import type { Upstream } from '../upstreams/upstream.ts';

export interface AttemptRecord {
  readonly upstream: Upstream;
  readonly result: AttemptResult;
}

/** What was wrong with those that failed. */
export function failuresOf(attempts: readonly AttemptRecord[]): UpstreamFailure[] {
  return attempts.flatMap(({ upstream: { identity: upstream }, result: reason }) =>
    isFailure(reason) ? { upstream, reason } : [],
  );
}

const NO_REFUSALS: Exchange['batchRefusals'] = [];
const NO_LINES: readonly string[] = [];
const EMPTY_BODY: Body = { kind: 'kept', bytes: Buffer.alloc(0) };
/** Longer method names are told of by their beginning. */
const MAX_TOLD_METHOD = 256;

/** What is known of a request when its head has been read. */
export interface ExchangeStart {
  readonly request: IncomingRequest;
  readonly response: OutgoingResponse;
  readonly id: string;
  readonly headers: RequestHeaders;
  readonly requested: Target;
  readonly target: Target;
  readonly prefix: string;
  readonly client: Client;
  readonly origin: Origin;
  readonly startedMs: number;
  readonly deadlineMs: number;
  readonly upgrade: UpgradeRequest | undefined;
  readonly account: BufferAccount;
  /** What this one is a part of. */
  readonly whole?: Exchange | undefined;
}

/** Something that makes no sense without a client. */
export interface EndsWithClient {
  onClientLeft(): void;
}

export class Exchange {
  readonly request: IncomingRequest;
  readonly response: OutgoingResponse;
  readonly id: string;
  readonly headers: RequestHeaders;
  /** What the client asked us for; may hold its key. */
  readonly requested: Target;
  /** What upstreams are asked for: without the beginning of the path that is meant for us. */
  readonly target: Target;
  /** That beginning; may hold the client's key. */
  readonly prefix: string;
  /** Who asks, and what holds for it. */
  readonly client: Client;
  readonly origin: Origin;
  /** Monotonic milliseconds. */
  readonly startedMs: number;
  /** Until when the answer's first byte must be out; monotonic milliseconds. */
  readonly deadlineMs: number;
  readonly upgrade: UpgradeRequest | undefined;
  /** What of the request and its answer is held. */
  readonly account: BufferAccount;

  /** Why no upstream is asked, as far as its head tells. */
  barred: AnswerCode | undefined;
  /** How long its client must wait before it may send that much; undefined when it need not. */
  clientWaitMs: number | undefined;
  /** Lines that its answer carries, whoever gives it; names and values in turn. */
  answerLines: readonly string[] = NO_LINES;
  body: Body = EMPTY_BODY;
  /** As many bytes of a body are here as its Content-Length says. */
  bodyEnded = false;
  rpc: RpcRequest | undefined;
  /** What became of each call of a JSON-RPC request. */
  ledger: Ledger | undefined;
  repeat: Repeatability = 'unsent';
  /** Those of its parts included. */
  readonly attempts: AttemptRecord[];
  /** It was cut out of this one, and is answered to it, not to the client. */
  readonly whole: Exchange | undefined;
  /** Upstreams that refused it as a batch of so many calls, without a word about its size. */
  batchRefusals: readonly { readonly upstream: Upstream; readonly size: number }[] = NO_REFUSALS;
  /** With what its latency is compared. */
  latencyKey = HTTP_KEY;
  /** That of its latest attempt. */
  timing: Timing | undefined;
  /** Upstreams that it could have been sent to had no room. */
  lackedRoom = false;
  /** How long it has waited for an upstream, in milliseconds. */
  queuedMs = 0;
  /** Interim answers (1xx) of upstreams so far. */
  interimAnswers = 0;
  #rpcMethod: string | undefined;
  #hasSuspect = false;
  #pieces = 1;
  #left = false;
  #underWay: EndsWithClient | undefined;

  constructor(start: ExchangeStart) {
    this.request = start.request;
    this.response = start.response;
    this.id = start.id;
    this.headers = start.headers;
    this.requested = start.requested;
    this.target = start.target;
    this.prefix = start.prefix;
    this.client = start.client;
    this.origin = start.origin;
    this.startedMs = start.startedMs;
    this.deadlineMs = start.deadlineMs;
    this.upgrade = start.upgrade;
    this.account = start.account;
    this.whole = start.whole;
    this.attempts = start.whole?.attempts ?? [];
    // It is the whole that knows when the client leaves.
    if (start.whole) return;
    // The response's close, not the request's: that one fires when the upload is over, too.
    start.response.once('close', () => {
      this.account.close();
      if (start.response.writableFinished) return;
      this.#left = true;
      this.#underWay?.onClientLeft();
    });
  }

  /** The name of the client's key; undefined where none is asked for. */
  get clientName(): string | undefined {
    return this.client.name;
  }

  /** The id of the trace that it is a part of; undefined where there is none, or where a mistyped key may be in it. */
  get traceId(): string | undefined {
    return this.isPathSecret ? undefined : this.headers.traceId;
  }

  /** Nobody may see the path: a mistyped key may be in it. */
  get isPathSecret(): boolean {
    return this.barred === 'UNAUTHORIZED';
  }

  /** All of the request is here. Of a body that came in one piece this is known before the parser says so. */
  get isReceived(): boolean {
    return this.bodyEnded || this.request.complete;
  }

  /** An upload may take its time: as a trial it would keep others from trying, so it is none of those counted. */
  get countsAsTrial(): boolean {
    return this.body.kind === 'kept';
  }

  /** As how many calls it counts at an upstream's limiter. */
  get callCount(): number {
    return this.rpc?.calls.length || 1;
  }

  /** What requests have in common that may be slow for the same reason: the methods of its calls, else the path. */
  get kind(): string {
    if (!this.rpc) return this.target.path;
    const methods = this.rpc.calls.map(({ method = '' }) => method.slice(0, MAX_TOLD_METHOD));
    return methods.length === 1 ? (methods[0] ?? '') : [...new Set(methods)].join();
  }

  /** The client is gone before it had its whole answer. */
  get left(): boolean {
    return this.whole?.left ?? this.#left;
  }

  /** It has failed at an upstream in a way that it may have caused itself; so has all that it is a part of. */
  get hasSuspect(): boolean {
    return this.whole?.hasSuspect ?? this.#hasSuspect;
  }

  set hasSuspect(hasSuspect: boolean) {
    if (this.whole) this.whole.hasSuspect = hasSuspect;
    else this.#hasSuspect = hasSuspect;
  }

  /** Of how many pieces the answer is put together. */
  get pieces(): number {
    return this.whole?.pieces ?? this.#pieces;
  }

  addPieces(more: number): void {
    if (this.whole) this.whole.addPieces(more);
    else this.#pieces += more;
  }

  /** A part of it: other calls, or less of one. Asked for like a request of its own, and at an end with this one. */
  part(ledger: Ledger): Exchange {
    const part = new Exchange({ ...this, whole: this });
    part.body = { kind: 'kept', bytes: ledger.body };
    part.rpc = ledger.rpc;
    part.latencyKey = this.latencyKey;
    part.ledger = ledger;
    part.latencyKey = ledger.rpc.batch ? BATCH_KEY : latencyKeyOf(ledger.rpc.calls[0]?.method);
    part.repeat = ledger.rpc.calls.every(mayRepeat) ? 'always' : 'unsent';
    return part;
  }

  /**
   * What is told when the client leaves: the receiving of its body, then the race. An object and no function: V8 puts
   * a function literal that is assigned to a property into the old generation at once, where it keeps
   * the whole exchange alive long after its end.
   */
  set underWay(what: EndsWithClient) {
    this.#underWay = what;
  }

  /** The request itself is of no use any more: of it and its answer only these bytes are still held. */
  forget(heldBytes: number): void {
    this.#rpcMethod = this.rpcMethod;
    this.rpc = undefined;
    this.ledger = undefined;
    if (this.body.kind === 'kept') this.body = EMPTY_BODY;
    this.account.setHeldAnswer(heldBytes);
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
