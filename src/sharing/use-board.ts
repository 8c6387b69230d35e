/** Who uses what, as all have told it last. */

import type { Clock } from '../clock.ts';
import type { FactTable, News } from './fact-table.ts';
import { readUse, type Use, type Uses } from './use.ts';

type Budgets = ReadonlyMap<string, Use>;
/** Undefined: it tells nothing any more. */
type Listener = (who: string, budgets: Budgets | undefined) => void;

interface Entry {
  readonly uses: Uses;
  /** Monotonic milliseconds. */
  readonly untilMs: number;
}

/** Facts of this kind are those of replicas; the others of workers. */
const REPLICAS = 'use';
const WORKERS = 'worker-use';

/** The replica of a process: what comes before the dot. */
export function replicaOf(origin: string): string {
  return origin.split('.')[0] ?? origin;
}

export class UseBoard {
  readonly #clock: Clock;
  readonly #origin: string;
  readonly #replicas = new Map<string, Entry>();
  readonly #workers = new Map<string, Entry>();
  readonly #listeners: Listener[] = [];

  constructor(table: FactTable, clock: Clock) {
    this.#clock = clock;
    this.#origin = table.origin;
    table.read(REPLICAS, (news) => this.#hear(this.#replicas, news));
    table.read(WORKERS, (news) => this.#hear(this.#workers, news));
  }

  /** Told of each of the others: those of this machine, and the replicas that they do not belong to. */
  listen(listener: Listener): void {
    this.#listeners.push(listener);
  }

  /** By process: the others of this replica, and each other replica. */
  get others(): ReadonlyMap<string, Uses> {
    const own = replicaOf(this.#origin);
    const all = [...this.#replicas, ...this.#workers];
    return new Map(
      all.flatMap(([who, { uses }]) => (who === own || who === this.#origin ? [] : [[who, uses]])),
    );
  }

  /** The other processes of this machine. */
  get siblings(): readonly Uses[] {
    return [...this.#workers].flatMap(([who, { uses }]) => (who === this.#origin ? [] : [uses]));
  }

  get replicas(): ReadonlyMap<string, Uses> {
    return usesOf(this.#replicas);
  }

  get workers(): ReadonlyMap<string, Uses> {
    return usesOf(this.#workers);
  }

  /** What this process itself has told. */
  note(kind: 'use' | 'worker-use', uses: Uses): void {
    const entries = kind === REPLICAS ? this.#replicas : this.#workers;
    const who = kind === REPLICAS ? replicaOf(this.#origin) : this.#origin;
    entries.set(who, { uses, untilMs: Number.POSITIVE_INFINITY });
  }

  /** Drops what was told too long ago. */
  sweep(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const entries of [this.#replicas, this.#workers])
      for (const [who, { untilMs }] of entries) if (untilMs <= nowMs) this.#drop(entries, who);
  }

  #hear(entries: Map<string, Entry>, { subject: who, value, leftMs }: News): void {
    if (who === this.#origin) return;
    if (!value) {
      this.#drop(entries, who);
      return;
    }
    const uses = readUse(value);
    const untilMs = this.#clock.monotonicMs() + (leftMs ?? Number.POSITIVE_INFINITY);
    entries.set(who, { uses, untilMs });
    this.#tell(who, uses);
  }

  #drop(entries: Map<string, Entry>, who: string): void {
    if (entries.delete(who)) this.#tell(who, undefined);
  }

  #tell(who: string, uses: Uses | undefined): void {
    // What its own workers do is known from them.
    if (who === replicaOf(this.#origin)) return;
    for (const listener of this.#listeners) listener(who, uses?.budgets);
  }
}

function usesOf(entries: ReadonlyMap<string, Entry>): ReadonlyMap<string, Uses> {
  return new Map([...entries].map(([who, { uses }]) => [who, uses]));
}
