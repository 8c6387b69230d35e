/** All that the page knows: the rows, 15 minutes of figures, the events. Pure: it is told, and tells whoever listens. */

import { advance, emptySeries, readSeries, SECONDS, setLast } from './series.js';

/** @import { About, Figures, History, Initial, PageEvent, Row, Update } from './contract.js' */
/** @import { Series } from './series.js' */

const MAX_EVENTS = 100;
const POOL_FIELDS = ['requests', 'good', 'p50_ms', 'p99_ms'];
const UPSTREAM_FIELDS = ['attempts', 'failures', 'p50_ms'];
const DEFAULT_POOL = 'default';

export class Store {
  /** @type {readonly Row[]} */
  rows;
  /** @type {About} */
  about;
  /** @type {readonly PageEvent[]} oldest first */
  events = [];
  /** @type {Map<string, Series>} by pool */
  pools = new Map();
  /** @type {Map<string, Series>} by the upstream's name */
  upstreams = new Map();
  /** The end of the last second that is known, in seconds of the daemon's wall clock. */
  toS = 0;
  /** When the first figures were, in seconds of the daemon's wall clock, as far back as they are kept; undefined without any. */
  /** @type {number | undefined} */
  firstS;
  /** Requests under way, and those that wait for an upstream. */
  inFlight = 0;
  waiting = 0;
  /** When the connection was lost, in this browser's wall clock; undefined while there is one. */
  /** @type {number | undefined} */
  lostAtMs;
  /** Why there is none, when that is known. */
  lostBecause = '';
  /** What the daemon's wall clock is ahead of the browser's. */
  #offsetMs = 0;
  /** @type {() => number} */
  #wallMs;
  /** @type {(() => void)[]} */
  #listeners = [];

  /**
   * @param {Initial} initial
   * @param {() => number} wallMs this browser's clock
   */
  constructor({ stats, history, about }, wallMs = Date.now) {
    this.#wallMs = wallMs;
    this.rows = stats;
    this.about = about;
    // The attempts, until the first message has the requests.
    this.inFlight = stats.reduce((total, { connections }) => total + connections, 0);
    this.replaceHistory(history);
  }

  /** The daemon's wall clock, which all its times are of. */
  get nowMs() {
    return this.#wallMs() + this.#offsetMs;
  }

  /** @param {() => void} listener called after each change */
  listen(listener) {
    this.#listeners.push(listener);
  }

  /** @param {History} history */
  replaceHistory(history) {
    this.#setClock(history.now);
    this.toS = Math.round(Date.parse(history.to) / 1_000);
    this.pools = new Map(history.pools.map((each) => [each.pool, readSeries(POOL_FIELDS, each)]));
    this.upstreams = new Map(history.upstreams.map((each) => [each.name, readSeries(UPSTREAM_FIELDS, each)]));
    this.events = history.events.slice(-MAX_EVENTS);
    this.#findFirst();
    this.#tell();
  }

  /** @param {Update} update */
  update({ time, events, figures, about }) {
    this.#setClock(time);
    if (about) this.about = about;
    if (events.length > 0) this.events = [...without(this.events, events), ...events].slice(-MAX_EVENTS);
    if (figures) this.#append(figures);
    this.#tell();
  }

  /**
   * What the API has answered to a change: shown at once, before the next figures come.
   * @param {Row} row
   */
  replaceRow(row) {
    this.rows = this.rows.map((each) => (each.name === row.name ? row : each));
    this.#tell();
  }

  /**
   * An upstream that the API has removed.
   * @param {string} name
   */
  removeRow(name) {
    this.rows = this.rows.filter((each) => each.name !== name);
    this.#tell();
  }

  /** @param {string} because empty when it is not known */
  lost(because) {
    this.lostAtMs ??= this.#wallMs();
    this.lostBecause = because;
    this.#tell();
  }

  connected() {
    this.lostAtMs = undefined;
    this.lostBecause = '';
    this.#tell();
  }

  /** @param {Figures} figures */
  #append({ to, pools, upstreams, stats }) {
    this.rows = stats;
    const toS = Math.round(Date.parse(to) / 1_000);
    const seconds = toS - this.toS;
    if (seconds < 0) return;
    this.toS = toS;
    for (const series of [...this.pools.values(), ...this.upstreams.values()]) advance(series, seconds);
    for (const figures of pools) setLast(of(this.pools, figures.pool, POOL_FIELDS), figures);
    for (const figures of upstreams) setLast(of(this.upstreams, figures.name, UPSTREAM_FIELDS), figures);
    forget(
      this.pools,
      pools.map(({ pool }) => pool),
    );
    forget(
      this.upstreams,
      stats.map(({ name }) => name),
    );
    this.inFlight = pools.reduce((total, pool) => total + pool.in_flight, 0);
    this.waiting = pools.reduce((total, pool) => total + pool.waiting, 0);
    if (this.firstS === undefined) this.#findFirst();
  }

  #findFirst() {
    const found = [...this.pools.values()].flatMap(
      ({ requests }) => requests?.findIndex((value) => value > 0) ?? -1,
    );
    const first = Math.min(...found.filter((index) => index >= 0));
    this.firstS = first === Number.POSITIVE_INFINITY ? undefined : this.toS - SECONDS + first;
  }

  /** @param {string} daemonTime */
  #setClock(daemonTime) {
    this.#offsetMs = Date.parse(daemonTime) - this.#wallMs();
  }

  #tell() {
    for (const listener of this.#listeners) listener();
  }
}

/**
 * The name of an upstream's pool, also where there is only one.
 * @param {{ pool?: string }} row
 */
export function poolOf({ pool }) {
  return pool ?? DEFAULT_POOL;
}

/**
 * Those that are not told again, because they have repeated or because of a reconnection.
 * @param {readonly PageEvent[]} known
 * @param {readonly PageEvent[]} told
 */
function without(known, told) {
  const ids = new Set(told.map(({ id }) => id));
  return known.filter(({ id }) => !ids.has(id));
}

/**
 * @param {Map<string, Series>} all
 * @param {string} name
 * @param {readonly string[]} fields
 */
function of(all, name, fields) {
  const series = all.get(name) ?? emptySeries(fields);
  all.set(name, series);
  return series;
}

/**
 * @param {Map<string, Series>} all
 * @param {readonly string[]} names those that are still there
 */
function forget(all, names) {
  const kept = new Set(names);
  for (const name of all.keys()) if (!kept.has(name)) all.delete(name);
}
