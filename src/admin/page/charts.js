/** The three charts of the last 15 minutes, of all pools or of one. */

import { Chart } from './chart.js';
import { chartFigures } from './chart-data.js';
import { h, options, setShown, setText } from './dom.js';
import { ms, percent, rate } from './format.js';
import { together } from './series.js';

/** @import { ChartKind } from './chart.js' */
/** @import { Store } from './store.js' */

/** Decades only: p50 and p99 often differ by a hundred times. */
/** @type {import('uplot').Scale} */
const DECADES = {
  distr: 3,
  log: 10,
  range: (_, least, most) => {
    if (!(least > 0) || !(most > 0)) return [1, 100];
    const from = Math.floor(Math.log10(least));
    return [10 ** from, 10 ** Math.max(from + 1, Math.ceil(Math.log10(most)))];
  },
};

/** Where the axis of shares begins. */
const FLOORS = [0.99, 0.95, 0.9, 0.5];

/** @type {ChartKind[]} */
const KINDS = [
  {
    name: 'requests',
    title: 'Requests',
    lines: [
      { label: 'all', ink: 'ink-plain', isFilled: true },
      { label: 'failed', ink: 'ink-bad', isFilled: true },
    ],
    scale: { range: (_, __, most) => [0, Math.max(1, most * 1.1)] },
    format: rate,
  },
  {
    name: 'good',
    title: 'Good answers',
    lines: [{ label: 'last minute', ink: 'ink-good', isFilled: false }],
    scale: { range: (_, least) => [FLOORS.find((floor) => floor <= least) ?? 0, 1] },
    format: (share) => percent(Number(share.toFixed(3))),
  },
  {
    name: 'times',
    title: 'Latency',
    lines: [
      { label: 'p50', ink: 'ink-plain', isFilled: false },
      { label: 'p99', ink: 'ink-warn', isFilled: false },
    ],
    scale: DECADES,
    splits: (_, __, least, most) => decades(least, most),
    // "1 min 40 s" has no room there.
    format: (value) => (value >= 59_500 ? `${value / 1_000}\u00a0s` : ms(value)),
  },
];

/**
 * @param {number} least
 * @param {number} most
 */
function decades(least, most) {
  const found = [];
  for (let value = least; value <= most * 1.001; value *= 10) found.push(value);
  return found;
}

const ALL = '';

export class Charts {
  /** @type {Store} */
  #store;
  #charts = KINDS.map((kind) => ({ name: kind.name, chart: new Chart(kind) }));
  #pool = h('select', { 'aria-label': 'Pool of the charts', onchange: () => this.update() });
  #pools = '';
  #caution = h('p', { class: 'hint', hidden: true });

  /**
   * @param {HTMLElement} parent
   * @param {Store} store
   */
  constructor(parent, store) {
    this.#store = store;
    setText(
      this.#caution,
      'p50 is the mean of the pools’, weighted by requests; p99 is that of the slowest pool.',
    );
    parent.querySelector('.section-head')?.append(this.#pool);
    parent.append(
      h('div', { class: 'charts' }, ...this.#charts.map(({ chart }) => chart.element)),
      this.#caution,
    );
  }

  update() {
    const { pools, toS, nowMs } = this.#store;
    this.#updateChoice();
    const chosen = pools.get(this.#pool.value);
    const series = chosen ?? together([...pools.values()]);
    setShown(this.#caution, chosen === undefined && pools.size > 1);
    const { at, charts } = chartFigures(series, toS);
    for (const { name, chart } of this.#charts) chart.update(at, charts[name], nowMs);
  }

  #updateChoice() {
    const names = this.#store.about.pools.map(({ pool }) => pool);
    setShown(this.#pool, names.length > 1);
    if (names.join() === this.#pools) return;
    this.#pools = names.join();
    const { value } = this.#pool;
    this.#pool.replaceChildren(
      ...options([[ALL, 'all pools'], ...names.map((name) => /** @type {const} */ ([name, name]))]),
    );
    this.#pool.value = names.includes(value) ? value : ALL;
  }
}
