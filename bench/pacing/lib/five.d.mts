import type { RunOptions } from './run.d.mts';

export function runFive(
  makeController: unknown,
  options: Omit<RunOptions, 'load'> & {
    readonly offered: number;
    readonly seconds?: number;
    readonly learnSeconds?: number;
  },
): { readonly goodShare: number; readonly perSecond: number; readonly waste: number };
