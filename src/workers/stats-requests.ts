/** Asks the first process for the rows of `/stats`, which tell of all workers. */

import type { Clock } from '../clock.ts';

/** When the first process has not answered by then, this worker tells of itself alone. */
const PATIENCE_MS = 1_000;

type Rows = readonly unknown[];

export class StatsRequests {
  readonly #clock: Clock;
  readonly #send: (id: number, pool: string | undefined) => void;
  readonly #own: { stats(pool?: string): Rows };
  readonly #waiting = new Map<number, (rows: Rows) => void>();
  #asked = 0;

  /** `own`: what this worker knows by itself. */
  constructor(
    clock: Clock,
    send: (id: number, pool: string | undefined) => void,
    own: { stats(pool?: string): Rows },
  ) {
    this.#clock = clock;
    this.#send = send;
    this.#own = own;
  }

  /** Of one pool or of all. Never rejects. */
  ask(pool: string | undefined): Promise<Rows> {
    this.#asked += 1;
    const id = this.#asked;
    return new Promise((resolve) => {
      const stopTimer = this.#clock.after(PATIENCE_MS, () => this.onRows(id, this.#own.stats(pool)));
      this.#waiting.set(id, (rows) => {
        stopTimer();
        resolve(rows);
      });
      this.#send(id, pool);
    });
  }

  onRows(id: number, rows: Rows): void {
    this.#waiting.get(id)?.(rows);
    this.#waiting.delete(id);
  }
}
