/** What is known of how quickly one upstream answers. */

import { CALL_KINDS } from '../events.ts';
import { kindOfKey, LATENCY_KEYS } from '../rpc/method-kinds.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import { LatencySketch } from './latency-sketch.ts';
import type { Silence } from './silence-watch.ts';

/** How much one latency moves the score. */
const NEWS = 1 / 8;
/** So many latencies make a score. */
const LEAST_SCORED = 4;

/** Numbers and arrays that are made once; a sketch for each method that it is asked for. */
export class UpstreamSpeed {
  readonly silence: Silence;
  readonly #sketches = new Array<LatencySketch | undefined>(LATENCY_KEYS).fill(undefined);
  /** For each kind, the mean of the logarithm of how many times longer than usual it takes lately. */
  readonly #scores = new Float64Array(CALL_KINDS.length);
  readonly #scored = new Uint32Array(CALL_KINDS.length);

  constructor(silence: Silence) {
    this.silence = silence;
  }

  get upstream(): Upstream {
    return this.silence.upstream;
  }

  /** Undefined while it has not answered such calls. */
  sketch(key: number): LatencySketch | undefined {
    return this.#sketches[key];
  }

  add(key: number, durationMs: number, nowMs: number): void {
    let sketch = this.#sketches[key];
    if (sketch === undefined) {
      sketch = new LatencySketch();
      this.#sketches[key] = sketch;
    }
    sketch.add(durationMs, nowMs);
  }

  score(kind: number): number {
    return this.#scores[kind] ?? 0;
  }

  /** Whether it has answered calls of the kind often enough to have a score. */
  hasScore(kind: number): boolean {
    return (this.#scored[kind] ?? 0) >= LEAST_SCORED;
  }

  /** `ratio` is the logarithm of how many times longer than usual an answer took. */
  addToScore(kind: number, ratio: number): void {
    const score = this.score(kind);
    this.#scores[kind] = score + (ratio - score) * NEWS;
    this.#scored[kind] = (this.#scored[kind] ?? 0) + 1;
  }

  /** It is well again: what it took before says nothing of how long it takes. */
  forget(kind: number): void {
    this.#scores[kind] = 0;
    this.#scored[kind] = 0;
    this.#sketches.forEach((sketch, key) => {
      if (kindOfKey(key) === kind) sketch?.clear();
    });
  }

  forgetScores(): void {
    this.#scores.fill(0);
    this.#scored.fill(0);
  }
}
