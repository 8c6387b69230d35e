import { expect, it } from 'vitest';
import { retryPauseMs } from '../../src/notifiers/retries.ts';

it.each([
  [1, undefined, 0, 1_000],
  [3, undefined, 0, 4_000],
  [3, undefined, 0.8, 4_800],
  [7, undefined, 0, 60_000],
  [5_000, undefined, 0, 60_000],
  [1, 0, 0, 1_000],
  [1, 2_500, 0, 2_500],
  [4, 2_500, 0, 8_000],
  [1, 3_600_000, 0, 600_000],
])(
  'after %i failures, told to wait %s ms, with chance at %d, the pause is %i ms',
  (failures, told, chance, ms) => {
    expect(retryPauseMs(failures, told, () => chance)).toBe(ms);
  },
);
