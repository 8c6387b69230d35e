/** The workers of the first process: starts them, and replaces those that end. */

import type { Socket } from 'node:net';
import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import type { FromWorker, PortName, ToWorker } from './messages.ts';
import type { Ending, WorkerProcess } from './worker-process.ts';

/** One that has lived for so long is replaced at once. */
const WELL_AFTER_MS = 2_000;
/** Before one that has ended at its start is replaced: the pause doubles each time. */
const FIRST_PAUSE_MS = 50;
const LAST_PAUSE_MS = 1_000;

/** A connection that no worker has taken yet. */
export interface Accepted {
  readonly socket: Socket;
  readonly port: PortName;
  /** When it was sent to a worker, in monotonic milliseconds. */
  sentMs: number;
}

export interface Worker {
  readonly number: number;
  /** The least that no other one has. */
  readonly place: number;
  readonly process: WorkerProcess;
  readonly startedMs: number;
  isReady: boolean;
  /** It takes no more connections. */
  isLeaving: boolean;
  /** Those that were sent to it and that it has not taken, the oldest first. */
  readonly handedOver: Accepted[];
  /** Those that it has, as far as it has told. */
  connections: number;
}

export interface CrewOptions {
  readonly count: number;
  readonly fork: () => WorkerProcess;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What a new worker is told first. */
  readonly greet: (worker: Worker) => ToWorker;
  readonly hear: (worker: Worker, message: Exclude<FromWorker, { type: 'ready' }>) => void;
  /** It serves from now on. */
  readonly onReady: (worker: Worker) => void;
  /** It has ended. */
  readonly onEnd: (worker: Worker) => void;
}

export class Crew {
  readonly #options: CrewOptions;
  readonly #workers = new Set<Worker>();
  #forked = 0;
  /** How many in a row have ended at their start. */
  #failedStarts = 0;
  #isEnding = false;

  constructor(options: CrewOptions) {
    this.#options = options;
  }

  /** Those that have not ended. */
  get all(): readonly Worker[] {
    return [...this.#workers];
  }

  /** Those that serve. */
  get serving(): readonly Worker[] {
    return this.all.filter(({ isReady, isLeaving }) => isReady && !isLeaving);
  }

  start(): void {
    for (let count = 0; count < this.#options.count; count++) this.#fork();
  }

  tell(message: ToWorker): void {
    for (const { process } of this.#workers) process.send(message);
  }

  /** Those that end from now on are not replaced. */
  replaceNoMore(): void {
    this.#isEnding = true;
  }

  kill(): void {
    this.#isEnding = true;
    for (const { process } of this.#workers) process.kill();
  }

  #fork(): void {
    if (this.#isEnding) return;
    const { fork, clock, greet } = this.#options;
    this.#forked += 1;
    const worker: Worker = {
      number: this.#forked,
      place: this.#freePlace(),
      process: fork(),
      startedMs: clock.monotonicMs(),
      isReady: false,
      isLeaving: false,
      handedOver: [],
      connections: 0,
    };
    this.#workers.add(worker);
    worker.process.onMessage((message) => this.#hear(worker, message));
    worker.process.onEnd((ending) => this.#onEnd(worker, ending));
    worker.process.send(greet(worker));
  }

  #freePlace(): number {
    const taken = new Set(this.all.map(({ place }) => place));
    let place = 0;
    while (taken.has(place)) place += 1;
    return place;
  }

  #hear(worker: Worker, message: FromWorker): void {
    if (message.type === 'ready') {
      worker.isReady = true;
      this.#options.onReady(worker);
    } else this.#options.hear(worker, message);
  }

  #onEnd(worker: Worker, ending: Ending): void {
    const { clock, logger, onEnd } = this.#options;
    if (!this.#workers.delete(worker)) return;
    if (!worker.isLeaving) {
      const { number, process } = worker;
      const facts = { worker: number, pid: process.pid, ...endingIn(ending) };
      logger.warn(facts, this.#isEnding ? 'A worker has ended' : 'A worker has ended: it is replaced');
    }
    onEnd(worker);
    const isWell = worker.isReady && clock.monotonicMs() - worker.startedMs >= WELL_AFTER_MS;
    this.#failedStarts = isWell ? 0 : this.#failedStarts + 1;
    if (this.#isEnding) return;
    if (isWell) this.#fork();
    else {
      const pauseMs = Math.min(LAST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.#failedStarts - 1));
      clock.after(pauseMs, () => this.#fork());
    }
  }
}

function endingIn({ code, signal }: Ending): object {
  return signal === null ? { code } : { signal };
}
