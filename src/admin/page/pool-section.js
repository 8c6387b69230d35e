/** The upstreams of one pool: its figures, its strategy, and the two tiers. */

import { h, setAttribute, setShown, setText, updateList } from './dom.js';
import { counted, rate } from './format.js';
import { sum } from './series.js';
import { COLUMNS, UpstreamCard } from './upstream-card.js';
import { lagOf, trafficOf } from './upstream-facts.js';

/** @import { Actions } from './actions.js' */
/** @import { Row } from './contract.js' */
/** @import { PoolState } from './pool-states.js' */
/** @import { Store } from './store.js' */
/** @typedef {{ store: Store, actions: Actions }} Parts */

export class PoolSection {
  /** @type {Parts} */
  #parts;
  /** @type {string} */
  #pool;
  #facts = h('span', { class: 'facts' });
  #strategy = h('button', {
    type: 'button',
    class: 'strategy',
    onclick: () => this.#parts.actions.strategy(this.#pool),
  });
  #fold;
  #title;
  #body = h('div', { class: 'pool-body' });
  #tiers;
  #none = h('p', { class: 'empty' });
  element;

  /**
   * @param {string} pool
   * @param {Parts} parts
   * @param {(pool: string) => void} onFold
   */
  constructor(pool, parts, onFold) {
    this.#parts = parts;
    this.#pool = pool;
    this.#tiers = { primary: new Tier('Primaries', parts), fallback: new Tier('Fallbacks', parts) };
    const id = `pool-${pool}`;
    this.#body.id = id;
    this.#fold = h(
      'button',
      { type: 'button', class: 'fold', 'aria-controls': id, onclick: () => onFold(pool) },
      pool,
    );
    this.#title = h('h3', {}, this.#fold);
    const head = h('header', { class: 'pool-head' }, this.#title, this.#facts, this.#strategy);
    this.#body.append(this.#tiers.primary.element, this.#tiers.fallback.element, this.#none);
    this.element = h('section', { class: 'pool', 'aria-label': `Pool ${pool}` }, head, this.#body);
  }

  /**
   * @param {PoolState} state
   * @param {{ shown: readonly Row[], isOpen: boolean, isAlone: boolean }} view `shown`: the rows that the filter lets through
   */
  update(state, { shown, isOpen, isAlone }) {
    const { store } = this.#parts;
    const about = store.about.pools.find(({ pool }) => pool === this.#pool);
    setAttribute(this.#fold, 'aria-expanded', String(isOpen));
    this.#title.classList.toggle('unseen', isAlone);
    this.#fold.disabled = isAlone;
    setText(this.#facts, this.#factsOf(state, isAlone ? '' : (about?.path ?? '')));
    const strategy = about?.strategy ?? '';
    setText(this.#strategy, `Strategy: ${strategy}`);
    setAttribute(this.#strategy, 'aria-label', `Strategy: ${strategy}, of pool ${this.#pool}`);
    setAttribute(this.element, 'data-level', levelOf(state));
    setAttribute(this.element, 'data-open', isOpen);
    setShown(this.#body, isOpen);
    if (!isOpen) return;
    const traffic = trafficOf(state.rows, store.upstreams);
    const of = (/** @type {string} */ tier) => shown.filter((row) => row.tier === tier);
    this.#tiers.primary.update(of('primary'), state.rows, traffic);
    this.#tiers.fallback.update(of('fallback'), state.rows, traffic);
    setText(this.#none, 'This pool has no upstream. Add one, or its clients get errors.');
    setShown(this.#none, state.rows.length === 0);
  }

  /**
   * @param {PoolState} state
   * @param {string} path
   */
  #factsOf({ rows, usable }, path) {
    const perSecond = sum(this.#parts.store.pools.get(this.#pool)?.['requests'], 10) / 10;
    const health = `${usable.length} of ${counted(rows.length, 'upstream')} usable`;
    return [path === '' ? '' : `at ${path}`, health, rate(perSecond)].filter(Boolean).join(' · ');
  }
}

/** @param {PoolState} state */
export function levelOf({ rows, isDead, errors, out }) {
  if (isDead || errors) return 'bad';
  if (out.length > 0) return 'warn';
  return rows.some(({ slow, lagging }) => slow || lagging) ? 'warn' : 'good';
}

class Tier {
  #parts;
  /** @type {Map<string, UpstreamCard>} */
  #cards = new Map();
  #list = h('ul', { class: 'upstreams', role: 'list' });
  element;

  /**
   * @param {string} title
   * @param {Parts} parts
   */
  constructor(title, parts) {
    this.#parts = parts;
    const [, ...others] = COLUMNS;
    // Each value has its term; on wide screens this one line has them for all.
    const columns = h(
      'div',
      { class: 'columns', 'aria-hidden': 'true' },
      h('span'),
      ...others.map((name) => h('span', {}, name)),
    );
    this.element = h('div', { class: 'tier', hidden: true }, h('h4', {}, title), columns, this.#list);
  }

  /**
   * @param {readonly Row[]} rows
   * @param {readonly Row[]} all of the pool
   * @param {ReturnType<typeof trafficOf>} traffic
   */
  update(rows, all, traffic) {
    setShown(this.element, rows.length > 0);
    const { store, actions } = this.#parts;
    const isAsked = all.some(({ block_height: height }) => height !== null);
    const list = {
      parent: this.#list,
      views: this.#cards,
      keyOf: (/** @type {Row} */ { name }) => name,
      make: (/** @type {Row} */ row) => new UpstreamCard(row, actions),
    };
    updateList(list, rows, (card, row) => {
      const own = traffic.get(row.name);
      if (own) card.update(row, { store, traffic: own, lag: lagOf(row, all), isAsked });
    });
  }
}
