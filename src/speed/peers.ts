/** What is usual among the upstreams of a tier. */

import type { Tier } from '../events.ts';
import { kindOfKey, LATENCY_KEYS } from '../rpc/method-kinds.ts';
import type { Registry } from '../upstreams/registry.ts';
import { isSilent, isSlowAt } from '../upstreams/slow-lists.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { UpstreamSpeed } from './upstream-speed.ts';

/** An upstream that has answered so often is heard about what is usual. */
const LEAST_FOR_MEDIAN = 8;
const LEAST_FOR_TAIL = 20;
/** What is usual is no more than so many times what the quickest one takes, so that most of them may be slow. */
const MOST_TIMES_QUICKEST = 4;
/** What was worked out serves so many times. */
const USES = 32;
/** While nothing is known yet it is looked at more often. */
const USES_OF_NOTHING = 4;

/** Added to all times that are compared: a few milliseconds more are no matter, however many times as long. */
export const NO_MATTER_MS = 10;

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
      // How long the slow ones take is nothing that anybody should wait for.
      const isSlow = isSilent(upstream) || isSlowAt(upstream, kindOfKey(key));
      if (sketch.count >= LEAST_FOR_TAIL && !isSlow) tails.push(sketch.p98Ms);
    }
    const mostMs = MOST_TIMES_QUICKEST * (Math.min(...medians) + NO_MATTER_MS) - NO_MATTER_MS;
    usual.median = medians.length > 1 ? Math.min(lowerMedian(medians) ?? Number.NaN, mostMs) : Number.NaN;
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
