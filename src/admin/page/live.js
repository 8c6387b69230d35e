/** Keeps the store up to date by server-sent events, connects anew, and says since when there is no connection. */

import { call, fetchHistory, urlOf } from './api.js';
import { Gaps } from './gaps.js';

/** @import { Update } from './contract.js' */
/** @import { Store } from './store.js' */

/** Figures come every second: after this long without any the connection is held to be dead. */
const SILENCE_MS = 6_000;
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 8_000;
/** How long the reader has to see why the page is loaded anew. */
const RELOAD_AFTER_MS = 2_500;

export class Live {
  /** @type {Store} */
  #store;
  /** @type {EventSource | undefined} */
  #source;
  #retryMs = FIRST_RETRY_MS;
  #gaps = new Gaps();
  #version;
  #heardAtMs = 0;
  /** One message after the other, though the first one after a reconnection waits for the history. */
  #heard = Promise.resolve();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retry;

  /** @param {Store} store */
  constructor(store) {
    this.#store = store;
    this.#version = store.about.version;
    setInterval(() => this.#watch(), 1_000);
    addEventListener('online', () => this.#retryNow());
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) this.#watch();
    });
    this.#connect();
  }

  #connect() {
    this.#heardAtMs = performance.now();
    const source = new EventSource(urlOf('events?live'));
    this.#source = source;
    source.addEventListener('update', ({ data }) => {
      const arrivedAtMs = performance.now();
      this.#heard = this.#heard.then(() => this.#hear(source, data, arrivedAtMs)).catch(console.error);
    });
    source.addEventListener('error', () => this.#lose(source));
  }

  /**
   * @param {EventSource} source
   * @param {string} data
   * @param {number} arrivedAtMs
   */
  async #hear(source, data, arrivedAtMs) {
    if (source !== this.#source) return;
    this.#heardAtMs = performance.now();
    /** @type {Update} */
    const update = JSON.parse(data);
    // Another program than the one that this page was made for.
    if (update.about && update.about.version !== this.#version) return location.reload();
    const aheadS = update.figures ? Date.parse(update.figures.to) / 1_000 - this.#store.toS : 0;
    if (this.#gaps.mustFill(aheadS, { arrivedAtMs, nowMs: performance.now() })) {
      // What happened meanwhile, so that no gap stays.
      const history = await fetchHistory();
      // Lost meanwhile: what is missed then is for the next connection to fetch.
      if (source !== this.#source) return;
      this.#gaps.filled(history !== undefined, performance.now());
      if (history) this.#store.replaceHistory(history);
    }
    this.#retryMs = FIRST_RETRY_MS;
    if (this.#store.lostAtMs !== undefined) this.#store.connected();
    this.#store.update(update);
  }

  /** @param {EventSource} source */
  #lose(source) {
    if (source !== this.#source) return;
    source.close();
    this.#source = undefined;
    this.#gaps.lost();
    this.#store.lost('');
    this.#retry = setTimeout(() => this.#connect(), this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
    this.#findWhy();
  }

  async #findWhy() {
    const { status, ok } = await call('GET', 'stats');
    if (status === 401) {
      this.#store.lost('The token has changed: this page is loaded anew, log in again');
      setTimeout(() => location.reload(), RELOAD_AFTER_MS);
    } else if (ok && this.#source === undefined && this.#retryMs >= LONGEST_RETRY_MS)
      this.#store.lost('It answers, but gives no live figures: perhaps too many pages are open');
  }

  #watch() {
    if (this.#source && performance.now() - this.#heardAtMs > SILENCE_MS) this.#lose(this.#source);
  }

  #retryNow() {
    if (this.#source) return;
    clearTimeout(this.#retry);
    this.#connect();
  }
}
