/** Counts the requests for each JSON-RPC method, in no more series than are of use. */

import { REQUEST_RESULTS, type RequestResult } from '../events.ts';
import { knownMethod } from '../rpc/known-methods.ts';
import { tallyOf } from './tally.ts';

type Tally = Record<RequestResult, number>;

/** So many methods have a series of their own. */
export const METHOD_SERIES = 50;
/** What all others are counted as. */
const OTHER_METHODS = 'other';
/** What the announced method of a batch is. */
const BATCH = 'batch';

/**
 * A method takes the place of the least used one that has a series when it was used so many times as often: two that are
 * used alike must not take it from each other again and again.
 */
const LEAD = 2;

interface Row {
  readonly name: string;
  /** All requests for it, however they are counted. */
  used: number;
  /** Those that were counted under its name. */
  readonly own: Tally;
  /** Where the next request is counted: `own`, or among the others. */
  into: Tally;
}

/**
 * The requests to one pool. Every known method is observed, and the most used ones have a series. A request is counted
 * once, under the name that its method has at that moment, and stays there: so no series ever falls, that of the others
 * included, and the sum of their rates is that of all requests. A method that loses its series and gets it back goes on
 * where it was.
 */
export class MethodCounts {
  readonly #others: Tally = tallyOf(REQUEST_RESULTS);
  /** Of unknown methods together, which never have a series. */
  readonly #unknown: Row = { name: OTHER_METHODS, used: 0, own: this.#others, into: this.#others };
  readonly #batches: Row = rowOf(BATCH);
  /** Of the known methods that were used. */
  readonly #rows = new Map<string, Row>();

  /** `method` is undefined for a request that is no JSON-RPC, or was refused before it was read: not counted. */
  count(method: string | undefined, result: RequestResult): void {
    if (method === undefined) return;
    const row = this.#rows.get(method) ?? this.#newRow(method);
    row.used += 1;
    row.into[result] += 1;
  }

  /** What is told of each method that has a series, of batches, and of all other methods. */
  *tallies(): Generator<readonly [name: string, tally: Readonly<Tally>]> {
    this.#assign();
    for (const { name, own, into } of this.#rows.values()) if (into === own) yield [name, own];
    if (this.#batches.used > 0) yield [BATCH, this.#batches.own];
    yield [OTHER_METHODS, this.#others];
  }

  #newRow(method: string): Row {
    if (method === BATCH) return this.#batches;
    const name = knownMethod(method);
    if (name === undefined) return this.#unknown;
    const row = rowOf(name);
    if (this.#rows.size >= METHOD_SERIES) row.into = this.#others;
    this.#rows.set(name, row);
    return row;
  }

  /** Gives the series to those that are used most. */
  #assign(): void {
    if (this.#rows.size <= METHOD_SERIES) return;
    const mostFirst = [...this.#rows.values()].sort((a, b) => b.used - a.used);
    const waiting = mostFirst.filter(({ own, into }) => into !== own);
    const leastFirst = mostFirst.filter(({ own, into }) => into === own).reverse();
    leastFirst.forEach((least, index) => {
      const next = waiting[index];
      if (next === undefined || next.used <= LEAD * least.used) return;
      next.into = next.own;
      least.into = this.#others;
    });
  }
}

function rowOf(name: string): Row {
  const own = tallyOf(REQUEST_RESULTS);
  return { name, used: 0, own, into: own };
}
