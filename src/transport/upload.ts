import { Readable } from 'node:stream';
import type { Clock } from '../clock.ts';
import { BodyChunks } from '../http/body-chunks.ts';
import type { PipedBody, UploadSource } from './outgoing.ts';

export interface UploadLimits {
  readonly maxBodyBytes: number;
  /** How long the client may be silent in its body. */
  readonly clientBodyTimeoutMs: number;
}

/** Pieces of this size go on by themselves. */
const SMALL_BYTES = 4 * 1024;
/** Smaller ones together, up to this size. */
const MAX_COLLECTED = 64 * 1024;
const NOTHING = Buffer.alloc(0);
/** More than this stream and a socket buffer together. */
const FOLLOWS_BYTES = 256 * 1024;

/**
 * A body that is too large to keep, on its way to one upstream. The client's request is read only as fast
 * as the upstream takes it, and is left alone when the attempt fails: the client may still get an answer.
 */
export class Upload extends Readable {
  readonly #source: UploadSource;
  readonly #body: PipedBody;
  readonly #limits: UploadLimits;
  readonly #clock: Clock;
  readonly #onTurn: () => void;
  #prefixBytes = 0;
  #prefixSent = false;
  /** Came from the client and is not handed on. */
  #collected = new BodyChunks();
  #size = 0;
  #stopTimer: () => void = () => {};
  /** The next move is the client's, not the upstream's. */
  waitsForClient = false;
  /** What the client did wrong, when the upload failed on its side. */
  problem: 'BODY_TOO_LARGE' | 'CLIENT_TOO_SLOW' | undefined;

  /** `onTurn` is told when the next move passes to the other side, and of each one made. */
  constructor(
    body: PipedBody,
    limits: UploadLimits,
    { clock, onTurn }: { clock: Clock; onTurn: () => void },
  ) {
    super();
    this.#source = body.source;
    this.#body = body;
    this.#limits = limits;
    this.#clock = clock;
    this.#onTurn = onTurn;
  }

  /** What was read before the upload began has left: so much more has followed that it can't wait here any more. */
  get prefixIsOut(): boolean {
    return this.#size > this.#prefixBytes + FOLLOWS_BYTES;
  }

  /** What it is to be counted with from now on; undefined while that does not change. */
  get heldBytes(): number | undefined {
    return this.prefixIsOut ? this.#body.heldBytes : undefined;
  }

  override _read(): void {
    if (!this.#prefixSent) {
      this.#prefixSent = true;
      this.#size = this.#body.prefix.length;
      this.#prefixBytes = this.#size;
      if (this.#size > 0) {
        this.push(this.#body.prefix);
        return;
      }
    }
    if (!this.#body.taken) {
      this.#body.taken = true;
      this.#source.on('data', this.#take).once('end', this.#finish).once('close', this.#finish);
    }
    this.#expectClient();
    this.#source.resume();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#stopTimer();
    this.#source.off('data', this.#take).off('end', this.#finish).off('close', this.#finish);
    this.#source.pause();
    callback(error);
  }

  /** Small pieces wait for those that were read from the client along with them: each would cost a write. */
  readonly #take = (chunk: Buffer): void => {
    this.#size += chunk.length;
    if (this.#size > this.#limits.maxBodyBytes) {
      this.#source.pause();
      this.#fail('BODY_TOO_LARGE');
      return;
    }
    this.#collected.add(chunk);
    if (chunk.length >= SMALL_BYTES || this.#collected.size >= MAX_COLLECTED) this.#handOn();
    else if (this.#collected.size === chunk.length) setImmediate(this.#handOn);
  };

  readonly #handOn = (): void => {
    if (this.#collected.size === 0 || this.destroyed) return;
    const bytes = this.#collected.take();
    this.#collected = new BodyChunks();
    this.#source.pause();
    if (this.prefixIsOut) this.#body.prefix = NOTHING;
    this.#expectUpstream();
    if (!this.push(bytes)) return;
    this.#expectClient();
    this.#source.resume();
  };

  readonly #finish = (): void => {
    this.#handOn();
    this.#expectUpstream();
    if (this.#source.complete) this.push(null);
    // A client that leaves in mid-upload: the upstream must see an aborted request, not a short one.
    else this.destroy(new Error('the client left during its upload'));
  };

  #expectClient(): void {
    // All of it is here, and only has to be handed on.
    if (this.#source.complete) return;
    this.#stopTimer();
    this.#stopTimer = this.#clock.after(this.#limits.clientBodyTimeoutMs, () =>
      this.#fail('CLIENT_TOO_SLOW'),
    );
    this.waitsForClient = true;
    this.#onTurn();
  }

  #expectUpstream(): void {
    this.#stopTimer();
    this.waitsForClient = false;
    this.#onTurn();
  }

  #fail(problem: 'BODY_TOO_LARGE' | 'CLIENT_TOO_SLOW'): void {
    this.problem = problem;
    this.destroy(new Error(problem));
  }
}
