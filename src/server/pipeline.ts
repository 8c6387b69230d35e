import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

type Response = ServerResponse<IncomingMessage>;

/** Pipelined requests of one connection that are worked on at once: each could keep an answer in memory. */
const MAX_PIPELINED = 16;

/**
 * The requests of one connection that came before the answers to earlier ones were out. The parser hands over all
 * that fit into one read; while some of them wait to be begun, nothing more is read.
 */
export class Pipeline {
  readonly #socket: Socket;
  /** In the order of their answers, as are those that wait. */
  readonly #begun: Response[] = [];
  readonly #waiting: Response[] = [];
  /** Another one reads the connection. */
  #isLetGo = false;
  /** Called once, when the connection is read again. */
  whenRead: (() => void) | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    // Node reads on after each answer.
    socket.on('resume', () => {
      if (this.isHeld) socket.pause();
    });
    socket.once('close', () => this.#onClose());
  }

  /** The connection is not read. */
  get isHeld(): boolean {
    return this.#waiting.length > 0 && !this.#isLetGo;
  }

  /** Takes a request behind `open - 1` others that are not over. Whether it begins at once. */
  add(response: Response, open: number): boolean {
    if (open <= MAX_PIPELINED) {
      this.#begun.push(response);
      return true;
    }
    this.#waiting.push(response);
    if (this.#waiting.length === 1) this.#socket.pause();
    return false;
  }

  /** A response is over. The one that begins in its place, if any. */
  next(over: Response): Response | undefined {
    if (this.#begun[0] === over) this.#begun.shift();
    const next = this.#socket.destroyed ? undefined : this.#waiting.shift();
    if (!next) return undefined;
    this.#begun.push(next);
    if (this.#waiting.length === 0 && !this.#isLetGo) this.#read();
    return next;
  }

  /** No further request comes, and whether the connection is read is another one's business. */
  letGo(): void {
    const wasHeld = this.isHeld;
    this.#isLetGo = true;
    // Its parser has stopped the reading, and with the parser went what would begin it again. The socket believes
    // that it reads, so that nothing else would either.
    if (wasHeld) this.#socket._read(0);
  }

  #read(): void {
    this.#socket.resume();
    this.whenRead?.();
    this.whenRead = undefined;
  }

  /** Node tells only the response whose turn it is. */
  #onClose(): void {
    const told = [...this.#begun.splice(0), ...this.#waiting.splice(0)];
    for (const response of told) if (!response.socket) response.emit('close');
  }
}
