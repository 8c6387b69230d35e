/** One upstream: a card on narrow screens, a row on wide ones. Its elements stay; only their texts change. */

import { h, setAttribute, setShown, setText } from './dom.js';
import { count, counted, duration, ms, NONE, percent, rate, time, uptimeMs, whole } from './format.js';
import { outSinceMs } from './outages.js';
import { Sparkline } from './sparkline.js';
import { blockOf, failuresOf, problemOf } from './upstream-facts.js';
import { failureOf, reasonOf, SOURCES } from './words.js';

/** @import { Actions } from './actions.js' */
/** @import { Row } from './contract.js' */
/** @import { Store } from './store.js' */
/** @import { Traffic } from './upstream-facts.js' */
/** @typedef {{ store: Store, traffic: Traffic, lag: number | undefined, isAsked: boolean }} Facts `isAsked`: for its block */

export const COLUMNS = ['Upstream', 'State', 'Traffic', 'Latency', 'Failures', 'Budget', 'Block', 'Changes'];

export class UpstreamCard {
  /** @type {Row} */
  #row;
  #name = h('strong', { class: 'name' });
  #url = h('span', { class: 'aside url' });
  #memory = h('span', { class: 'aside', title: 'memory that its process uses' });
  #state = new Cell('State');
  #stateWord = h('b');
  #slow = h('span', { class: 'badge', hidden: true }, 'slow');
  #lagging = h('span', { class: 'badge', hidden: true }, 'behind');
  #traffic = new Cell('Traffic');
  #trafficBar = new Bar();
  #latency = new Cell('Latency');
  #spark = new Sparkline();
  #failures = new Cell('Failures');
  #budget = new Cell('Budget');
  #budgetBar = new Bar();
  #block = new Cell('Block');
  #drain;
  #release;
  #weight;
  #remove;
  #more;
  element;

  /**
   * @param {Row} row
   * @param {Actions} actions
   */
  constructor(row, actions) {
    this.#row = row;
    const shape = h('i', { class: 'shape', 'aria-hidden': 'true' });
    this.#state.main.replaceChildren(shape, this.#stateWord, this.#slow, this.#lagging);
    this.#traffic.main.after(this.#trafficBar.element);
    this.#latency.element.lastElementChild?.append(this.#spark.element);
    this.#budget.main.after(this.#budgetBar.element);
    const { name } = row;
    const button = (/** @type {string} */ text, /** @type {() => void} */ onclick) =>
      h('button', { type: 'button', 'aria-label': `${text} ${name}`, onclick }, text);
    const afterRemoval = () => document.getElementById('add');
    this.#drain = button('Drain', () => actions.drain(this.#row));
    this.#release = button('Release', () => actions.release(this.#row, () => this.#drain));
    this.#weight = button('Weight', () => actions.weigh(this.#row));
    this.#remove = button('Remove', () => actions.remove(this.#row, afterRemoval));
    this.#more = h('button', { type: 'button', class: 'more', onclick: () => this.#unfold() }, 'More');
    for (const rare of [this.#weight, this.#remove]) rare.classList.add('rare');
    const cells = [this.#state, this.#traffic, this.#latency, this.#failures, this.#budget, this.#block];
    this.element = h(
      'li',
      { class: 'upstream' },
      h('div', { class: 'who' }, this.#name, this.#url, this.#memory),
      h('dl', {}, ...cells.map(({ element }) => element)),
      h('div', { class: 'actions' }, this.#drain, this.#weight, this.#remove, this.#release, this.#more),
    );
    this.#showMore(false);
  }

  #unfold() {
    this.#showMore(!this.element.classList.contains('open'));
  }

  /**
   * On narrow screens, where there is no room for everything; elsewhere all is shown.
   * @param {boolean} isOpen
   */
  #showMore(isOpen) {
    this.element.classList.toggle('open', isOpen);
    setText(this.#more, isOpen ? 'Less' : 'More');
    setAttribute(this.#more, 'aria-expanded', String(isOpen));
    setAttribute(this.#more, 'aria-label', `${isOpen ? 'Less' : 'More'} about ${this.#row.name}`);
  }

  /**
   * @param {Row} row
   * @param {Facts} facts
   */
  update(row, facts) {
    this.#row = row;
    setText(this.#name, row.name);
    setText(this.#url, row.url.replace(/^https?:\/\//, ''));
    setAttribute(this.#url, 'title', row.url);
    setText(this.#memory, row.memory_usage === null ? '' : `process: ${row.memory_usage}`);
    setAttribute(this.element, 'data-state', row.state);
    this.#updateState(row, facts);
    this.#updateTraffic(row, facts);
    this.#updateBudget(row);
    this.#spark.update(facts.store.upstreams.get(row.name), facts.store);
    const { p50, p99 } = row.latency_ms;
    if (p50 === null)
      this.#latency.show(NONE, row.requests > row.failures ? 'none in the last minutes' : 'no answer yet');
    else this.#latency.show(`p50 ${ms(p50)}`, `p99 ${ms(p99)}`);
    this.#updateFailures(row, facts);
    this.#updateBlock(row, facts);
    const drainWord = row.state === 'draining' ? 'Take back' : 'Drain';
    setText(this.#drain, drainWord);
    setAttribute(this.#drain, 'aria-label', `${drainWord} ${row.name}`);
    setShown(this.#release, row.state === 'quarantined');
  }

  /**
   * @param {Row} row
   * @param {Facts} facts
   */
  #updateState(row, { store, lag }) {
    setText(this.#stateWord, wordOf(row));
    setShown(this.#slow, row.slow);
    setShown(this.#lagging, row.lagging);
    setText(this.#lagging, lag ? `${whole(lag)} behind` : 'behind');
    if (row.state === 'usable')
      return this.#state.showAside(`up ${duration(uptimeMs(row.uptime))}`, 'since it came up');
    const since = outSinceMs(row, store);
    const why = row.state === 'draining' ? 'by an operator' : reasonOf(row).replace(/^is /, '');
    const problem = problemOf(row, store.events);
    const facts = [problem === '' ? why : `${why}: ${problem}`];
    if (row.until !== null) {
      const untilMs = Date.parse(row.until);
      const left = untilMs - store.nowMs;
      facts.push(left > 0 ? `until ${time(untilMs, store.nowMs)}, ${duration(left)} left` : 'ends now');
    } else if (since !== undefined) facts.push(`since ${time(since, store.nowMs)}`);
    return this.#state.showAside(facts.join(', '));
  }

  /**
   * @param {Row} row
   * @param {Facts} facts
   */
  #updateTraffic({ weight, connections }, { traffic: { share, perSecond } }) {
    this.#trafficBar.show(share);
    const facts = [
      Number.isNaN(share) ? '' : `${percent(share)} of the last minute`,
      connections > 0 ? `${count(connections)} in flight` : '',
      `weight ${weight}`,
    ];
    this.#traffic.show(rate(perSecond), facts.filter(Boolean).join(', '));
  }

  /**
   * @param {Row} row
   * @param {Facts} facts
   */
  #updateFailures(row, { traffic: { attempts, failures } }) {
    const lately = attempts === 0 ? 'no attempts' : `${percent(failures / attempts)} of ${count(attempts)}`;
    const classes = failuresOf(row).map(([reason, times]) => `${count(times)} ${failureOf(reason)}`);
    const since = classes.length > 0 ? classes.join(', ') : 'none since the start';
    this.#failures.show(lately, since);
    this.#failures.main.classList.toggle('failed', failures > 0);
  }

  /** @param {Row} row */
  #updateBudget({ budget, limits, failures_by_reason: failures }) {
    const most = [
      limits.logs_range === null ? '' : `logs ≤ ${count(limits.logs_range)} blocks`,
      limits.batch === null ? '' : `batch ≤ ${count(limits.batch)}`,
    ].filter(Boolean);
    this.#budgetBar.show(budget ? budget.used : Number.NaN);
    const refusals = failures['rate-limited'] ?? 0;
    if (!budget && refusals > 0)
      return this.#budget.show('limit not known yet', [counted(refusals, 'refusal'), ...most].join(', '));
    if (!budget) return this.#budget.show('no limit known', most.join(', '));
    const waiting = budget.waiting > 0 ? [`${count(budget.waiting)} waiting`] : [];
    const source = SOURCES[budget.source] ?? budget.source;
    return this.#budget.show(
      `${percent(budget.used)} of ${rate(budget.rps)}`,
      [source, ...waiting, ...most].join(', '),
    );
  }

  /**
   * @param {Row} row
   * @param {Facts} facts
   */
  #updateBlock(row, { lag, isAsked }) {
    this.#block.show(...blockOf(row, lag, isAsked));
  }
}

/** @param {Row} row */
function wordOf({ state, connections }) {
  if (state !== 'draining') return state;
  return connections > 0 ? `draining, ${count(connections)} in flight` : 'drained';
}

/** A term with its value, and a second line. */
class Cell {
  main = h('span', { class: 'main' });
  #aside = h('span', { class: 'aside' });
  element;

  /** @param {string} term */
  constructor(term) {
    this.element = h(
      'div',
      { class: `cell cell-${term.toLowerCase()}` },
      h('dt', {}, term),
      h('dd', {}, this.main, this.#aside),
    );
  }

  /**
   * @param {string} main
   * @param {string} aside
   */
  show(main, aside) {
    setText(this.main, main);
    this.showAside(aside);
  }

  /**
   * @param {string} aside
   * @param {string} [title] what it means
   */
  showAside(aside, title = '') {
    setText(this.#aside, aside);
    setAttribute(this.#aside, 'title', title === '' ? false : title);
  }
}

/** A share as a bar. The number stands beside it. */
class Bar {
  #filled = h('i');
  element = h('span', { class: 'share', 'aria-hidden': 'true' }, this.#filled);

  /** @param {number} share NaN for none */
  show(share) {
    this.element.classList.toggle('unknown', Number.isNaN(share));
    const width = `${(Number.isNaN(share) ? 0 : Math.min(1, share) * 100).toFixed(1)}%`;
    if (this.#filled.style.width !== width) this.#filled.style.width = width;
  }
}
