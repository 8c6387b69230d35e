import type { Random } from '../../src/random.ts';

export function seededRandom(seed: number): Random;
