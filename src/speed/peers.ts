/** What is usual among the upstreams of a tier. */

import type { Tier } from '../events.ts';
import { LATENCY_KEYS } from '../rpc/method-kinds.ts';
import type { Registry } from '../upstreams/registry.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { UpstreamSpeed } from './upstream-speed.ts';

/** An upstream that has answered so often is heard about what is usual. */
const LEAST_FOR_MEDIAN = 8;
const LEAST_FOR_TAIL = 20;
/** What was worked out serves so many times. */
const USES = 32;
/** While nothing is known yet it is looked at more often. */
const USES_OF_NOTHING = 4;

interface Usual {
  /** In milliseconds; NaN while unknown. */
  median: number;
  tail: number;
  usesLeft: number;
}

/**
 * The lower median over the upstreams, so that of two the quicker one is the measure, and of three one that is off.
 */
export class Peers {
  readonly #registry: Registry;
  readonly #speedOf: (upstream: Upstream) => UpstreamSpeed;
  readonly #usual: Readonly<Record<Tier, readonly Usual[]>> = { primary: noneYet(), fallback: noneYet() };

  constructor(registry: Registry, speedOf: (upstream: Upstream) => UpstreamSpeed) {
    this.#registry = registry;
    this.#speedOf = speedOf;
  }

  /** How long half of the answers take at most; NaN unless two upstreams or more have answered. */
  medianMs(tier: Tier, key: number): number {
    return this.#usualOf(tier, key)?.median ?? Number.NaN;
  }

  /** Within which time 98 of 100 answers come; NaN while unknown. */
  tailMs(tier: Tier, key: number): number {
    return this.#usualOf(tier, key)?.tail ?? Number.NaN;
  }

  /** The lower median of the others' scores; undefined when none of them has one. */
  score(of: UpstreamSpeed, kind: number): number | undefined {
    const scores: number[] = [];
    for (const upstream of this.#registry.tier(of.upstream.tier)) {
      const other = this.#speedOf(upstream);
      if (other !== of && other.hasScore(kind)) scores.push(other.score(kind));
    }
    return lowerMedian(scores);
  }

  #usualOf(tier: Tier, key: number): Usual | undefined {
    const usual = this.#usual[tier][key];
    if (usual === undefined) return undefined;
    usual.usesLeft -= 1;
    if (usual.usesLeft < 0) this.#refresh(tier, key, usual);
    return usual;
  }

  #refresh(tier: Tier, key: number, usual: Usual): void {
    const medians: number[] = [];
    const tails: number[] = [];
    for (const upstream of this.#registry.tier(tier)) {
      const sketch = this.#speedOf(upstream).sketch(key);
      if (sketch === undefined) continue;
      if (sketch.count >= LEAST_FOR_MEDIAN) medians.push(sketch.p50Ms);
      if (sketch.count >= LEAST_FOR_TAIL) tails.push(sketch.p98Ms);
    }
    usual.median = medians.length > 1 ? (lowerMedian(medians) ?? Number.NaN) : Number.NaN;
    usual.tail = lowerMedian(tails) ?? Number.NaN;
    usual.usesLeft = Number.isNaN(usual.tail) ? USES_OF_NOTHING : USES;
  }
}

function noneYet(): Usual[] {
  return Array.from({ length: LATENCY_KEYS }, () => ({ median: Number.NaN, tail: Number.NaN, usesLeft: 0 }));
}

function lowerMedian(values: number[]): number | undefined {
  return values.sort((a, b) => a - b)[Math.ceil(values.length / 2) - 1];
}
