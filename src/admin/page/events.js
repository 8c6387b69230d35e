/** The last events in plain words, newest first, to be filtered. */

import { h, labelled, select, setAttribute, setShown, setText, updateList } from './dom.js';
import { time } from './format.js';

/** @import { PageEvent } from './contract.js' */
/** @import { Store } from './store.js' */

const KINDS = /** @type {const} */ ([
  ['', 'all'],
  ['bad', 'trouble'],
  ['good', 'recoveries'],
  ['info', 'changes and facts'],
]);
/** For those who don't see the shapes. */
const WORDS = { good: 'recovery', bad: 'trouble', info: 'note' };

export class Events {
  #store;
  #text = h('input', {
    type: 'search',
    autocomplete: 'off',
    spellcheck: 'false',
    oninput: () => this.update(),
  });
  #kind = select(KINDS, { onchange: () => this.update() });
  #list = h('ol', { class: 'events', reversed: true, tabindex: 0, 'aria-label': 'Events, newest first' });
  #empty = h('p', { class: 'empty', role: 'status' });
  /** @type {Map<string, Line>} */
  #lines = new Map();

  /**
   * @param {HTMLElement} parent
   * @param {Store} store
   */
  constructor(parent, store) {
    this.#store = store;
    const tools = h(
      'div',
      { class: 'tools' },
      labelled('Filter events', this.#text),
      labelled('Kind', this.#kind),
    );
    parent.append(tools, this.#list, this.#empty);
  }

  update() {
    const { events, nowMs, about } = this.#store;
    const wanted = this.#text.value.trim().toLowerCase();
    const kind = this.#kind.value;
    const shown = events.filter(
      ({ text, pool = '', level }) =>
        (kind === '' || level === kind) && `${text} ${pool}`.toLowerCase().includes(wanted),
    );
    const list = {
      parent: this.#list,
      views: this.#lines,
      keyOf: (/** @type {PageEvent} */ { id }) => String(id),
      make: (/** @type {PageEvent} */ event) => new Line(event, about.pools.length > 1),
    };
    updateList(list, shown.reverse(), (line, event) => line.update(event, nowMs));
    setShown(this.#list, shown.length > 0);
    setShown(this.#empty, shown.length === 0);
    setText(
      this.#empty,
      events.length === 0
        ? 'Nothing has changed since the load balancer started.'
        : 'No event fits the filter.',
    );
  }
}

/** An event that repeats changes its line in place. */
class Line {
  #when = h('time');
  #text = h('span');
  element;

  /**
   * @param {PageEvent} event
   * @param {boolean} hasPools
   */
  constructor({ pool, level }, hasPools) {
    const shape = h('i', { class: 'shape', 'aria-hidden': 'true' });
    const kind = h('span', { class: 'unseen' }, `${WORDS[level] ?? level}: `);
    const said = h('span', { class: 'said' }, kind, this.#text);
    if (hasPools && pool !== undefined) said.append(' ', h('span', { class: 'badge' }, pool));
    this.element = h('li', { 'data-level': level }, this.#when, shape, said);
  }

  /**
   * @param {PageEvent} event
   * @param {number} nowMs
   */
  update({ time: at, text }, nowMs) {
    setText(this.#when, time(Date.parse(at), nowMs));
    setAttribute(this.#when, 'datetime', at);
    setText(this.#text, text);
  }
}
