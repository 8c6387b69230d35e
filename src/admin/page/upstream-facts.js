/** What is said of one upstream beside what its row has. Pure. */

import { SECONDS, sum } from './series.js';
import { poolOf } from './store.js';

/** @import { Row } from './contract.js' */
/** @import { Series } from './series.js' */

/**
 * How many blocks it is behind the newest of its pool and chain; undefined when that is not known.
 * @param {Row} row
 * @param {readonly Row[]} rows
 */
export function lagOf(row, rows) {
  if (row.block_height === null) return undefined;
  let newest = row.block_height;
  for (const other of rows) {
    if (poolOf(other) === poolOf(row) && other.chain_id === row.chain_id && other.state !== 'down')
      newest = Math.max(newest, other.block_height ?? 0);
  }
  return newest - row.block_height;
}

/**
 * @typedef {object} Traffic
 * @property {number} perSecond attempts in the last minute
 * @property {number} share of its pool's attempts in the last minute; NaN when there were none
 * @property {number} attempts in 15 minutes
 * @property {number} failures in 15 minutes
 */

/**
 * @param {readonly Row[]} rows of one pool
 * @param {ReadonlyMap<string, Series>} upstreams
 * @returns {Map<string, Traffic>} by name
 */
export function trafficOf(rows, upstreams) {
  const lately = new Map(rows.map(({ name }) => [name, sum(upstreams.get(name)?.['attempts'], 60)]));
  const total = [...lately.values()].reduce((one, other) => one + other, 0);
  return new Map(
    rows.map(({ name }) => {
      const series = upstreams.get(name);
      const own = lately.get(name) ?? 0;
      return [
        name,
        {
          perSecond: own / 60,
          share: total === 0 ? Number.NaN : own / total,
          attempts: sum(series?.['attempts'], SECONDS),
          failures: sum(series?.['failures'], SECONDS),
        },
      ];
    }),
  );
}

/**
 * The reasons of its failures, the most frequent first.
 * @param {Row} row
 * @returns {[string, number][]}
 */
export function failuresOf({ failures_by_reason: byReason }) {
  return Object.entries(byReason).sort(([, one], [, other]) => other - one);
}
