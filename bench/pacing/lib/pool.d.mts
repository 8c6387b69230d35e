import type { Pacer } from '../../../src/pacing/pacer.ts';
import type { RunOptions } from './run.d.mts';

type MakePacers = (count: number) => readonly Pacer[];

interface PoolOptions extends Omit<RunOptions, 'load'> {
  /** Calls a second. */
  readonly offered: number;
  readonly seconds?: number;
  readonly learnSeconds?: number;
}

export interface PoolFigures {
  readonly goodShare: number;
  readonly perSecond: number;
  readonly waste: number;
  readonly refusedOfEach: readonly number[];
}

export interface OutageOptions {
  readonly upstreams: number;
  readonly offered: number;
  readonly seed: number;
  readonly beforeSeconds: number;
  readonly outSeconds: number;
}

export function runBuckets(makePacers: MakePacers, options: PoolOptions): PoolFigures;
export function runBans(makePacers: MakePacers, options: PoolOptions): PoolFigures;
export function runOutage(
  makePacers: MakePacers,
  options: OutageOptions,
): { readonly backSeconds: number; readonly goodShares: readonly number[] };
