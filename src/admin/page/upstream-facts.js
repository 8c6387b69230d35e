/** What is said of one upstream beside what its row has. Pure. */

import { NONE, whole } from './format.js';
import { SECONDS, sum } from './series.js';
import { poolOf } from './store.js';

/** @import { PageEvent, Row } from './contract.js' */
/** @import { Series } from './series.js' */

/** How many seconds are "now". */
const NOW_S = 10;

/**
 * How many blocks it is behind the newest that is known in its pool, on its chain; undefined when that is not known.
 * @param {Row} row
 * @param {readonly Row[]} rows
 */
export function lagOf(row, rows) {
  if (row.block_height === null) return undefined;
  let newest = row.block_height;
  for (const other of rows) {
    if (poolOf(other) === poolOf(row) && other.chain_id === row.chain_id)
      newest = Math.max(newest, other.block_height ?? 0);
  }
  return newest - row.block_height;
}

/**
 * @typedef {object} Traffic
 * @property {number} perSecond attempts, in the last ten seconds: a drain shows at once
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
          perSecond: sum(series?.['attempts'], NOW_S) / NOW_S,
          share: total === 0 ? Number.NaN : own / total,
          attempts: sum(series?.['attempts'], SECONDS),
          failures: sum(series?.['failures'], SECONDS),
        },
      ];
    }),
  );
}

/**
 * What a health check has found wrong, as far as the events tell; empty when they don't.
 * @param {Row} row
 * @param {readonly PageEvent[]} events
 */
export function problemOf({ name, state }, events) {
  if (state !== 'down') return '';
  const event = events.findLast(({ type, upstream }) => type === 'upstream-down' && upstream === name);
  // "alpha is down: status 500"
  return event?.text.slice(name.length).match(/^.*?: (.*)$/)?.[1] ?? '';
}

/**
 * What is known of its newest block. Where others of its pool tell theirs, they are asked for it by health checks.
 * @param {Row} row
 * @param {number | undefined} lag
 * @param {boolean} isAsked whether the upstreams of its pool are asked for it
 * @returns {[main: string, aside: string]}
 */
export function blockOf({ block_height: height, chain_id: chain, lagging, reason }, lag, isAsked) {
  const where = chain === null ? [] : [`chain\u00a0${chain}`];
  if (height === null) {
    const isUnanswered = reason === 'probe-failed' || isAsked;
    return [NONE, where.join() || (isUnanswered ? 'no answer to the check' : 'not checked')];
  }
  const behind = lag ? `${whole(lag)} behind` : lagging ? 'behind' : 'newest';
  return [whole(height), [behind, ...where].join(', ')];
}

/**
 * The reasons of its failures, the most frequent first.
 * @param {Row} row
 * @returns {[string, number][]}
 */
export function failuresOf({ failures_by_reason: byReason }) {
  return Object.entries(byReason).sort(([, one], [, other]) => other - one);
}
