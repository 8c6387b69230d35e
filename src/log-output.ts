/** Writes the log's lines to standard output without ever waiting for a reader. */

import { constants, openSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';

/** More than this is dropped when it is not read: a stalled reader must not fill the memory. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;
/** How soon a slow reader or a full disk is tried again: the delay doubles with each failure. */
const FIRST_RETRY_MS = 1;
const LAST_RETRY_MS = 64;
/** How long the end of the process may wait for a slow reader. */
const FINAL_FLUSH_MS = 500;
/** Up to this many bytes the kernel writes to a pipe as a whole (PIPE_BUF of Linux). */
const WHOLE_WRITE_BYTES = 4096;
/** Errors that pass by themselves. Any other one means that there is no reader. */
const TRANSIENT_ERRORS: ReadonlySet<string> = new Set(['EAGAIN', 'EBUSY', 'EINTR', 'ENOSPC', 'EDQUOT']);

/** Returns a descriptor of standard output on which a write never waits, unless it is a file. */
export function standardOutput(): number {
  if (!isatty(1)) {
    // The getter makes a pipe or a socket non-blocking.
    void process.stdout;
    return 1;
  }
  try {
    // A halted terminal (Ctrl+S) would halt the process. Opened again, it is non-blocking for this process only.
    return openSync('/proc/self/fd/1', constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return 1;
  }
}

/**
 * What the reader has no room for waits here up to a bound; above it whole lines are dropped and counted. A reader that
 * is gone costs lines, never the process.
 */
export class LogOutput {
  readonly #fd: number;
  /** Called with the number of lost lines, as soon as others can be written again. */
  readonly #onGap: (lines: number) => void;
  readonly #maxBytes: number;
  readonly #isShared: boolean;
  #waiting: Buffer[] = [];
  #size = 0;
  #timer: NodeJS.Timeout | undefined;
  #retryMs = FIRST_RETRY_MS;
  #dropped = 0;
  #unreported = 0;

  /** `isShared`: other processes write to the same pipe, and no line of theirs may end up within one of ours. */
  constructor(
    fd: number,
    onGap: (lines: number) => void,
    { maxBytes = MAX_WAITING_BYTES, isShared = false } = {},
  ) {
    this.#fd = fd;
    this.#maxBytes = maxBytes;
    this.#isShared = isShared;
    this.#onGap = onGap;
  }

  /** Lines lost since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Takes whole lines. */
  write(lines: string): void {
    const bytes = Buffer.from(lines);
    if (this.#size + bytes.length > this.#maxBytes) {
      this.#drop(bytes);
      return;
    }
    if (this.#isShared) this.#waiting.push(...wholePieces(bytes));
    else this.#waiting.push(bytes);
    this.#size += bytes.length;
    if (!this.#timer) this.#writeWaiting();
  }

  /** Writes the waiting lines before the process ends. Waits for the reader for `FINAL_FLUSH_MS` at most. */
  flush(): void {
    const pause = new Int32Array(new SharedArrayBuffer(4));
    this.#writeWaiting();
    for (let leftMs = FINAL_FLUSH_MS; leftMs > 0 && this.#waiting.length > 0; ) {
      const ms = Math.min(this.#retryMs, leftMs);
      leftMs -= ms;
      Atomics.wait(pause, 0, 0, ms);
      this.#writeWaiting();
    }
  }

  #writeWaiting(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting.length === 0) return;
    try {
      for (let first = this.#waiting[0]; first; first = this.#waiting[0])
        this.#onWritten(writeSync(this.#fd, first));
    } catch (error) {
      this.#onFailure(error);
      return;
    }
    if (this.#unreported === 0) return;
    const lines = this.#unreported;
    this.#unreported = 0;
    this.#onGap(lines);
  }

  #onWritten(bytes: number): void {
    this.#retryMs = FIRST_RETRY_MS;
    this.#size -= bytes;
    const rest = this.#waiting[0]?.subarray(bytes);
    if (rest && rest.length > 0) this.#waiting[0] = rest;
    else this.#waiting.shift();
  }

  #onFailure(error: unknown): void {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (TRANSIENT_ERRORS.has(code)) {
      this.#timer = setTimeout(() => this.#writeWaiting(), this.#retryMs).unref();
      this.#retryMs = Math.min(2 * this.#retryMs, LAST_RETRY_MS);
      return;
    }
    for (const bytes of this.#waiting) this.#drop(bytes);
    this.#waiting = [];
    this.#size = 0;
  }

  #drop(bytes: Buffer): void {
    let lines = 0;
    for (let at = bytes.indexOf('\n'); at >= 0; at = bytes.indexOf('\n', at + 1)) lines += 1;
    this.#dropped += lines;
    this.#unreported += lines;
  }
}

/** Whole lines in pieces that the kernel does not divide, but for a longer line. */
export function wholePieces(bytes: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  for (let start = 0; start < bytes.length; ) {
    const last = bytes.lastIndexOf('\n', start + WHOLE_WRITE_BYTES - 1);
    const end = last >= start ? last + 1 : bytes.indexOf('\n', start) + 1 || bytes.length;
    pieces.push(bytes.subarray(start, end));
    start = end;
  }
  return pieces;
}
