/** A line of the last minutes as small as a word. Its figures stand beside it as text. */

import { duration } from './format.js';
import { buckets, mean, SECONDS, sumBetween } from './series.js';

/** @import { Series } from './series.js' */
/** @import { Store } from './store.js' */

const STEP_S = 12;
const REDRAW_S = 4;
/** Of less nothing is drawn: it would be a speck. */
const LEAST_S = 120;
const WIDTH = 100;
const HEIGHT = 24;
const SVG = 'http://www.w3.org/2000/svg';

export class Sparkline {
  #line = path('spark-line');
  #failures = path('spark-failures');
  #title = document.createElementNS(SVG, 'title');
  element = document.createElementNS(SVG, 'svg');
  #drawnFor = -1;
  /** Another one after the history was fetched anew. */
  /** @type {Series | undefined} */
  #series;

  constructor() {
    this.element.setAttribute('class', 'spark empty');
    this.element.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
    this.element.setAttribute('preserveAspectRatio', 'none');
    this.element.setAttribute('role', 'img');
    this.element.append(this.#title, this.#failures, this.#line);
  }

  /**
   * @param {Series | undefined} series of an upstream
   * @param {Pick<Store, 'toS' | 'firstS'>} store it is drawn from the daemon's first figures on
   */
  update(series, { toS, firstS = toS }) {
    // A second is a tenth of a pixel.
    if (toS - this.#drawnFor < REDRAW_S && toS >= this.#drawnFor && series === this.#series) return;
    this.#series = series;
    this.#drawnFor = toS;
    const span = Math.min(SECONDS, toS - firstS);
    const points = series && span >= LEAST_S ? pointsOf(series, toS, span) : [];
    this.#line.setAttribute('d', lineOf(points));
    this.#failures.setAttribute('d', failuresOf(points));
    const failed = points.some((point) => point.failed > 0) ? 'red marks: failures' : 'no failures';
    this.#title.textContent = `p50 over the last ${duration(Math.floor(span / 60) * 60_000)}; ${failed}`;
    // It keeps its place, so that no row changes its height.
    this.element.classList.toggle(
      'empty',
      points.every((point) => Number.isNaN(point.p50) && point.failed === 0),
    );
  }
}

/** @param {string} className */
function path(className) {
  const created = document.createElementNS(SVG, 'path');
  created.setAttribute('class', className);
  return created;
}

/** @typedef {{ x: number, p50: number, failed: number }} Point */

/**
 * @param {Series} series
 * @param {number} toS
 * @param {number} span in seconds
 * @returns {Point[]}
 */
function pointsOf({ p50_ms: times, failures }, toS, span) {
  if (!times) return [];
  return buckets(toS, STEP_S)
    .filter(({ at }) => toS - at < span)
    .map(({ at, from, to }) => ({
      x: WIDTH * (1 - (toS - at) / span),
      p50: mean(times, from, to),
      failed: failures ? sumBetween(failures, from, to) : 0,
    }));
}

/** @param {readonly Point[]} points */
function lineOf(points) {
  const most = points.reduce((all, { p50 }) => (p50 > all ? p50 : all), 0);
  let [line, isDrawing] = ['', false];
  for (const { x, p50 } of points) {
    if (Number.isNaN(p50)) {
      isDrawing = false;
      continue;
    }
    const y = HEIGHT - 2 - (p50 / most) * (HEIGHT - 5);
    // A point alone is a short stroke.
    line += isDrawing ? `L${x.toFixed(1)} ${y.toFixed(1)}` : `M${(x - 0.6).toFixed(1)} ${y.toFixed(1)}h.6`;
    isDrawing = true;
  }
  return line;
}

/** @param {readonly Point[]} points */
function failuresOf(points) {
  return points
    .filter(({ failed }) => failed > 0)
    .map(({ x }) => `M${x.toFixed(1)} ${HEIGHT}v-5`)
    .join('');
}
