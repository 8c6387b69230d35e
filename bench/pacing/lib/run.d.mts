import type { Pacer } from '../../../src/pacing/pacer.ts';

export interface Kind {
  readonly name: string;
  readonly rps: number;
}

export interface Figures {
  readonly unitsPerSecond: number;
  readonly waste: number;
  readonly goodShare: number;
  readonly refused: number;
  readonly series: readonly (number | undefined)[];
}

export interface RunOptions {
  readonly load: number;
  readonly seed: number;
  readonly rttMs?: number;
  readonly changes?: readonly (readonly [second: number, factor: number])[];
}

export function run(kind: Kind, makeController: unknown, options: RunOptions): Figures;
export function oracleOf(kind: Kind, limiter: unknown): Pacer;
