/** How each pool does: who of it is usable, who is out in earnest, and whether its clients get errors. Pure. */

import { list } from './format.js';
import { SECONDS, sum } from './series.js';
import { poolOf } from './store.js';

/** @import { PageEvent, Row } from './contract.js' */
/** @import { Series } from './series.js' */
/** @import { Store } from './store.js' */

/**
 * Requests that failed, of the last minute; or, where none came in it (`quietSinceMs`), the last ones.
 * @typedef {{ failed: number, requests: number, quietSinceMs?: number }} Errors
 */

/**
 * @typedef {object} PoolState
 * @property {string} name empty where there is only one
 * @property {readonly Row[]} rows
 * @property {readonly Row[]} usable
 * @property {readonly Row[]} primaries
 * @property {readonly Row[]} serving the usable ones, with those that rest for seconds only while the pool is not dead
 * @property {readonly Row[]} out those with trouble: neither serving nor drained
 * @property {boolean} isDead nobody is left who could serve
 * @property {Errors | undefined} errors when most requests fail
 * @property {number | undefined} failingSinceMs when the first request failed since the last good answer
 */

/** A ban shorter than this is no outage while others serve. */
const BRIEF_MS = 5_000;
/** Requests that failed so far apart are not of the same trouble. */
const APART_S = 300;
const MINUTE_S = 60;
/** When all is well for so long, clients get no errors any more. */
const WELL_S = 10;
const FEW_FAILED = 3;

/**
 * The pools as they are told of, also those that have no upstream.
 * @param {Pick<Store, 'rows' | 'about' | 'events' | 'pools' | 'nowMs' | 'toS'>} store
 * @returns {PoolState[]}
 */
export function statesOf(store) {
  const { rows, about, pools } = store;
  const isAlone = about.pools.length === 1;
  return about.pools.map(({ pool: name }) => {
    const own = isAlone ? rows : rows.filter((row) => poolOf(row) === name);
    const series = pools.get(name);
    const run = series && failedRunOf(series);
    const usable = own.filter(({ state }) => state === 'usable');
    const brief = own.filter((row) => isBrief(row, store));
    // Where all rest for a moment, requests may wait for them: it is an outage when one failed.
    const isDead = usable.length === 0 && (brief.length === 0 || run !== undefined);
    const serving = isDead ? usable : own.filter((row) => row.state === 'usable' || brief.includes(row));
    return {
      name: isAlone ? '' : name,
      rows: own,
      usable,
      primaries: own.filter(isPrimary),
      serving,
      out: own.filter((row) => row.state !== 'draining' && !serving.includes(row)),
      isDead,
      errors: series && errorsOf(series, run, { name, store }),
      failingSinceMs: run && beginOf(run.first, store),
    };
  });
}

/** @param {Row} row */
export function isPrimary({ tier }) {
  return tier === 'primary';
}

/**
 * Whether a quarantine is one of seconds.
 * @param {Row} row
 * @param {Pick<Store, 'events' | 'nowMs'>} store
 */
function isBrief({ name, state, until }, { events, nowMs }) {
  if (state !== 'quarantined') return false;
  const begun = events.findLast(
    ({ type, upstream, out }) => type === 'upstream-quarantined' && upstream === name && out !== undefined,
  );
  if (begun) return begun.out === 'brief';
  return until !== null && Date.parse(until) - nowMs < BRIEF_MS;
}

/**
 * When most of the requests fail. A quiet time does not end it: only good answers, or an upstream that came back, do.
 * @param {Series} series
 * @param {FailedRun | undefined} run the one of this series
 * @param {{ name: string, store: Pick<Store, 'events' | 'toS'> }} pool
 * @returns {Errors | undefined}
 */
function errorsOf(series, run, { name, store }) {
  const requests = sum(series['requests'], MINUTE_S);
  if (requests > 0) {
    const good = sum(series['good'], MINUTE_S);
    const failed = requests - good;
    const isWellAgain = run === undefined && sum(series['requests'], WELL_S) === sum(series['good'], WELL_S);
    if (failed === 0 || (good > 0 && (failed < FEW_FAILED || failed < good || isWellAgain))) return undefined;
    return { failed, requests };
  }
  if (!run || SECONDS - run.last > APART_S) return undefined;
  const quietSinceMs = beginOf(run.last, store);
  const isBack = (/** @type {PageEvent} */ event) =>
    event.out === 'over' && poolOf(event) === name && Date.parse(event.time) > quietSinceMs;
  if (store.events.some(isBack)) return undefined;
  return { failed: run.failed, requests: run.failed, quietSinceMs };
}

/** @typedef {{ first: number, last: number, failed: number }} FailedRun `first` and `last` are indexes */

/**
 * The requests that failed since the last good answer.
 * @param {Series} series
 * @returns {FailedRun | undefined}
 */
function failedRunOf({ requests, good }) {
  if (!requests || !good) return undefined;
  let [first, last, failed] = [-1, -1, 0];
  for (let n = SECONDS - 1; n >= 0 && !((good[n] ?? 0) > 0); n -= 1) {
    const own = requests[n] ?? 0;
    if (!(own > 0)) continue;
    if (last === -1) last = n;
    else if (first - n > APART_S) break;
    first = n;
    failed += own;
  }
  return last === -1 ? undefined : { first, last, failed };
}

/**
 * When a second began.
 * @param {number} index
 * @param {Pick<Store, 'toS'>} store
 */
function beginOf(index, { toS }) {
  return (toS - SECONDS + index) * 1_000;
}

/**
 * What clients lose without this one.
 * @param {Row} row
 * @param {Store} store
 * @returns {{ warning?: string, isGrave?: boolean }}
 */
export function lossOf(row, store) {
  const state = statesOf(store).find(({ rows }) => rows.includes(row));
  if (!state?.usable.includes(row)) return {};
  const left = state.usable.filter((each) => each !== row);
  const where = state.name === '' ? '' : ` of ${state.name}`;
  if (left.length === 0)
    return {
      warning: `${row.name} is the last usable upstream${where}: clients will get errors.`,
      isGrave: true,
    };
  if (row.tier === 'fallback' || left.some(isPrimary)) return {};
  const [serve, names] = [left.length === 1 ? 'serves' : 'serve', list(left.map(({ name }) => name))];
  const fallbacks = `the ${left.length === 1 ? 'fallback' : 'fallbacks'} ${names} ${serve}`;
  return { warning: `${row.name} is the last usable primary${where}: ${fallbacks} then.` };
}
