import type { Duplex } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { EndsWithClient, Exchange } from '../balancer/exchange.ts';
import { relayInterim } from '../balancer/respond.ts';
import { readResponseHeaders, saneReasonPhrase } from '../http/response-headers.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import { AnswerBuffer } from './answer-buffer.ts';
import type { Connection, ConnectionPool } from './connections.ts';
import type { HasDeadline } from './deadlines.ts';
import { dispatchOptions } from './dispatch-options.ts';
import { isAbout304, isReset, readFailure } from './failure.ts';
import { giveBack } from './give-back.ts';
import { readReply } from './handshake.ts';
import type { AttemptOutcome, ResponseStream, Sink } from './outcome.ts';
import { silenceLimitMs } from './silence.ts';
import { Upload } from './upload.ts';
import type { Sending, Wire } from './wire.ts';

/**
 * connecting -> sent -> peeking -> over            the body was read whole
 *                       peeking -> flowing -> over  it was too large for that, or a stream
 * Each state may also end in `over` by a failure, a time-out, or because the client left.
 */
type State = 'connecting' | 'sent' | 'peeking' | 'flowing' | 'over';

export class Transmission implements Dispatcher.DispatchHandler, ResponseStream, HasDeadline, EndsWithClient {
  readonly #exchange: Exchange;
  readonly #sending: Sending;
  readonly #upstream: Upstream;
  readonly #wire: Wire;
  readonly #pool: ConnectionPool;
  #state: State = 'connecting';
  #connection: Connection | undefined;
  #kept = false;
  #heard = false;
  #abort: ((error?: Error) => void) | undefined;
  #upload: Upload | undefined;
  #settle: ((outcome: AttemptOutcome) => void) | undefined;
  deadlineIndex = -1;
  /** When the next byte is overdue. */
  #dueMs = 0;
  #answer: AnswerBuffer | undefined;
  #sink: Sink | undefined;
  #resume: (() => void) | undefined;
  #paused = false;

  constructor(exchange: Exchange, sending: Sending, upstream: Upstream, wire: Wire) {
    this.#exchange = exchange;
    this.#sending = sending;
    this.#upstream = upstream;
    this.#wire = wire;
    this.#pool = wire.pool(upstream);
  }

  /** Sends on a kept connection, if there is one and none that is `fresh` is asked for. */
  start(settle: (outcome: AttemptOutcome) => void, fresh: boolean): void {
    this.#settle = settle;
    this.#exchange.underWay = this;
    this.#connection = this.#pool.acquire(fresh, this.#exchange.request);
    this.#upstream.inFlight += 1;
    this.#kept = this.#connection.socket !== undefined;
    this.#arm();
    this.#wire.watch.add(this);
    try {
      this.#connection.client.dispatch(this.#request(), this);
    } catch {
      // undici refuses what it can't write, a path with a control character for one.
      this.#stop({ kind: 'broken', reason: 'bad-http', stale: false });
    }
  }

  #request(): Dispatcher.DispatchOptions {
    const { body } = this.#sending;
    if (body.kind === 'kept') return dispatchOptions(this.#exchange, this.#upstream, body, body.bytes);
    const turns = { clock: this.#wire.clock, onTurn: () => this.#onTurn() };
    this.#upload = new Upload(this.#exchange.request, body, this.#wire.upload, turns);
    // The attempt tells of the failure; without a listener it would end the process.
    this.#upload.on('error', () => {});
    return dispatchOptions(this.#exchange, this.#upstream, body, this.#upload);
  }

  onConnect(abort: (error?: Error) => void): void {
    this.#abort = abort;
    this.#state = 'sent';
  }

  onResponseStarted(): void {
    this.#heard = true;
  }

  onHeaders(status: number, raw: Buffer[], resume: () => void, reasonPhrase: string): boolean {
    if (this.#state === 'over') return true;
    const { target, origin } = this.#exchange;
    const place = { upstream: this.#upstream, exchange: this.#exchange, target, origin };
    if (status >= 100 && status < 200 && relayInterim(place, status, raw)) return true;
    const headers = status < 200 ? undefined : readResponseHeaders(raw, this.#wire.identity, place);
    if (!headers) return this.#stop({ kind: 'broken', reason: 'bad-http', stale: false });
    this.#answer = new AnswerBuffer(status, saneReasonPhrase(reasonPhrase, this.#upstream), headers);
    this.#resume = resume;
    this.#state = 'peeking';
    this.#arm();
    return this.#answer.isPeeked(place, this.#sending.peekBytes) || this.#flow(this.#answer);
  }

  onUpgrade(_status: number, raw: Buffer[] | string[] | null, socket: Duplex): void {
    // The socket is no longer the HTTP client's to end.
    this.#abort = undefined;
    this.#connection?.heldEnd?.letGo();
    const reply = { raw: raw ?? [], socket, upstream: this.#upstream };
    this.#stop(readReply(this.#exchange, reply, this.#wire.identity));
  }

  onData(chunk: Buffer): boolean {
    if (this.#state === 'over' || !this.#answer) return true;
    if (this.#sink) {
      this.#arm();
      return this.#sink.write(chunk) || this.#pause();
    }
    const fits = this.#answer.hold(chunk, this.#exchange);
    if (this.#state === 'flowing') return this.#pause();
    this.#arm();
    if (fits && this.#answer.size <= this.#sending.peekBytes) return true;
    if (fits || !(this.#sending.partial || this.#exchange.isGreedy)) return this.#flow(this.#answer);
    this.#stop({ kind: 'out-of-room' });
    return false;
  }

  onComplete(): void {
    // A body that ends with the connection is complete only if the connection was ended, not reset.
    const problem = this.#connection?.socket?.errored;
    if (problem) this.onError(problem);
    if (this.#state === 'over' || !this.#answer) return;
    const peeked = this.#state === 'peeking';
    this.#leave();
    if (this.#connection) giveBack(this.#connection, this.#pool, this.#exchange, this.#answer);
    if (peeked) this.#settle?.(this.#answer.answered(undefined));
    else this.#sink?.end();
  }

  onError(error: Error): void {
    const failure = readFailure(error, {
      sent: this.#state !== 'connecting',
      heard: this.#heard,
      headersDone: this.#state === 'peeking' || this.#state === 'flowing',
      kept: this.#kept,
    });
    const unsent = this.#connection?.failedWrite?.happened;
    const uploading = this.#upload && (unsent || !this.#upload.readableEnded);
    const reading = this.#answer;
    if (reading && isAbout304(error, reading.status)) this.#stop(reading.answered(undefined));
    else if (this.#upload?.problem) this.#stop({ kind: 'upload-failed', code: this.#upload.problem });
    else if (uploading && isReset(failure)) this.#stop({ kind: 'upload-cut' });
    else this.#stop(failure);
  }

  flowInto(sink: Sink): void {
    this.#sink = sink;
    this.#exchange.underWay = this;
    if (this.#state === 'over') sink.fail('cut');
    else if (this.#exchange.left) this.cancel();
    else this.resume();
  }

  resume(): void {
    if (!this.#paused || this.#state === 'over') return;
    this.#paused = false;
    this.#arm();
    this.#connection?.heldEnd?.resume(() => this.#resume?.());
  }

  cancel(): void {
    this.#stop({ kind: 'client-left' });
  }

  onClientLeft(): void {
    this.cancel();
  }

  #flow(reading: AnswerBuffer): false {
    this.#state = 'flowing';
    this.#settle?.(reading.answered(this));
    return this.#pause();
  }

  #pause(): false {
    this.#paused = true;
    this.#connection?.heldEnd?.pause();
    this.#disarm();
    return false;
  }

  /** Ends the attempt before its time; the connection can't be used again. True, as undici wants it. */
  #stop(outcome: AttemptOutcome): true {
    if (this.#state === 'over') return true;
    const flowing = this.#state === 'flowing';
    this.#leave();
    // First, since undici would end the connection in good order.
    if (this.#connection) this.#pool.discard(this.#connection);
    this.#abort?.();
    if (flowing) this.#sink?.fail(outcome.kind === 'timed-out' ? 'timeout' : 'cut');
    else if (this.#mayStartAgain(outcome)) {
      const again = new Transmission(this.#exchange, this.#sending, this.#upstream, this.#wire);
      again.start((later) => this.#settle?.(later), true);
    } else this.#settle?.(outcome);
    return true;
  }

  /** The connection was closed as we wrote to it: the race of two idle timers, nobody's fault. */
  #mayStartAgain(outcome: AttemptOutcome): boolean {
    return (
      outcome.kind === 'broken' && outcome.stale && this.#sending.repeat === 'always' && !this.#exchange.left
    );
  }

  #leave(): void {
    this.#state = 'over';
    this.#upstream.inFlight -= 1;
    this.#wire.watch.remove(this);
    this.#exchange.isOver(this);
    // At once, not when undici comes to it: how the answer is delivered depends on what the client still sends.
    this.#upload?.destroy();
  }

  /** While an upload waits for the client, the upstream has no time to keep. */
  #onTurn(): void {
    this.#exchange.holdOnly(this.#upload?.heldBytes);
    if (this.#state !== 'connecting' && this.#state !== 'sent') return;
    if (this.#upload?.waitsForClient) this.#disarm();
    else this.#arm();
  }

  /** Starts the clock anew for the next thing to wait for: the headers, or the next chunk. */
  #arm(): void {
    const flowing = this.#state === 'flowing' ? this.#answer : undefined;
    this.#dueMs = this.#wire.clock.monotonicMs() + silenceLimitMs(this.#wire, this.#exchange, flowing);
  }

  #disarm(): void {
    this.#dueMs = Number.POSITIVE_INFINITY;
  }

  onTick(nowMs: number): void {
    // A body that streams, either way, has only its pauses to keep short.
    const bounded = this.#state !== 'flowing' && !this.#upload;
    const deadlineMs = bounded ? this.#exchange.deadlineMs : Number.POSITIVE_INFINITY;
    if (nowMs < Math.min(this.#dueMs, deadlineMs)) return;
    // Whichever came first, for a tick may be late: only the attempt's own limit speaks against the upstream.
    this.#stop(deadlineMs < this.#dueMs ? { kind: 'out-of-time' } : { kind: 'timed-out' });
  }
}
