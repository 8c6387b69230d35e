/** One who sends requests, and what holds for it. */

import type { Charges } from './limiter.ts';
import type { MethodRules } from './method-rules.ts';

/** A row of API_KEYS. */
export interface ApiKey {
  readonly name: string;
  readonly key: string;
  /** Calls a second; undefined: those of CLIENT_RPS. */
  readonly rps: number | undefined;
  /** Patterns of the only methods that it may call; undefined for all. */
  readonly methods: readonly string[] | undefined;
}

export interface Client {
  /** That of its key; undefined where none is asked for. */
  readonly name: string | undefined;
  /** Undefined where nothing limits it. */
  readonly limiter: Charges | undefined;
  /** Undefined where it may call every method. */
  readonly methods: MethodRules | undefined;
  /** The names of an upstream's lines that it does not get, because ours say the same. */
  readonly replaces: RegExp | undefined;
}

/** Whether it matters what is in its bodies. */
export function isBodyRead({ limiter, methods }: Client): boolean {
  return limiter !== undefined || methods !== undefined;
}

/** One of whom nothing is known, and for whom nothing holds. */
export const ANYBODY: Client = {
  name: undefined,
  limiter: undefined,
  methods: undefined,
  replaces: undefined,
};
