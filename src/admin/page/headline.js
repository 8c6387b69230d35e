/** The one sentence that says the state, and the one that says what it costs. */

import { count, counted, list, percent, time, whole } from './format.js';
import { allOutSinceMs, deadSinceMs, earliest, Outages, whoIsOut } from './outages.js';
import { isPrimary, statesOf } from './pool-states.js';
import { SECONDS, sum } from './series.js';
import { lagOf } from './upstream-facts.js';

/** @import { Row } from './contract.js' */
/** @import { PoolState } from './pool-states.js' */
/** @import { Store } from './store.js' */
/** @typedef {'bad' | 'warn' | 'good' | 'idle'} Level */
/** @typedef {{ level: Level, sentence: string }} Headline */
/** @typedef {ReadonlyMap<string, number | undefined>} Beginnings */

/** Requests that fail are told from this share of the last minute on, */
const MUCH = 0.05;
/** and from so many on. */
const MANY = 3;
/** An upstream that was left out so often, lastly in the last minute, is not well between. */
const OFTEN = 3;

/**
 * The worst comes first.
 * @param {Store} store
 * @param {Outages} [outages] what is remembered from one time to the next
 * @returns {Headline}
 */
export function headline(store, outages = new Outages()) {
  const pools = statesOf(store);
  const dead = pools.filter(({ isDead }) => isDead);
  const failing = pools.filter(({ isDead, errors }) => !isDead && errors);
  const carried = pools.filter(
    ({ isDead, primaries, serving }) => !isDead && primaries.length > 0 && !serving.some(isPrimary),
  );
  const since = outages.remember(
    new Map([
      ...dead.map((pool) => /** @type {const} */ ([`dead ${pool.name}`, deadSinceMs(pool, store)])),
      ...carried.map(
        (pool) => /** @type {const} */ ([`carried ${pool.name}`, allOutSinceMs(pool.primaries, store)]),
      ),
    ]),
  );
  const told = new Set([...dead.flatMap(({ rows }) => rows), ...carried.flatMap((pool) => pool.primaries)]);
  const rest = pools.flatMap(({ rows, serving }) =>
    rows.filter((row) => !told.has(row) && !serving.includes(row)),
  );
  if (dead.length + failing.length + carried.length === 0) return quietHeadline(store, pools, rest);
  const isServed = dead.length + carried.length === 0;
  const sentences = [
    ...(dead.length > 0 ? deadSentences(dead, { store, since }) : []),
    ...(failing.length > 0 ? [failingSentence(failing, store)] : []),
    ...(carried.length > 0 ? [carriedSentence(carried, { store, since })] : []),
    ...(isServed ? [[usableOf(pools), whoIsOut(rest, store)].filter(Boolean).join('; ')] : []),
    ...(!isServed && rest.length > 0 ? [`Besides, ${whoIsOut(rest, store)}`] : []),
  ];
  const level = dead.length + failing.length > 0 ? 'bad' : 'warn';
  return { level, sentence: `${sentences.join('. ')}.` };
}

/**
 * Where each pool serves from its primaries.
 * @param {Store} store
 * @param {readonly PoolState[]} pools
 * @param {readonly Row[]} missing
 * @returns {Headline}
 */
function quietHeadline(store, pools, missing) {
  const { requests, failed } = totalsOf(store.pools, 60);
  const isFailing = failed >= MANY && failed / requests >= MUCH;
  const isIdle = totalsOf(store.pools, SECONDS).requests === 0;
  const but = isFailing
    ? `, but ${count(failed)} of ${count(requests)} requests of the last minute failed`
    : '';
  const unwell = unwellSentence(store, pools);
  const out = whoIsOut(missing, store);
  const serving = `${isIdle ? 'Ready to serve' : 'Serving'} from ${servingOf(pools)}`;
  const sentence = `${[`${serving}${but}`, out, unwell].filter(Boolean).join('; ')}.`;
  if (isFailing) return { level: 'bad', sentence };
  const isTrouble = unwell !== '' || missing.some(({ state }) => state !== 'draining');
  return { level: isTrouble ? 'warn' : isIdle ? 'idle' : 'good', sentence };
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

/** @param {readonly PoolState[]} pools */
function servingOf(pools) {
  const where = pools.length > 1 ? ` in ${pools.length} pools` : '';
  const all = pools.flatMap(({ primaries }) => primaries).length;
  const serving = pools.flatMap(({ serving }) => serving.filter(isPrimary)).length;
  if (serving < all) return `${serving} of ${counted(all, 'primary', 'primaries')}${where}`;
  if (all === 0) return `the fallbacks alone${where}`;
  return all === 1 ? `the only primary${where}` : `all ${all} primaries${where}`;
}

/**
 * Who would serve, where requests fail all the same.
 * @param {readonly PoolState[]} pools
 */
function usableOf(pools) {
  const who = servingOf(pools);
  const isOne = who.startsWith('the only') || who.startsWith('1 of');
  return `${who.charAt(0).toUpperCase()}${who.slice(1)} ${isOne ? 'counts' : 'count'} as usable`;
}

/** @typedef {{ store: Store, since: Beginnings }} Told */

/**
 * @param {readonly PoolState[]} pools
 * @param {Told} told
 */
function deadSentences(pools, { store, since }) {
  const begun = earliest(pools.map(({ name }) => since.get(`dead ${name}`)));
  const who = whoIsOut(
    pools.flatMap(({ rows }) => rows),
    store,
  );
  const sentence = `No upstream is usable${inPools(pools, 'in')}${sinceText(begun, store)}: clients get errors`;
  return who === '' ? [sentence] : [sentence, who];
}

/**
 * @param {readonly PoolState[]} pools
 * @param {Store} store
 */
function failingSentence(pools, { nowMs }) {
  const errors = pools.flatMap((pool) => pool.errors ?? []);
  const failed = errors.reduce((total, each) => total + each.failed, 0);
  const requests = errors.reduce((total, each) => total + each.requests, 0);
  const lead = `Clients${inPools(pools, 'of')} get errors:`;
  const quietSinceMs = errors.flatMap((each) => each.quietSinceMs ?? []);
  if (quietSinceMs.length === errors.length) {
    const last = failed === 1 ? 'the last request' : `the last ${count(failed)} requests`;
    return `${lead} ${last} failed, and none came since ${time(Math.max(...quietSinceMs), nowMs)}`;
  }
  if (requests === 1) return `${lead} the only request of the last minute failed`;
  const share = failed === requests ? `all ${count(failed)}` : `${count(failed)} of ${count(requests)}`;
  return `${lead} ${share} requests of the last minute failed`;
}

/**
 * @param {readonly PoolState[]} pools
 * @param {Told} told
 */
function carriedSentence(pools, { store, since }) {
  const [first] = pools;
  const begun = sinceText(earliest(pools.map(({ name }) => since.get(`carried ${name}`))), store);
  if (!first || pools.length > 1)
    return `All primaries are out${inPools(pools, 'in')}${begun}; their fallbacks serve`;
  // No primary is among those that serve.
  const { primaries, serving, errors } = first;
  const fallbacks = `the ${serving.length === 1 ? 'fallback' : 'fallbacks'} ${list(serving.map(({ name }) => name))}`;
  const [serve, are] = serving.length === 1 ? ['serves', 'is'] : ['serve', 'are'];
  const rest = errors ? `only ${fallbacks} ${are} left` : `${fallbacks} ${serve}`;
  const isOne = primaries.length === 1;
  const who = isOne ? 'The only primary' : `All ${primaries.length} primaries`;
  const what = primaries.every(({ state }) => state === 'draining') ? 'drained' : 'out';
  return `${who}${inPools(pools, 'in')} ${isOne ? 'is' : 'are'} ${what}${begun}; ${rest}`;
}

/**
 * @param {readonly PoolState[]} pools
 * @param {string} word
 */
function inPools(pools, word) {
  return pools.some(({ name }) => name !== '') ? ` ${word} ${list(pools.map(({ name }) => name))}` : '';
}

/**
 * @param {number | undefined} sinceMs
 * @param {Store} store
 */
function sinceText(sinceMs, { nowMs }) {
  return sinceMs === undefined ? '' : ` since ${time(sinceMs, nowMs)}`;
}

/**
 * Who serves and is not well: slow, behind, or out again and again.
 * @param {Store} store
 * @param {readonly PoolState[]} pools
 */
function unwellSentence({ rows, events, nowMs }, pools) {
  const serving = new Set(pools.flatMap((pool) => pool.serving));
  const told = rows.flatMap((row) => {
    if (!serving.has(row)) return [];
    const lag = lagOf(row, rows);
    if (row.lagging) return [`${row.name} is ${lag ? `${whole(lag)} blocks ` : ''}behind`];
    if (row.slow) return [`${row.name} is slow`];
    const isOften = events.some(
      ({ upstream, type, out: left, level, count: times, time: at }) =>
        upstream === row.name &&
        type === 'upstream-quarantined' &&
        left !== undefined &&
        level === 'bad' &&
        times >= OFTEN &&
        nowMs - Date.parse(at) < 60_000,
    );
    return isOften ? [`${row.name} fails on and off`] : [];
  });
  const more = told.length - 2;
  return list(more > 1 ? [...told.slice(0, 2), `${more} more are not well`] : told);
}
