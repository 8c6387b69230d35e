import { constants, openSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';

/** Lines are dropped beyond this when nobody reads them: a stuck reader must not fill the memory. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;
/** How soon a reader that is behind, or a disk that is full, is tried again: twice as late each time in vain. */
const FIRST_RETRY_MS = 1;
const LAST_RETRY_MS = 64;
/** How long the end of the process may wait for a reader that is behind. */
const LAST_LINES_MS = 500;
/** What passes by itself. Anything else means that nobody is there. */
const PASSING: ReadonlySet<string> = new Set(['EAGAIN', 'EBUSY', 'EINTR', 'ENOSPC', 'EDQUOT']);

/** Standard output as a descriptor on which a write never waits, unless it is a file. */
export function standardOutput(): number {
  if (!isatty(1)) {
    // Its getter makes a pipe or a socket one that is not waited for.
    void process.stdout;
    return 1;
  }
  try {
    // A terminal that was halted (Ctrl+S) would halt the process. Admitted anew, it does so for nobody else.
    return openSync('/proc/self/fd/1', constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return 1;
  }
}

/**
 * Writes to a descriptor without ever waiting: what the reader has no room for waits here, up to a bound, and
 * beyond it whole lines are dropped and counted. A reader that is gone costs lines, never the process.
 */
export class LogOutput {
  readonly #fd: number;
  /** Told how many lines were lost, as soon as others can be written again. */
  readonly #onGap: (lines: number) => void;
  readonly #maxBytes: number;
  #waiting: Buffer[] = [];
  #size = 0;
  #timer: NodeJS.Timeout | undefined;
  #retryMs = FIRST_RETRY_MS;
  #dropped = 0;
  #untold = 0;

  constructor(fd: number, onGap: (lines: number) => void, maxBytes = MAX_WAITING_BYTES) {
    this.#fd = fd;
    this.#maxBytes = maxBytes;
    this.#onGap = onGap;
  }

  /** Lines that were lost since the start. */
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
    this.#waiting.push(bytes);
    this.#size += bytes.length;
    if (!this.#timer) this.#pass();
  }

  /** Writes what waits, before the process ends. Waits for the reader, but not for long. */
  flush(): void {
    const pause = new Int32Array(new SharedArrayBuffer(4));
    this.#pass();
    for (let leftMs = LAST_LINES_MS; leftMs > 0 && this.#waiting.length > 0; ) {
      const ms = Math.min(this.#retryMs, leftMs);
      leftMs -= ms;
      Atomics.wait(pause, 0, 0, ms);
      this.#pass();
    }
  }

  #pass(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting.length === 0) return;
    try {
      for (let first = this.#waiting[0]; first; first = this.#waiting[0])
        this.#wrote(writeSync(this.#fd, first));
    } catch (error) {
      this.#onFailure(error);
      return;
    }
    if (this.#untold === 0) return;
    const lines = this.#untold;
    this.#untold = 0;
    this.#onGap(lines);
  }

  #wrote(bytes: number): void {
    this.#retryMs = FIRST_RETRY_MS;
    this.#size -= bytes;
    const rest = this.#waiting[0]?.subarray(bytes);
    if (rest && rest.length > 0) this.#waiting[0] = rest;
    else this.#waiting.shift();
  }

  #onFailure(error: unknown): void {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (PASSING.has(code)) {
      this.#timer = setTimeout(() => this.#pass(), this.#retryMs).unref();
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
    this.#untold += lines;
  }
}
