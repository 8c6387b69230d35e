/** One request on its way to one upstream, as undici's handler: all that can happen to it becomes one outcome. */
import type { Duplex } from 'node:stream';
import type { Dispatcher } from 'undici';
import { readResponseHeaders, saneReasonPhrase } from '../http/response-headers.ts';
import { AnswerBuffer } from './answer-buffer.ts';
import type { Connection, ConnectionPool } from './connections.ts';
import type { HasDeadline } from './deadlines.ts';
import { isAbout304, readFailure, readUploadFailure } from './failure.ts';
import { giveBack } from './give-back.ts';
import { readReply } from './handshake.ts';
import type { AttemptOutcome, ResponseStream, Sink, TransmissionListener } from './outcome.ts';
import { dispatchOptions, type Outgoing } from './outgoing.ts';
import type { TransportSettings } from './settings.ts';
import { silenceLimitMs } from './silence.ts';
import { Upload } from './upload.ts';

// connecting -> sent -> peeking -> over            the body was read whole
//                       peeking -> flowing -> over  it was too large for that, or a stream
// Each state may also end in `over` by a failure, a time-out, or because it is cancelled.
type State = 'connecting' | 'sent' | 'peeking' | 'flowing' | 'over';

export class Transmission implements Dispatcher.DispatchHandler, ResponseStream, HasDeadline {
  readonly #outgoing: Outgoing;
  readonly #settings: TransportSettings;
  readonly #listener: TransmissionListener;
  readonly #pool: ConnectionPool;
  #state: State = 'connecting';
  #connection: Connection | undefined;
  #kept = false;
  #heard = false;
  #abort: ((error?: Error) => void) | undefined;
  #upload: Upload | undefined;
  deadlineIndex = -1;
  /** When the next byte is overdue. */
  #dueMs = 0;
  #answer: AnswerBuffer | undefined;
  #sink: Sink | undefined;
  #resume: (() => void) | undefined;
  #paused = false;
  /** It broke off before it had a sink: told when it gets one, or is cancelled. */
  #isCutUntaken = false;
  /** The same on a fresh connection. */
  #again: Transmission | undefined;

  constructor(outgoing: Outgoing, settings: TransportSettings, listener: TransmissionListener) {
    this.#outgoing = outgoing;
    this.#settings = settings;
    this.#listener = listener;
    this.#pool = settings.connections.of(outgoing.upstream);
  }

  /**
   * Sends on a kept connection, if there is one and none that is `fresh` is asked for. One that turns out to be
   * closed is replaced once, where the request may be repeated; that counts as the same attempt.
   */
  start(fresh = false): void {
    this.#connection = this.#pool.acquire(fresh, this.#outgoing.clientSocket);
    this.#outgoing.upstream.inFlight += 1;
    this.#kept = this.#connection.socket !== undefined;
    this.#arm();
    this.#settings.deadlines.add(this);
    try {
      this.#connection.client.dispatch(this.#request(), this);
    } catch {
      // undici refuses what it can't write, a path with a control character for one.
      this.#stop({ kind: 'broken', reason: 'bad-http', stale: false });
    }
  }

  #request(): Dispatcher.DispatchOptions {
    const { body } = this.#outgoing;
    if (body.kind === 'kept') return dispatchOptions(this.#outgoing, body.bytes);
    const { clock, upload } = this.#settings;
    this.#upload = new Upload(body, upload, { clock, onTurn: () => this.#onTurn() });
    // The attempt tells of the failure; without a listener it would end the process.
    this.#upload.on('error', () => {});
    return dispatchOptions(this.#outgoing, this.#upload);
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
    if (status >= 100 && status < 200 && this.#listener.onInterim(status, raw)) return true;
    const headers =
      status < 200 ? undefined : readResponseHeaders(raw, this.#settings.identity, this.#outgoing);
    if (!headers) return this.#stop({ kind: 'broken', reason: 'bad-http', stale: false });
    this.#answer = new AnswerBuffer(status, saneReasonPhrase(reasonPhrase, this.#outgoing.upstream), headers);
    this.#resume = resume;
    this.#state = 'peeking';
    this.#arm();
    return this.#answer.isPeeked(this.#outgoing) || this.#flow(this.#answer);
  }

  onUpgrade(_status: number, raw: Buffer[] | string[] | null, socket: Duplex): void {
    // The socket is no longer the HTTP client's to end.
    this.#abort = undefined;
    this.#connection?.heldEnd?.letGo();
    this.#stop(readReply(this.#outgoing, { raw: raw ?? [], socket }, this.#settings.identity));
  }

  onData(chunk: Buffer): boolean {
    if (this.#state === 'over' || !this.#answer) return true;
    if (this.#sink) {
      this.#arm();
      return this.#sink.write(chunk) || this.#pause();
    }
    const { peekBytes, whole, account } = this.#outgoing;
    const fits = this.#answer.hold(chunk, this.#outgoing);
    if (this.#state === 'flowing') return this.#pause();
    this.#arm();
    if (fits && this.#answer.size <= peekBytes) return true;
    if (fits || !(whole || account.isGreedy)) return this.#flow(this.#answer);
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
    if (this.#connection) giveBack(this.#connection, this.#pool, this.#outgoing, this.#answer);
    if (peeked) this.#listener.onEnd(this.#answer.answered(undefined));
    else {
      this.#listener.onStreamEnd('complete');
      this.#sink?.end();
    }
  }

  onError(error: Error): void {
    const failure = readFailure(error, {
      sent: this.#state !== 'connecting',
      heard: this.#heard,
      headersDone: this.#state === 'peeking' || this.#state === 'flowing',
      kept: this.#kept,
    });
    const isUnsent = this.#connection?.failedWrite?.happened ?? false;
    const answer = this.#answer;
    if (answer && isAbout304(error, answer.status)) this.#stop(answer.answered(undefined));
    else this.#stop(this.#upload ? readUploadFailure(failure, this.#upload, isUnsent) : failure);
  }

  flowInto(sink: Sink): void {
    this.#sink = sink;
    if (this.#state === 'over') {
      if (this.#isCutUntaken) this.#listener.onStreamEnd('cut');
      sink.fail('cut');
    } else this.resume();
  }

  resume(): void {
    if (!this.#paused || this.#state === 'over') return;
    this.#paused = false;
    this.#arm();
    this.#connection?.heldEnd?.resume(() => this.#resume?.());
  }

  /** Ends the attempt, whatever state it is in; the connection is closed, for the upstream may still answer. */
  cancel(why: 'client-left' | 'superseded' = 'client-left'): void {
    if (this.#isCutUntaken && !this.#sink) this.#listener.onStreamEnd('cancelled');
    this.#isCutUntaken = false;
    if (this.#again) this.#again.cancel(why);
    else this.#stop({ kind: why });
  }

  #flow(answer: AnswerBuffer): false {
    this.#state = 'flowing';
    this.#listener.onEnd(answer.answered(this));
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
    if (flowing) this.#cutStream(outcome);
    // The connection was closed as we wrote to it: the race of two idle timers, nobody's fault.
    else if (outcome.kind === 'broken' && outcome.stale && this.#outgoing.mayRepeat) {
      this.#again = new Transmission(this.#outgoing, this.#settings, this.#listener);
      this.#again.start(true);
    } else this.#listener.onEnd(outcome);
    return true;
  }

  #cutStream({ kind }: AttemptOutcome): void {
    const reason = kind === 'timed-out' ? 'timeout' : 'cut';
    const isCancelled = kind === 'client-left' || kind === 'superseded';
    this.#isCutUntaken = !this.#sink && !isCancelled;
    if (!this.#isCutUntaken) this.#listener.onStreamEnd(isCancelled ? 'cancelled' : reason);
    this.#sink?.fail(reason);
  }

  #leave(): void {
    this.#state = 'over';
    this.#outgoing.upstream.inFlight -= 1;
    this.#settings.deadlines.remove(this);
    // At once, not when undici comes to it: how the answer is delivered depends on what the client still sends.
    this.#upload?.destroy();
  }

  /** While an upload waits for the client, the upstream has no time to keep. */
  #onTurn(): void {
    this.#outgoing.account.holdOnly(this.#upload?.heldBytes);
    if (this.#state !== 'connecting' && this.#state !== 'sent') return;
    if (this.#upload?.waitsForClient) this.#disarm();
    else this.#arm();
  }

  /** Starts the clock anew for the next thing to wait for: the headers, or the next chunk. */
  #arm(): void {
    const { clock, silence } = this.#settings;
    const flowing = this.#state === 'flowing' ? this.#answer : undefined;
    this.#dueMs = clock.monotonicMs() + silenceLimitMs(silence, this.#outgoing, flowing);
  }

  #disarm(): void {
    this.#dueMs = Number.POSITIVE_INFINITY;
  }

  onTick(nowMs: number): void {
    // A body that streams, either way, has only its pauses to keep short.
    const bounded = this.#state !== 'flowing' && !this.#upload;
    const deadlineMs = bounded ? this.#outgoing.deadlineMs : Number.POSITIVE_INFINITY;
    if (nowMs < Math.min(this.#dueMs, deadlineMs)) return;
    // Whichever came first, for a tick may be late: only the attempt's own limit speaks against the upstream.
    this.#stop(deadlineMs < this.#dueMs ? { kind: 'out-of-time' } : { kind: 'timed-out' });
  }
}
