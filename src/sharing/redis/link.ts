/** One connection to Redis that is opened again and again, and never waited for. */

import type { Clock } from '../../clock.ts';
import type { Random } from '../../random.ts';
import {
  type Answer,
  type Command,
  type Connection,
  type OpenConnection,
  RedisProblem,
} from './connection.ts';

/** How long Redis may take for an answer. */
const ANSWER_MS = 50;
/** An answer that has come while this process was busy is still read: timers that are due go before it. */
const READING_MS = 5;
/** How long a connection may take to be ready, its login included. */
const OPEN_MS = 3_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;

export interface LinkOptions {
  readonly open: OpenConnection;
  readonly clock: Clock;
  readonly random: Random;
  readonly channel: string;
  /** A connection is ready, and messages come. */
  readonly onReady: () => void;
  readonly onMessage: (message: string) => void;
  /** There is no connection, or it was lost. Told for each attempt. */
  readonly onProblem: (problem: RedisProblem) => void;
}

/**
 *     opening --ready-->              ready
 *     opening --fails, takes long-->  pausing
 *     ready   --lost, given up-->     pausing
 *     pausing --250 ms to 5 s-->      opening
 */
export class Link {
  readonly #options: LinkOptions;
  #connection: Connection | undefined;
  /** Ends the connection, or the attempt to open one. */
  #current = new AbortController();
  #failures = 0;
  #endPause: () => void = () => {};
  #isClosed = false;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  get isReady(): boolean {
    return this.#connection !== undefined;
  }

  /** Never rejects. */
  async open(): Promise<void> {
    const { open, clock, channel, onReady, onMessage } = this.#options;
    const current = new AbortController();
    this.#current = current;
    const stopTimer = clock.after(OPEN_MS, () => this.#lose(current, new RedisProblem(NO_ANSWER)));
    try {
      const connection = await open((problem) => this.#lose(current, problem), current.signal);
      await connection.subscribe(channel, onMessage);
      stopTimer();
      if (current.signal.aborted) return connection.destroy();
      this.#connection = connection;
    } catch (error) {
      stopTimer();
      const problem = error instanceof RedisProblem ? error : new RedisProblem('it can’t be used');
      this.#lose(current, problem);
      return;
    }
    onReady();
  }

  /**
   * Sends commands in one go. Resolves to their answers; rejects with a RedisProblem without a connection, when it is
   * lost, or after `limitMs`.
   */
  ask(commands: readonly Command[], limitMs = ANSWER_MS): Promise<readonly Answer[]> {
    const connection = this.#connection;
    return connection
      ? this.#inTime(connection.ask(commands), limitMs)
      : Promise.reject(new RedisProblem(NONE));
  }

  /** Whether messages would come, too; as `ask`. */
  ping(): Promise<void> {
    const connection = this.#connection;
    return connection ? this.#inTime(connection.ping(), ANSWER_MS) : Promise.reject(new RedisProblem(NONE));
  }

  /** It works: the next pause is a short one. */
  works(): void {
    this.#failures = 0;
  }

  /** The connection is of no use: another one is opened after a pause. */
  giveUp(problem: RedisProblem): void {
    this.#lose(this.#current, problem);
  }

  close(): void {
    this.#isClosed = true;
    this.#endPause();
    this.#drop();
  }

  #lose(current: AbortController, problem: RedisProblem): void {
    if (current.signal.aborted || this.#isClosed) return;
    this.#drop();
    const pauseMs = this.#nextPauseMs();
    this.#endPause = this.#options.clock.after(pauseMs, () => void this.open());
    this.#options.onProblem(problem);
  }

  #drop(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#current.abort();
    connection?.destroy();
  }

  /** Each up to half shorter by chance: replicas have lost it at the same moment. */
  #nextPauseMs(): number {
    const growingMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(this.#failures, 10));
    this.#failures += 1;
    return growingMs * (1 - this.#options.random() / 2);
  }

  #inTime<T>(asked: Promise<T>, limitMs: number): Promise<T> {
    return new Promise((resolve, reject) => {
      const { clock } = this.#options;
      let cancel = clock.after(limitMs, () => {
        cancel = clock.after(READING_MS, () => reject(new RedisProblem(NO_ANSWER_IN_TIME, { isLate: true })));
      });
      asked
        .finally(() => cancel())
        .then(resolve, (error: unknown) => {
          reject(error instanceof RedisProblem ? error : new RedisProblem('the connection was closed'));
        });
    });
  }
}

const NONE = 'there is no connection';
const NO_ANSWER = `no answer within ${OPEN_MS / 1_000} s`;
const NO_ANSWER_IN_TIME = `no answer within ${ANSWER_MS} ms`;
