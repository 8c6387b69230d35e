import type { Kind } from './run.d.mts';

export const kinds: readonly Kind[];
