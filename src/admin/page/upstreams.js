/** The upstreams of all pools. Pools that are well are folded where there are many; what was unfolded stays so. */

import { h, labelled, setShown, setText, updateList } from './dom.js';
import { levelOf, PoolSection } from './pool-section.js';
import { statesOf } from './pool-states.js';
import { reasonOf } from './words.js';

/** @import { Row } from './contract.js' */
/** @import { PoolState } from './pool-states.js' */
/** @import { Parts } from './pool-section.js' */

/** With more upstreams than this they can be filtered, and pools that are well are folded. */
const FEW = 12;
const KEPT_AS = 'rpc-load-balancer folds';

export class Upstreams {
  #parts;
  /** @type {Map<string, PoolSection>} */
  #sections = new Map();
  #list = h('div', { class: 'pools' });
  #filter = h('input', {
    type: 'search',
    autocomplete: 'off',
    spellcheck: 'false',
    oninput: () => this.update(),
  });
  #onlyUnwell = h('input', { type: 'checkbox', onchange: () => this.update() });
  #tools;
  #nothing = h('p', { class: 'empty', role: 'status', hidden: true });
  /** Whether a pool is unfolded, as the reader wants it or as it was when the page was opened. */
  #open = readFolds();

  /**
   * @param {HTMLElement} parent
   * @param {Parts} parts
   */
  constructor(parent, parts) {
    this.#parts = parts;
    const unwell = h('label', { class: 'check' }, this.#onlyUnwell, 'only those with trouble');
    this.#tools = h('div', { class: 'tools' }, labelled('Filter upstreams', this.#filter), unwell);
    parent.append(this.#tools, this.#list, this.#nothing);
  }

  update() {
    const { store } = this.#parts;
    const pools = statesOf(store);
    const isAlone = pools.length === 1;
    const hasMany = store.rows.length > FEW;
    setShown(this.#tools, hasMany || this.#isFiltering);
    const views = pools.map((state, index) => ({
      state,
      name: store.about.pools[index]?.pool ?? '',
      shown: this.#filtered(state),
    }));
    const visible = views.filter(({ shown }) => !this.#isFiltering || shown.length > 0);
    const list = {
      parent: this.#list,
      views: this.#sections,
      keyOf: (/** @type {{ name: string }} */ { name }) => name,
      make: (/** @type {{ name: string }} */ { name }) =>
        new PoolSection(name, this.#parts, (pool) => this.#toggle(pool)),
    };
    updateList(list, visible, (section, { state, name, shown }) => {
      if (!this.#open.has(name)) this.#open.set(name, isAlone || !hasMany || levelOf(state) !== 'good');
      const isOpen = isAlone || this.#isFiltering || this.#open.get(name) === true;
      section.update(state, { shown, isOpen, isAlone });
    });
    setShown(this.#nothing, visible.length === 0);
    setText(
      this.#nothing,
      this.#onlyUnwell.checked ? 'No upstream with trouble fits.' : 'No upstream fits the filter.',
    );
  }

  get #isFiltering() {
    return this.#onlyUnwell.checked || this.#filter.value.trim() !== '';
  }

  /**
   * @param {PoolState} state
   * @returns {readonly Row[]}
   */
  #filtered({ rows, name: pool }) {
    const wanted = this.#filter.value.trim().toLowerCase();
    return rows.filter((row) => {
      if (this.#onlyUnwell.checked && row.state === 'usable' && !row.slow && !row.lagging) return false;
      const text = `${row.name} ${pool} ${row.url} ${row.tier} ${row.state} ${reasonOf(row)}`;
      return text.toLowerCase().includes(wanted);
    });
  }

  /** @param {string} pool */
  #toggle(pool) {
    this.#open.set(pool, this.#open.get(pool) !== true);
    keepFolds(this.#open);
    this.update();
  }
}

/** @returns {Map<string, boolean>} */
function readFolds() {
  try {
    return new Map(JSON.parse(sessionStorage.getItem(KEPT_AS) ?? '[]'));
  } catch {
    return new Map();
  }
}

/** @param {Map<string, boolean>} folds */
function keepFolds(folds) {
  try {
    sessionStorage.setItem(KEPT_AS, JSON.stringify([...folds]));
  } catch {
    // The browser keeps nothing for this page: then it is forgotten at the next reload.
  }
}
