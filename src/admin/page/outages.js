/** Since when somebody is out, as far as history and events tell, and who is out and why, in words. */

import { list, time } from './format.js';
import { SECONDS } from './series.js';
import { pluralOf, reasonOf } from './words.js';

/** @import { Row } from './contract.js' */
/** @import { PoolState } from './pool-states.js' */
/** @import { Series } from './series.js' */
/** @import { Store } from './store.js' */

/** So many names are told. */
const NAMES = 3;

/** Remembers when each trouble began: what tells of its beginning may be forgotten while it lasts. */
export class Outages {
  /** @type {Map<string, number | undefined>} */
  #since = new Map();

  /**
   * @param {ReadonlyMap<string, number | undefined>} found all troubles of this moment, and when they began as far as is known now
   * @returns {ReadonlyMap<string, number | undefined>} the earliest that was ever found while each lasted
   */
  remember(found) {
    const before = this.#since;
    this.#since = new Map(
      [...found].map(([trouble, since]) => [trouble, earliest([since, before.get(trouble)])]),
    );
    return this.#since;
  }
}

/** @param {readonly (number | undefined)[]} times */
export function earliest(times) {
  const known = times.filter((each) => each !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

/**
 * When an upstream began to be out: at the first trouble since it last answered well, or came back.
 * @param {Row} row
 * @param {Pick<Store, 'events' | 'upstreams' | 'toS'>} store
 * @returns {number | undefined} milliseconds of the daemon's wall clock
 */
export function outSinceMs({ name, state }, { events, upstreams, toS }) {
  if (state === 'usable') return undefined;
  const isDrained = state === 'draining';
  const own = events.filter(
    ({ upstream, type, out }) =>
      upstream === name && out !== undefined && (type === 'upstream-changed') === isDrained,
  );
  const begun = own.filter(({ out }) => out !== 'over');
  const last = begun.at(-1);
  if (isDrained || !last) return last && Date.parse(last.time);
  const back = own.findLast(({ out }) => out === 'over');
  const wellMs = Math.max(back ? Date.parse(back.time) : 0, lastGoodMs(upstreams.get(name), toS));
  const times = begun.flatMap((event) => [Date.parse(event.since), Date.parse(event.time)]);
  // Answers to what was under way may still have come afterwards.
  return earliest(times.filter((atMs) => atMs >= wellMs)) ?? Date.parse(last.time);
}

/**
 * The beginning of the last second in which it answered well; 0 when that is not known.
 * @param {Series | undefined} series
 * @param {number} toS
 */
function lastGoodMs({ attempts, failures } = {}, toS) {
  const n = attempts?.findLastIndex((value, index) => value > (failures?.[index] ?? 0)) ?? -1;
  return n === -1 ? 0 : (toS - SECONDS + n) * 1_000;
}

/**
 * Since when a pool has nobody: since the first request failed after the last good answer, or the last upstream went out.
 * @param {PoolState} state
 * @param {Pick<Store, 'events' | 'upstreams' | 'toS'>} store
 */
export function deadSinceMs({ rows, failingSinceMs }, store) {
  return earliest([failingSinceMs, allOutSinceMs(rows, store)]);
}

/**
 * Since when all of them are out.
 * @param {readonly Row[]} rows
 * @param {Pick<Store, 'events' | 'upstreams' | 'toS'>} store
 */
export function allOutSinceMs(rows, store) {
  const times = rows.flatMap((row) => outSinceMs(row, store) ?? []);
  return times.length === 0 ? undefined : Math.max(...times);
}

/**
 * Who is out and why: "alpha and laggy fail their health checks, beta is rate-limited until 22:04:55 and 4 more are out".
 * @param {readonly Row[]} rows
 * @param {Pick<Store, 'events' | 'upstreams' | 'toS' | 'nowMs'>} store
 */
export function whoIsOut(rows, store) {
  /** @type {Map<string, Row[]>} */
  const groups = new Map();
  for (const row of inOrder(rows)) {
    const key = `${reasonOf(row)} ${untilOf(row, store)}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  const texts = [];
  let left = NAMES;
  for (const group of groups.values()) {
    const told = group.slice(0, left);
    left -= told.length;
    if (told.length > 0) texts.push(togetherText(told, store));
  }
  const more = rows.length - (NAMES - left);
  if (more > 0) texts.push(`${more} more ${more === 1 ? 'is' : 'are'} out`);
  return list(texts, texts.length);
}

/**
 * Those that an operator has taken out are no surprise: last.
 * @param {readonly Row[]} rows
 */
function inOrder(rows) {
  const isDrained = (/** @type {Row} */ { state }) => state === 'draining';
  return [...rows.filter((row) => !isDrained(row)), ...rows.filter(isDrained)];
}

/**
 * @param {readonly Row[]} rows with the same reason and end
 * @param {Pick<Store, 'events' | 'upstreams' | 'toS' | 'nowMs'>} store
 */
function togetherText(rows, store) {
  const [first] = rows;
  if (!first) return '';
  const until = untilOf(first, store);
  if (rows.length > 1) return `${list(rows.map(({ name }) => name))} ${pluralOf(reasonOf(first))}${until}`;
  const since = until === '' && first.state !== 'draining' ? outSinceMs(first, store) : undefined;
  return `${first.name} ${reasonOf(first)}${since === undefined ? until : ` since ${time(since, store.nowMs)}`}`;
}

/**
 * @param {Row} row
 * @param {Pick<Store, 'nowMs'>} store
 */
function untilOf({ until }, { nowMs }) {
  return until === null ? '' : ` until ${time(Date.parse(until), nowMs)}`;
}
