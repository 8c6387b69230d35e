import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { Clock } from '../clock.ts';
import type { Body } from './exchange.ts';

export interface UploadLimits {
  readonly maxBodyBytes: number;
  /** How long the client may be silent in its body. */
  readonly clientBodyTimeoutMs: number;
}

/**
 * A body that is too large to keep, on its way to one upstream. The client's request is read only as fast
 * as the upstream takes it, and is left alone when the attempt fails: the client may still get an answer.
 */
export class Upload extends Readable {
  readonly #source: IncomingMessage;
  readonly #body: Extract<Body, { kind: 'piped' }>;
  readonly #limits: UploadLimits;
  readonly #clock: Clock;
  readonly #onProgress: () => void;
  #prefixSent = false;
  #size = 0;
  #stopTimer: () => void = () => {};
  /** What the client did wrong, when the upload failed on its side. */
  problem: 'BODY_TOO_LARGE' | 'CLIENT_TOO_SLOW' | undefined;

  constructor(
    source: IncomingMessage,
    body: Extract<Body, { kind: 'piped' }>,
    limits: UploadLimits,
    { clock, onProgress }: { clock: Clock; onProgress: () => void },
  ) {
    super();
    this.#source = source;
    this.#body = body;
    this.#limits = limits;
    this.#clock = clock;
    this.#onProgress = onProgress;
  }

  override _read(): void {
    if (!this.#prefixSent) {
      this.#prefixSent = true;
      this.#size = this.#body.prefix.length;
      if (this.#size > 0) {
        this.push(this.#body.prefix);
        return;
      }
    }
    if (!this.#body.taken) {
      this.#body.taken = true;
      this.#source.on('data', this.#take).once('end', this.#finish).once('close', this.#finish);
    }
    this.#wait();
    this.#source.resume();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#stopTimer();
    this.#source.off('data', this.#take).off('end', this.#finish).off('close', this.#finish);
    this.#source.pause();
    callback(error);
  }

  readonly #take = (chunk: Buffer): void => {
    this.#stopTimer();
    this.#size += chunk.length;
    if (this.#size > this.#limits.maxBodyBytes) {
      this.#fail('BODY_TOO_LARGE');
      return;
    }
    this.#onProgress();
    if (this.push(chunk)) this.#wait();
    else this.#source.pause();
  };

  readonly #finish = (): void => {
    this.#stopTimer();
    if (this.#source.complete) this.push(null);
    // A client that leaves in mid-upload: the upstream must see an aborted request, not a short one.
    else this.destroy(new Error('the client left during its upload'));
  };

  #wait(): void {
    this.#stopTimer();
    this.#stopTimer = this.#clock.after(this.#limits.clientBodyTimeoutMs, () =>
      this.#fail('CLIENT_TOO_SLOW'),
    );
  }

  #fail(problem: 'BODY_TOO_LARGE' | 'CLIENT_TOO_SLOW'): void {
    this.problem = problem;
    this.destroy(new Error(problem));
  }
}
