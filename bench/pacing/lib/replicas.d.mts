import type { Pacer } from '../../../src/pacing/pacer.ts';
import type { Kind } from './run.d.mts';

export type Load = number | ((nowMs: number) => number);

interface TogetherOptions {
  /** What each process is offered, as a share of the limit. */
  readonly loads: readonly Load[];
  readonly seed: number;
  readonly rttMs?: number;
  readonly seconds?: number;
  readonly learnSeconds?: number;
  /** Units a second of an oracle, if they are known. */
  readonly oracle?: number;
}

export interface TogetherFigures {
  readonly goodput: number;
  readonly waste: number;
  readonly of: readonly number[];
  readonly series: readonly (number | undefined)[];
}

export type MakeTogether = (count: number, kind: Kind, time: unknown) => readonly Pacer[];

export function runTogether(kind: Kind, make: MakeTogether, options: TogetherOptions): TogetherFigures;
