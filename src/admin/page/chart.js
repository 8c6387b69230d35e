/** One chart: a title, the values of this moment, the lines of 15 minutes drawn by uPlot, and a note in words. */

import { wordsAt } from './chart-data.js';
import { h, setShown, setText } from './dom.js';
import { time } from './format.js';

/** @import { ChartFigures } from './chart-data.js' */

/**
 * @typedef {object} ChartKind
 * @property {'requests' | 'good' | 'times'} name
 * @property {string} title
 * @property {{ label: string, ink: string, isFilled: boolean }[]} lines `ink` is a class that has its colour
 * @property {import('uplot').Scale} scale of the values
 * @property {(value: number) => string} format of the values at the axis
 * @property {import('uplot').Axis.Splits} [splits] where the axis has values
 */

const AXIS_FONT = '11px system-ui, sans-serif';

export class Chart {
  /** @type {ChartKind} */
  #kind;
  #values;
  #note = h('p', { class: 'note' });
  #empty = h('p', { class: 'empty', hidden: true });
  #plot = h('div', { class: 'plot', 'aria-hidden': 'true' });
  /** Has the colours of the axes. */
  #inks;
  /** @type {uPlot | undefined} */
  #drawing;
  /** @type {ChartFigures | undefined} */
  #figures;
  #nowMs = 0;
  element;

  /** @param {ChartKind} kind */
  constructor(kind) {
    this.#kind = kind;
    this.#values = kind.lines.map(() => h('b'));
    this.#inks = kind.lines.map(({ ink }) => h('i', { class: `key ${ink}`, 'aria-hidden': 'true' }));
    const legend = kind.lines.map(({ label }, n) => {
      const [key, value] = [this.#inks[n], this.#values[n]];
      return h('span', { class: 'value' }, key ?? '', h('span', {}, label), value ?? '');
    });
    const title = h('h3', {}, kind.title);
    const caption = h('figcaption', {}, title, h('div', { class: 'values' }, ...legend));
    const area = h('div', { class: 'plot-area' }, this.#plot, this.#empty);
    this.element = h('figure', { class: 'chart' }, caption, area, this.#note);
  }

  /**
   * Draws for the first time; the element has its place by then.
   * @param {number[]} at
   * @param {ChartFigures} figures
   */
  #begin(at, figures) {
    this.#drawing = new uPlot(this.#options(), [at, ...figures.lines], this.#plot);
    new ResizeObserver(() => this.#drawing?.setSize(this.#size())).observe(this.#plot);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.redraw());
  }

  /**
   * @param {number[]} at seconds of the wall clock
   * @param {ChartFigures} figures
   * @param {number} nowMs
   */
  update(at, figures, nowMs) {
    this.#figures = figures;
    this.#nowMs = nowMs;
    for (const [n, value] of this.#values.entries()) setText(value, figures.now[n] ?? '');
    setText(this.#empty, figures.empty);
    setShown(this.#empty, figures.empty !== '');
    if (this.#drawing) this.#drawing.setData([at, ...figures.lines]);
    else this.#begin(at, figures);
    this.#showNote();
  }

  #size() {
    return { width: this.#plot.clientWidth, height: this.#plot.clientHeight };
  }

  redraw() {
    this.#drawing?.redraw(false, true);
  }

  #showNote() {
    const { idx } = this.#drawing?.cursor ?? {};
    const at = typeof idx === 'number' ? this.#drawing?.data[0][idx] : undefined;
    if (typeof idx !== 'number' || at === undefined)
      return setText(this.#note, this.#figures?.empty === '' ? this.#figures.note : '');
    const values = this.#figures?.lines.map((line) => line[idx]) ?? [];
    setText(this.#note, `${time(at * 1_000, this.#nowMs)}: ${wordsAt(this.#kind.name, values)}`);
  }

  /** @returns {import('uplot').Options} */
  #options() {
    const axis = {
      font: AXIS_FONT,
      stroke: () => colourOf(this.#plot, 'color'),
      grid: { stroke: () => colourOf(this.#plot, 'borderTopColor'), width: 1 },
      ticks: { show: false },
    };
    return {
      ...this.#size(),
      padding: [8, 16, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, sync: { key: 'charts' }, points: { size: 6 } },
      scales: { x: { time: true }, y: this.#kind.scale },
      axes: [
        { ...axis, size: 22, gap: 4, space: 60, values: (_, splits) => splits.map((at) => minuteOf(at)) },
        {
          ...axis,
          size: 52,
          gap: 6,
          space: 28,
          values: (_, splits) => splits.map((value) => this.#label(value)),
          ...(this.#kind.splits ? { splits: this.#kind.splits } : {}),
        },
      ],
      series: [{}, ...this.#kind.lines.map((line, n) => this.#line(line, n))],
      hooks: { setCursor: [() => this.#showNote()] },
    };
  }

  /** @param {number | null} value null where an axis has no room for all its labels */
  #label(value) {
    return value === null ? '' : this.#kind.format(value);
  }

  /**
   * @param {{ isFilled: boolean }} line
   * @param {number} n
   * @returns {import('uplot').Series}
   */
  #line({ isFilled }, n) {
    const ink = this.#inks[n] ?? this.#plot;
    return {
      stroke: () => colourOf(ink, 'color'),
      width: 1.5,
      points: { show: false },
      ...(isFilled ? { fill: () => colourOf(ink, 'color').replace(/^rgb\((.*)\)$/, 'rgba($1, 0.2)') } : {}),
    };
  }
}

/**
 * A colour in the scheme of this moment, as a canvas takes it.
 * @param {Element} element
 * @param {'color' | 'borderTopColor'} property
 */
function colourOf(element, property) {
  return getComputedStyle(element)[property];
}

/** @param {number} atS */
function minuteOf(atS) {
  return time(atS * 1_000, atS * 1_000).slice(0, 5);
}
