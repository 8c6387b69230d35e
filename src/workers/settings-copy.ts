/** Settings as they are sent to other processes: what was read once, so that all have the same. */

import type { Config } from '../config/config.ts';

/** Holds secrets. */
export interface SettingsCopy {
  /** A Config, but for its URLs, which the structured clone algorithm does not know. */
  readonly config: unknown;
  /** The texts that no log shows. */
  readonly secrets: readonly string[];
}

/** The key under which a URL is sent; no setting has it. */
const URL_KEY = '$url';

/** Of settings that hold for all workers together, the part of one. Each gets something of each. */
export function shareOf(config: Config, workers: number): Config {
  const part = (whole: number) => Math.ceil(whole / workers);
  const { maxConnections, maxBufferedBytes, maxQueue } = config;
  return {
    ...config,
    maxConnections: part(maxConnections),
    maxBufferedBytes: part(maxBufferedBytes),
    maxQueue: part(maxQueue),
    pools: config.pools.map((pool) => ({ ...pool, maxQueue: part(pool.maxQueue) })),
  };
}

/** What stood at several places is one object there again. */
export function copyOf(config: Config): unknown {
  return converted(config, (value) => (value instanceof URL ? { [URL_KEY]: value.href } : undefined));
}

/** The reverse of `copyOf`. */
export function configOf(copy: unknown): Config {
  const restored = converted(copy, (value) =>
    URL_KEY in value && typeof value[URL_KEY] === 'string' ? new URL(value[URL_KEY]) : undefined,
  );
  // It was one when the copy was made.
  return restored as Config;
}

/** With all objects that `convert` knows replaced, frozen. */
function converted(root: unknown, convert: (value: object) => object | undefined): unknown {
  const known = new Map<object, object>();
  const visit = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null || value instanceof Set || value instanceof Map)
      return value;
    const before = known.get(value);
    if (before) return before;
    const entries = () => Object.entries(value).map(([key, member]) => [key, visit(member)] as const);
    const made = convert(value) ?? (Array.isArray(value) ? value.map(visit) : Object.fromEntries(entries()));
    known.set(value, Object.freeze(made));
    return made;
  };
  return visit(root);
}
