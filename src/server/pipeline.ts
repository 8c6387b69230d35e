/** The pipelined requests of one connection: those that arrived before the answers to earlier ones were out. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

type Response = ServerResponse<IncomingMessage>;

/** Requests of one connection that are served at once, where its listener does not say: each could keep an answer in memory. */
const MAX_PIPELINED = 16;

/** The parser delivers all requests that fit into one read; while some of them wait to start, nothing more is read. */
export class Pipeline {
  readonly #socket: Socket;
  readonly #maxServed: number;
  /** In the order of their answers, like `#waiting`. */
  readonly #started: Response[] = [];
  readonly #waiting: Response[] = [];
  /** Something else reads the connection now. */
  #isHandedOver = false;
  /** Called once, when the connection is read again. */
  onResume: (() => void) | undefined;

  /** `maxServed`: how many requests are served at once; 16 where it is not said. */
  constructor(socket: Socket, maxServed = MAX_PIPELINED) {
    this.#socket = socket;
    this.#maxServed = maxServed;
    // Node resumes reading after each answer.
    socket.on('resume', () => {
      if (this.isPaused) socket.pause();
    });
    socket.once('close', () => this.#onClose());
  }

  /** The connection is not read. */
  get isPaused(): boolean {
    return this.#waiting.length > 0 && !this.#isHandedOver;
  }

  /** Adds a request behind `open - 1` others that are not over. Returns whether it starts at once. */
  add(response: Response, open: number): boolean {
    if (open <= this.#maxServed) {
      this.#started.push(response);
      return true;
    }
    this.#waiting.push(response);
    if (this.#waiting.length === 1) this.#socket.pause();
    return false;
  }

  /** Removes a response that is over. Returns the one that starts in its place, if any. */
  next(over: Response): Response | undefined {
    if (this.#started[0] === over) this.#started.shift();
    const next = this.#socket.destroyed ? undefined : this.#waiting.shift();
    if (!next) return undefined;
    this.#started.push(next);
    if (this.#waiting.length === 0 && !this.#isHandedOver) this.#resume();
    return next;
  }

  /** No further request will arrive here; something else reads the connection from now on. */
  handOver(): void {
    const wasPaused = this.isPaused;
    this.#isHandedOver = true;
    // The parser has stopped the reading and is gone, so that it can't start it again. Nor would anything else: the
    // socket believes that it is reading.
    if (wasPaused) this.#socket._read(0);
  }

  #resume(): void {
    this.#socket.resume();
    this.onResume?.();
    this.onResume = undefined;
  }

  /** Node emits 'close' only on the response whose turn it is. */
  #onClose(): void {
    const responses = [...this.#started.splice(0), ...this.#waiting.splice(0)];
    for (const response of responses) if (!response.socket) response.emit('close');
  }
}
