/** Sends a body that is too large to keep from the client to one upstream. */

import { Readable } from 'node:stream';
import type { Clock } from '../clock.ts';
import { BodyChunks } from '../http/body-chunks.ts';
import type { PipedBody, UploadSource } from './outgoing.ts';

export interface UploadLimits {
  readonly maxBodyBytes: number;
  /** How long the client may be silent in its body. */
  readonly clientBodyTimeoutMs: number;
}

/** Pieces of at least this size are passed on by themselves. */
const MIN_PIECE_BYTES = 4 * 1024;
/** Smaller pieces are passed on together, up to this size. */
const MAX_COLLECTED = 64 * 1024;
const NOTHING = Buffer.alloc(0);
/** More than this stream and a socket can buffer together. */
const MAX_BUFFERED_BYTES = 256 * 1024;

/**
 * Reads the client's request only as fast as the upstream takes it. The request is left alone when the attempt fails:
 * the client may still get an answer.
 */
export class Upload extends Readable {
  readonly #source: UploadSource;
  readonly #body: PipedBody;
  readonly #limits: UploadLimits;
  readonly #clock: Clock;
  readonly #onProgress: () => void;
  #prefixBytes = 0;
  #hasPushedPrefix = false;
  /** What came from the client and is not passed on yet. */
  #collected = new BodyChunks();
  #size = 0;
  #stopTimer: () => void = () => {};
  /** The upload waits for the client, not for the upstream. */
  waitsForClient = false;
  /** What the client did wrong, if the upload failed on its side. */
  problem: 'BODY_TOO_LARGE' | 'CLIENT_TOO_SLOW' | undefined;

  /** `onProgress` is called after each piece, and when the upload begins to wait for the other side. */
  constructor(
    body: PipedBody,
    limits: UploadLimits,
    { clock, onProgress }: { clock: Clock; onProgress: () => void },
  ) {
    super();
    this.#source = body.source;
    this.#body = body;
    this.#limits = limits;
    this.#clock = clock;
    this.#onProgress = onProgress;
  }

  /** The prefix has left this process: so much was read after it that it can't be buffered here any more. */
  get isPrefixSent(): boolean {
    return this.#size > this.#prefixBytes + MAX_BUFFERED_BYTES;
  }

  /** How many bytes are counted as held from now on; undefined while that does not change. */
  get heldBytes(): number | undefined {
    return this.isPrefixSent ? this.#body.heldBytes : undefined;
  }

  override _read(): void {
    if (!this.#hasPushedPrefix) {
      this.#hasPushedPrefix = true;
      this.#size = this.#body.prefix.length;
      this.#prefixBytes = this.#size;
      if (this.#size > 0) {
        this.push(this.#body.prefix);
        return;
      }
    }
    if (!this.#body.taken) {
      this.#body.taken = true;
      this.#source.on('data', this.#onData).once('end', this.#onSourceEnd).once('close', this.#onSourceEnd);
    }
    this.#expectClient();
    this.#source.resume();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#stopTimer();
    this.#source.off('data', this.#onData).off('end', this.#onSourceEnd).off('close', this.#onSourceEnd);
    this.#source.pause();
    callback(error);
  }

  /** Small pieces wait for others that were read from the client in the same turn: each would cost a write. */
  readonly #onData = (chunk: Buffer): void => {
    this.#size += chunk.length;
    if (this.#size > this.#limits.maxBodyBytes) {
      this.#source.pause();
      this.#fail('BODY_TOO_LARGE');
      return;
    }
    this.#collected.add(chunk);
    if (chunk.length >= MIN_PIECE_BYTES || this.#collected.size >= MAX_COLLECTED) this.#passOn();
    else if (this.#collected.size === chunk.length) setImmediate(this.#passOn);
  };

  readonly #passOn = (): void => {
    if (this.#collected.size === 0 || this.destroyed) return;
    const bytes = this.#collected.take();
    this.#collected = new BodyChunks();
    this.#source.pause();
    if (this.isPrefixSent) this.#body.prefix = NOTHING;
    this.#expectUpstream();
    if (!this.push(bytes)) return;
    this.#expectClient();
    this.#source.resume();
  };

  readonly #onSourceEnd = (): void => {
    this.#passOn();
    this.#expectUpstream();
    if (this.#source.complete) this.push(null);
    // The client left in the middle of its upload: the upstream must see an aborted request, not a short one.
    else this.destroy(new Error('the client left during its upload'));
  };

  #expectClient(): void {
    // The whole body has arrived, and only has to be passed on.
    if (this.#source.complete) return;
    this.#stopTimer();
    this.#stopTimer = this.#clock.after(this.#limits.clientBodyTimeoutMs, () =>
      this.#fail('CLIENT_TOO_SLOW'),
    );
    this.waitsForClient = true;
    this.#onProgress();
  }

  #expectUpstream(): void {
    this.#stopTimer();
    this.waitsForClient = false;
    this.#onProgress();
  }

  #fail(problem: 'BODY_TOO_LARGE' | 'CLIENT_TOO_SLOW'): void {
    this.problem = problem;
    this.destroy(new Error(problem));
  }
}
