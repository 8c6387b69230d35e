import type { Kind, RunOptions } from './run.d.mts';

interface ChangeOptions extends Pick<RunOptions, 'seed' | 'rttMs'> {
  readonly factor: number;
}

export function runChange(
  kind: Kind,
  makeController: unknown,
  options: ChangeOptions,
): { readonly foundSeconds: number; readonly waste: number };
