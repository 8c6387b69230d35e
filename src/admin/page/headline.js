/** The one sentence that says the state, and the one that says what it costs. Pure. */

import { count, counted, list, percent, time, whole } from './format.js';
import { SECONDS, sum } from './series.js';
import { poolOf } from './store.js';
import { lagOf } from './upstream-facts.js';
import { reasonOf } from './words.js';

/** @import { PageEvent, Row } from './contract.js' */
/** @import { Store } from './store.js' */
/** @typedef {'bad' | 'warn' | 'good' | 'idle'} Level */
/** @typedef {{ level: Level, sentence: string }} Headline */
/** @typedef {{ name: string, rows: readonly Row[], usable: readonly Row[], primaries: readonly Row[], usablePrimaries: readonly Row[] }} PoolState */

/**
 * The worst comes first.
 * @param {Pick<Store, 'rows' | 'about' | 'events' | 'pools' | 'nowMs'>} store
 * @returns {Headline}
 */
export function headline(store) {
  const pools = statesOf(store);
  const dead = pools.filter(({ usable }) => usable.length === 0);
  const carried = pools.filter(
    ({ usable, primaries, usablePrimaries }) =>
      usable.length > 0 && primaries.length > 0 && usablePrimaries.length === 0,
  );
  const told = new Set([
    ...dead.flatMap(({ rows }) => rows),
    ...carried.flatMap(({ primaries }) => primaries),
  ]);
  const out = store.rows.filter((row) => row.state !== 'usable' && !told.has(row));
  const serving = servingOf(pools);
  if (dead.length > 0 || carried.length > 0) {
    const sentences = [
      ...(dead.length > 0 ? [deadSentence(dead, store)] : []),
      ...(carried.length > 0 ? [carriedSentence(carried, store)] : []),
      ...(out.length > 0 ? [`Besides, ${outSentence(out, store)}`] : []),
    ];
    return { level: dead.length > 0 ? 'bad' : 'warn', sentence: `${sentences.join('. ')}.` };
  }
  const isFailing = failsMuch(store.pools);
  const but = isFailing ? ', but many requests fail' : '';
  const level = isFailing ? 'bad' : 'warn';
  if (out.length > 0) return { level, sentence: `${serving}${but}; ${outSentence(out, store)}.` };
  const unwell = unwellSentence(store.rows);
  if (unwell !== '') return { level, sentence: `${serving}${but}; ${unwell}.` };
  if (isFailing) return { level, sentence: `${serving}${but}.` };
  if (totalsOf(store.pools, SECONDS).requests === 0)
    return { level: 'idle', sentence: `Ready to serve from ${allOf(pools)}.` };
  return { level: 'good', sentence: `${serving}.` };
}

/** Of the requests of the last minute. */
const MUCH = 0.05;

/**
 * Whether more fails than a few requests of their own fault, though upstreams are usable.
 * @param {Store['pools']} pools
 */
function failsMuch(pools) {
  const { requests, failed } = totalsOf(pools, 60);
  return failed >= 3 && failed / requests >= MUCH;
}

/**
 * @param {Store['pools']} pools
 * @param {number} seconds
 */
function totalsOf(pools, seconds) {
  const total = (/** @type {string} */ field) =>
    [...pools.values()].reduce((all, series) => all + sum(series[field], seconds), 0);
  const requests = total('requests');
  return { requests, failed: requests - total('good') };
}

/**
 * @param {Pick<Store, 'pools' | 'rows'>} store
 * @returns {{ level: Level, sentence: string }} without an end stop where figures end it
 */
export function cost({ pools, rows }) {
  const { requests: total, failed } = totalsOf(pools, SECONDS);
  const { requests: lately, failed: failedLately } = totalsOf(pools, 60);
  if (total === 0) {
    const isNew = rows.every((row) => row.requests === 0);
    return {
      level: 'idle',
      sentence: isNew ? 'No request came yet.' : 'No requests in the last 15 minutes.',
    };
  }
  if (failed === 0)
    return { level: 'good', sentence: `No request failed in the last 15 minutes, of ${count(total)}.` };
  const last =
    lately === 0
      ? 'no requests in the last minute'
      : failedLately === 0
        ? 'none in the last minute'
        : `${percent(failedLately / lately)} in the last minute`;
  const share = `${percent(failed / total)} of requests failed in the last 15 minutes`;
  return {
    level: failedLately > 0 ? 'bad' : 'warn',
    sentence: `${share} (${count(failed)} of ${count(total)}), ${last}.`,
  };
}

/**
 * The pools as they are told of, also those that have no upstream.
 * @param {Pick<Store, 'rows' | 'about'>} store
 * @returns {PoolState[]}
 */
export function statesOf({ rows, about }) {
  return about.pools.map(({ pool: name }) => {
    const own = about.pools.length === 1 ? rows : rows.filter((row) => poolOf(row) === name);
    const usable = own.filter(({ state }) => state === 'usable');
    const isPrimary = (/** @type {Row} */ { tier }) => tier === 'primary';
    return {
      name: about.pools.length === 1 ? '' : name,
      rows: own,
      usable,
      primaries: own.filter(isPrimary),
      usablePrimaries: usable.filter(isPrimary),
    };
  });
}

/**
 * When an upstream began to be out, as far as the events tell.
 * @param {Row} row
 * @param {readonly PageEvent[]} events
 * @returns {number | undefined} milliseconds of the daemon's wall clock
 */
export function outSinceMs(row, events) {
  const isBeginning = (/** @type {PageEvent} */ { type, upstream, text }) =>
    upstream === row.name &&
    ((row.state === 'quarantined' && type === 'upstream-quarantined') ||
      (row.state === 'down' && type === 'upstream-down') ||
      (row.state === 'draining' && type === 'upstream-changed' && text.includes('drain')));
  const event = events.findLast(isBeginning);
  return event && Date.parse(event.time);
}

/** @param {readonly PoolState[]} pools */
function servingOf(pools) {
  const primaries = pools.flatMap((pool) => pool.primaries);
  const usable = pools.flatMap((pool) => pool.usablePrimaries);
  if (primaries.length === usable.length) return `Serving from ${allOf(pools)}`;
  const where = pools.length > 1 ? ` in ${pools.length} pools` : '';
  return `Serving from ${usable.length} of ${counted(primaries.length, 'primary', 'primaries')}${where}`;
}

/** @param {readonly PoolState[]} pools */
function allOf(pools) {
  const { length } = pools.flatMap(({ primaries }) => primaries);
  const where = pools.length > 1 ? ` in ${pools.length} pools` : '';
  if (length === 0) return `the fallbacks alone${where}`;
  return length === 1 ? `the only primary${where}` : `all ${length} primaries${where}`;
}

/**
 * @param {readonly PoolState[]} pools
 * @param {Pick<Store, 'events' | 'nowMs'>} store
 */
function deadSentence(pools, { events, nowMs }) {
  const where = pools.some(({ name }) => name !== '') ? ` in ${list(pools.map(({ name }) => name))}` : '';
  return `No upstream is usable${where}${sinceText(
    pools.flatMap(({ rows }) => rows),
    events,
    nowMs,
  )}: clients get errors`;
}

/**
 * @param {readonly PoolState[]} pools
 * @param {Pick<Store, 'events' | 'nowMs'>} store
 */
function carriedSentence(pools, { events, nowMs }) {
  const [first] = pools;
  const fallbacks = pools.flatMap(({ usable }) => usable.map(({ name }) => name));
  const serve = fallbacks.length === 1 ? 'serves' : 'serve';
  const since = sinceText(
    pools.flatMap(({ primaries }) => primaries),
    events,
    nowMs,
  );
  if (!first || pools.length > 1)
    return `All primaries are out in ${list(pools.map(({ name }) => name))}${since}; their fallbacks serve`;
  const where = first.name === '' ? '' : ` in ${first.name}`;
  const who = first.primaries.length === 1 ? 'The only primary' : `All ${first.primaries.length} primaries`;
  const are = first.primaries.length === 1 ? 'is' : 'are';
  const what = `the ${fallbacks.length === 1 ? 'fallback' : 'fallbacks'} ${list(fallbacks)} ${serve}`;
  return `${who}${where} ${are} out${since}; ${what}`;
}

/**
 * Since the last of them went out, as far as that is known.
 * @param {readonly Row[]} rows
 * @param {readonly PageEvent[]} events
 * @param {number} nowMs
 */
function sinceText(rows, events, nowMs) {
  const since = rows.flatMap((row) => outSinceMs(row, events) ?? []);
  return since.length === 0 ? '' : ` since ${time(Math.max(...since), nowMs)}`;
}

/**
 * @param {readonly Row[]} rows
 * @param {Pick<Store, 'events' | 'nowMs'>} store
 */
function outSentence(rows, { events, nowMs }) {
  // Those that an operator has taken out are no surprise.
  const ordered = [...rows].sort(
    (one, other) => Number(one.state === 'draining') - Number(other.state === 'draining'),
  );
  const most = ordered.length > 3 ? 2 : 3;
  const told = ordered.slice(0, most).map((row) => {
    if (row.until !== null) return `${row.name} ${reasonOf(row)} until ${time(Date.parse(row.until), nowMs)}`;
    const since = outSinceMs(row, events);
    return `${row.name} ${reasonOf(row)}${since === undefined ? '' : ` since ${time(since, nowMs)}`}`;
  });
  const more = ordered.length - told.length;
  return list(more > 0 ? [...told, `${more} more are out`] : told);
}

/** @param {readonly Row[]} rows those that are usable */
function unwellSentence(rows) {
  const told = rows.flatMap((row) => {
    const lag = lagOf(row, rows);
    if (row.lagging) return [`${row.name} is ${lag ? `${whole(lag)} blocks` : ''} behind`.replace('  ', ' ')];
    return row.slow ? [`${row.name} is slow`] : [];
  });
  const more = told.length - 2;
  return list(more > 1 ? [...told.slice(0, 2), `${more} more are slow or behind`] : told);
}
