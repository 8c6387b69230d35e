/** Sends one request to one upstream, as undici's handler, and reduces all that can happen to one outcome. */

import type { Duplex } from 'node:stream';
import type { Dispatcher } from 'undici';
import { readResponseHeaders, saneReasonPhrase } from '../http/response-headers.ts';
import { AnswerBuffer } from './answer-buffer.ts';
import type { Connection, ConnectionPool } from './connections.ts';
import type { HasDeadline } from './deadlines.ts';
import { isAbout304, readFailure, readUploadFailure } from './failure.ts';
import { readSwitchReply } from './handshake.ts';
import type { AttemptOutcome, ResponseStream, Sink, TransmissionListener } from './outcome.ts';
import { dispatchOptions, type Outgoing } from './outgoing.ts';
import { releaseConnection } from './release-connection.ts';
import type { TransportSettings } from './settings.ts';
import { silenceLimitMs } from './silence.ts';
import { Upload } from './upload.ts';

// connecting -> sent -> buffering -> over, with `streaming` before `over` if the body is too large or an event stream.
// From each state a failure, a time-out or a cancellation also leads to `over`.
type State = 'connecting' | 'sent' | 'buffering' | 'streaming' | 'over';

export class Transmission implements Dispatcher.DispatchHandler, ResponseStream, HasDeadline {
  readonly #outgoing: Outgoing;
  readonly #settings: TransportSettings;
  readonly #listener: TransmissionListener;
  readonly #pool: ConnectionPool;
  #state: State = 'connecting';
  #connection: Connection | undefined;
  #reused = false;
  #responseStarted = false;
  #abort: ((error?: Error) => void) | undefined;
  #upload: Upload | undefined;
  deadlineIndex = -1;
  /** When the next byte is overdue; monotonic milliseconds. */
  #dueMs = 0;
  #answer: AnswerBuffer | undefined;
  #sink: Sink | undefined;
  #resume: (() => void) | undefined;
  #paused = false;
  /** The same request on a fresh connection. */
  #retry: Transmission | undefined;

  constructor(outgoing: Outgoing, settings: TransportSettings, listener: TransmissionListener) {
    this.#outgoing = outgoing;
    this.#settings = settings;
    this.#listener = listener;
    this.#pool = settings.connections.of(outgoing.upstream);
  }

  /**
   * Sends on a kept connection, if there is one and `fresh` is false. A kept one that proves to be closed is replaced
   * once, if the request may be repeated; that counts as the same attempt.
   */
  start(fresh = false): void {
    const { connectTimeoutMs } = this.#settings;
    this.#connection = this.#pool.acquire(fresh, this.#outgoing.clientSocket, connectTimeoutMs);
    this.#outgoing.upstream.inFlight += 1;
    this.#reused = this.#connection.socket !== undefined;
    this.#arm();
    this.#settings.deadlines.add(this);
    try {
      this.#connection.client.dispatch(this.#request(), this);
    } catch {
      // undici refuses what it can't write, for example a path with a control character.
      this.#stop({ kind: 'broken', reason: 'bad-http', stale: false });
    }
  }

  #request(): Dispatcher.DispatchOptions {
    const { body } = this.#outgoing;
    if (body.kind === 'kept') return dispatchOptions(this.#outgoing, body.bytes);
    const { clock, upload } = this.#settings;
    this.#upload = new Upload(body, upload, { clock, onProgress: () => this.#onProgress() });
    // `onError` reports the failure; without a listener it would end the process.
    this.#upload.on('error', () => {});
    return dispatchOptions(this.#outgoing, this.#upload);
  }

  onConnect(abort: (error?: Error) => void): void {
    this.#abort = abort;
    this.#state = 'sent';
  }

  onResponseStarted(): void {
    this.#responseStarted = true;
  }

  onHeaders(status: number, raw: Buffer[], resume: () => void, reasonPhrase: string): boolean {
    if (this.#state === 'over') return true;
    if (status >= 100 && status < 200 && this.#listener.onInterim(status, raw)) return true;
    const headers =
      status < 200 ? undefined : readResponseHeaders(raw, this.#settings.identity, this.#outgoing);
    if (!headers) return this.#stop({ kind: 'broken', reason: 'bad-http', stale: false });
    this.#answer = new AnswerBuffer(status, saneReasonPhrase(reasonPhrase, this.#outgoing.upstream), headers);
    this.#resume = resume;
    this.#state = 'buffering';
    this.#arm();
    return this.#answer.isBuffered(this.#outgoing) || this.#stream(this.#answer);
  }

  onUpgrade(_status: number, raw: Buffer[] | string[] | null, socket: Duplex): void {
    // undici must not end the socket any more.
    this.#abort = undefined;
    this.#connection?.deferredEnd?.detach();
    this.#stop(readSwitchReply(this.#outgoing, { raw: raw ?? [], socket }, this.#settings.identity));
  }

  onData(chunk: Buffer): boolean {
    if (this.#state === 'over' || !this.#answer) return true;
    if (this.#sink) {
      this.#arm();
      return this.#sink.write(chunk) || this.#pause();
    }
    const { bufferUpToBytes, mustBuffer, account } = this.#outgoing;
    const fits = this.#answer.hold(chunk, this.#outgoing);
    if (this.#state === 'streaming') return this.#pause();
    this.#arm();
    if (fits && this.#answer.size <= bufferUpToBytes) return true;
    if (fits || !(mustBuffer || account.isGreedy)) return this.#stream(this.#answer);
    this.#stop({ kind: 'out-of-room' });
    return false;
  }

  onComplete(): void {
    // A body that ends with the connection is complete only if the connection ended, and was not reset.
    const problem = this.#connection?.socket?.errored;
    if (problem) this.onError(problem);
    if (this.#state === 'over' || !this.#answer) return;
    const buffered = this.#state === 'buffering';
    this.#finish();
    if (this.#connection) releaseConnection(this.#connection, this.#pool, this.#outgoing, this.#answer);
    if (buffered) this.#listener.onEnd(this.#answer.answered(undefined));
    else {
      this.#listener.onStreamEnd('complete');
      this.#sink?.end();
    }
  }

  onError(error: Error): void {
    const failure = readFailure(error, {
      sent: this.#state !== 'connecting',
      responseStarted: this.#responseStarted,
      headersDone: this.#state === 'buffering' || this.#state === 'streaming',
      reused: this.#reused,
    });
    const isUnsent = this.#connection?.deferredWriteError?.happened ?? false;
    const answer = this.#answer;
    if (answer && isAbout304(error, answer.status)) this.#stop(answer.answered(undefined));
    else this.#stop(this.#upload ? readUploadFailure(failure, this.#upload, isUnsent) : failure);
  }

  flowInto(sink: Sink): void {
    this.#sink = sink;
    if (this.#state === 'over') {
      this.#listener.onStreamEnd('cut');
      sink.fail('cut');
    } else this.resume();
  }

  resume(): void {
    if (!this.#paused || this.#state === 'over') return;
    this.#paused = false;
    this.#arm();
    this.#connection?.deferredEnd?.resume(() => this.#resume?.());
  }

  /** Ends the attempt in any state, and closes the connection because the upstream may still answer. */
  cancel(why: 'client-left' | 'superseded' = 'client-left'): void {
    if (this.#retry) this.#retry.cancel(why);
    else if (this.#state === 'over') this.#listener.onStreamEnd('cancelled');
    else this.#stop({ kind: why });
  }

  #stream(answer: AnswerBuffer): false {
    this.#state = 'streaming';
    this.#listener.onEnd(answer.answered(this));
    return this.#pause();
  }

  #pause(): false {
    this.#paused = true;
    this.#connection?.deferredEnd?.pause();
    this.#disarm();
    return false;
  }

  /** Ends the attempt early; the connection can't be used again. Returns true, as undici wants it. */
  #stop(outcome: AttemptOutcome): true {
    if (this.#state === 'over') return true;
    const streaming = this.#state === 'streaming';
    this.#finish();
    // Before the abort, in which undici would end the connection gracefully.
    if (this.#connection) this.#pool.discard(this.#connection);
    this.#abort?.();
    if (streaming) this.#cutStream(outcome);
    // The connection was closed as we wrote to it: a race of two idle timers, and not the upstream's fault.
    else if (outcome.kind === 'broken' && outcome.stale && this.#outgoing.mayRepeat) {
      this.#retry = new Transmission(this.#outgoing, this.#settings, this.#listener);
      this.#retry.start(true);
    } else this.#listener.onEnd(outcome);
    return true;
  }

  #cutStream({ kind }: AttemptOutcome): void {
    const reason = kind === 'timed-out' ? 'timeout' : 'cut';
    const isCancelled = kind === 'client-left' || kind === 'superseded';
    if (this.#sink || isCancelled) this.#listener.onStreamEnd(isCancelled ? 'cancelled' : reason);
    this.#sink?.fail(reason);
  }

  #finish(): void {
    this.#state = 'over';
    this.#outgoing.upstream.inFlight -= 1;
    this.#settings.deadlines.remove(this);
    // At once, before undici does it: how the answer is delivered depends on what the client still sends.
    this.#upload?.destroy();
  }

  /** While an upload waits for the client, the upstream has no time limit. */
  #onProgress(): void {
    this.#outgoing.account.setHeld(this.#upload?.heldBytes);
    if (this.#state !== 'connecting' && this.#state !== 'sent') return;
    if (this.#upload?.waitsForClient) this.#disarm();
    else this.#arm();
  }

  /** Restarts the time limit for what is awaited next: the headers, or the next chunk. */
  #arm(): void {
    const { clock, silence } = this.#settings;
    const streaming = this.#state === 'streaming' ? this.#answer : undefined;
    this.#dueMs = clock.monotonicMs() + silenceLimitMs(silence, this.#outgoing, streaming);
  }

  #disarm(): void {
    this.#dueMs = Number.POSITIVE_INFINITY;
  }

  onTick(nowMs: number): void {
    // A body that streams, in either direction, is only limited in its pauses.
    const bounded = this.#state !== 'streaming' && !this.#upload;
    const deadlineMs = bounded ? this.#outgoing.deadlineMs : Number.POSITIVE_INFINITY;
    if (nowMs < Math.min(this.#dueMs, deadlineMs)) return;
    // A tick may be late, so what counts is which limit passed first: only the attempt's own blames the upstream.
    this.#stop(deadlineMs < this.#dueMs ? { kind: 'out-of-time' } : { kind: 'timed-out' });
  }
}
