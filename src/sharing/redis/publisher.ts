/** Tells others at once what can't wait for the next round, a few messages a second. */

import type { Clock } from '../../clock.ts';
import type { Fact } from '../fact.ts';
import { writeMessage } from './stored-fact.ts';

/** Messages that may go out one after the other. */
const BURST = 5;
/** After those: one in so many milliseconds, with all that has come up meanwhile. */
const PAUSE_MS = 250;
/** Facts go into one message until it is so long; one that is longer has a message of its own. */
const MESSAGE_LENGTH = 64_000;

interface Waiting {
  readonly fact: Fact;
  readonly sinceMs: number;
}

export interface PublisherOptions {
  readonly clock: Clock;
  /** Told to others with each message, so that its sender knows its own. */
  readonly from: string;
  /** Must neither wait nor throw. */
  readonly publish: (messages: readonly string[]) => void;
}

/** A token bucket. What happens in one moment is one message, and so is what waits for its turn. */
export class Publisher {
  readonly #options: PublisherOptions;
  /** By key: only the last one counts. */
  readonly #waiting = new Map<string, Waiting>();
  #tokens = BURST;
  #countedMs: number;
  #cancel: (() => void) | undefined;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#countedMs = options.clock.monotonicMs();
  }

  put(facts: readonly Fact[]): void {
    const sinceMs = this.#options.clock.monotonicMs();
    for (const fact of facts) this.#waiting.set(fact.key, { fact, sinceMs });
    if (this.#waiting.size > 0)
      this.#cancel ??= this.#options.clock.after(this.#delayMs(), () => this.#publish());
  }

  /** Nobody hears it now: the next round tells what is still true then. */
  clear(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#waiting.clear();
  }

  #publish(): void {
    const { clock, from, publish } = this.#options;
    this.#cancel = undefined;
    this.#tokens -= 1;
    const nowMs = clock.monotonicMs();
    const facts = [...this.#waiting.values()].map(({ fact, sinceMs }) => {
      const { leftMs } = fact;
      return leftMs === null ? fact : { ...fact, leftMs: Math.max(0, leftMs - (nowMs - sinceMs)) };
    });
    this.#waiting.clear();
    publish(inMessages(facts).map((each) => writeMessage(from, each)));
  }

  /** Until there is a token. */
  #delayMs(): number {
    const nowMs = this.#options.clock.monotonicMs();
    this.#tokens = Math.min(BURST, this.#tokens + (nowMs - this.#countedMs) / PAUSE_MS);
    this.#countedMs = nowMs;
    return Math.max(0, (1 - this.#tokens) * PAUSE_MS);
  }
}

/** Facts in groups, each as large as one message should be. */
export function inMessages(facts: readonly Fact[]): Fact[][] {
  const groups: Fact[][] = [];
  let length = Number.POSITIVE_INFINITY;
  for (const fact of facts) {
    const more = JSON.stringify(fact).length;
    if (length + more > MESSAGE_LENGTH) {
      groups.push([]);
      length = 0;
    }
    length += more;
    groups.at(-1)?.push(fact);
  }
  return groups;
}
