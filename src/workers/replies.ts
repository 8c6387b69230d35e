/** Waits until all workers have answered a question. */

import type { Clock } from '../clock.ts';
import type { Worker } from './crew.ts';

interface Waiting {
  readonly missing: Set<Worker>;
  readonly finish: () => void;
}

export class Replies {
  readonly #clock: Clock;
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Asks each, and resolves when all have answered or ended, or after `limitMs`. */
  ask(
    workers: readonly Worker[],
    limitMs: number,
    send: (worker: Worker, id: number) => void,
  ): Promise<void> {
    if (workers.length === 0) return Promise.resolve();
    this.#asked += 1;
    const id = this.#asked;
    return new Promise((resolve) => {
      const stopTimer = this.#clock.after(limitMs, () => finish());
      const finish = () => {
        stopTimer();
        this.#waiting.delete(id);
        resolve();
      };
      this.#waiting.set(id, { missing: new Set(workers), finish });
      for (const worker of workers) send(worker, id);
    });
  }

  onReply(worker: Worker, id: number): void {
    const waiting = this.#waiting.get(id);
    if (waiting?.missing.delete(worker) && waiting.missing.size === 0) waiting.finish();
  }

  onEnd(worker: Worker): void {
    for (const id of [...this.#waiting.keys()]) this.onReply(worker, id);
  }
}

/** Runs one at a time: who comes while it runs shares the next run with all others who do. */
export function shareNext(run: () => Promise<void>): () => Promise<void> {
  let current: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const start = (): Promise<void> => {
    current = run().finally(() => {
      current = undefined;
    });
    return current;
  };
  return () => {
    if (!current) return start();
    next ??= current.then(() => {
      next = undefined;
      return start();
    });
    return next;
  };
}
