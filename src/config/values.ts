/** Checks the settings and converts their texts to values. */

import type { z } from 'zod';
import { shownValue } from './secrecy.ts';
import type { RawByKey } from './sources/merge.ts';
import { type Key, type PoolKey, poolSchema, SETTINGS, schema } from './table/settings.ts';
import { NO_UNIT } from './table/value-types.ts';

/** By the table's keys; undefined where a setting is not set, or off. */
export type Values = z.output<typeof schema>;
/** As `Values`, of one pool. */
export type PoolValues = Pick<Values, PoolKey>;

const lenient = schema.partial();
const lenientForPool = poolSchema.partial();
type Lenient<V> = { readonly [K in keyof V]?: V[K] | undefined };

/** What one pool can't have from what holds for all: its lists, and the chain that they are on. */
const NOT_INHERITED: ReadonlySet<Key> = new Set<Key>(['rpcUrls', 'fallbackRpcUrls', 'chainId']);

interface Checked<V> {
  readonly raw: RawByKey;
  /** Without the refused ones. */
  readonly values: Lenient<V>;
  /** All values; undefined when one is refused. */
  readonly all: V | undefined;
  /** One line for each setting whose value is refused. */
  readonly problems: readonly string[];
}

export type CheckedSettings = Checked<Values>;

export interface CheckedPool extends Checked<PoolValues> {
  /** What the pool's path says; undefined for the one without a path. */
  readonly name: string | undefined;
  /** What was given for this pool; all that it has is in `raw`. */
  readonly own: RawByKey;
}

/** Converts all given settings, defaults included. */
export function checkValues(raw: RawByKey): CheckedSettings {
  const texts = textsOf(raw, Object.keys(schema.shape));
  const checked = schema.safeParse(texts);
  if (checked.success) return { raw, values: checked.data, all: checked.data, problems: [] };
  const { issues } = checked.error;
  const values = lenient.parse(without(texts, issues));
  return { raw, values, all: undefined, problems: problemsOf(issues, raw) };
}

/** Converts what one pool has of its own, or else in common with the others. What is wrong with that is told once. */
export function checkPoolValues(name: string | undefined, own: RawByKey, common: RawByKey): CheckedPool {
  const inherited = [...common].filter(([key]) => !NOT_INHERITED.has(key));
  const raw = new Map([...inherited, ...own]);
  const texts = textsOf(raw, Object.keys(poolSchema.shape));
  const checked = poolSchema.safeParse(texts);
  if (checked.success) return { name, own, raw, values: checked.data, all: checked.data, problems: [] };
  const { issues } = checked.error;
  const values = lenientForPool.parse(without(texts, issues));
  return { name, own, raw, values, all: undefined, problems: problemsOf(issues, own) };
}

/** All default values. */
export const DEFAULTS = lenient.parse(
  Object.fromEntries(SETTINGS.map(({ key, default: given }) => [key, given])),
);

type Texts = Readonly<Record<string, string | readonly string[] | undefined>>;

/** A key for each setting, so that the result has a key for each value. */
function textsOf(raw: RawByKey, keys: readonly string[]): Texts {
  return Object.fromEntries(
    SETTINGS.filter(({ key }) => keys.includes(key)).map(({ key }) => [key, raw.get(key)?.value]),
  );
}

function without(texts: Texts, issues: readonly z.core.$ZodIssue[]): Texts {
  const refused = new Set(issues.map(({ path }) => path[0]));
  return Object.fromEntries(Object.entries(texts).filter(([key]) => !refused.has(key)));
}

function problemsOf(issues: readonly z.core.$ZodIssue[], raw: RawByKey): string[] {
  return SETTINGS.flatMap((setting) => {
    const own = issues.filter((issue) => issue.path[0] === setting.key);
    const given = raw.get(setting.key);
    // A problem apart from the value comes first: the others may follow from it.
    if (own.length === 0 || !given || given.problem !== undefined) return [];
    const reason = own.map(exactly).find((message) => message !== undefined) ?? 'is not allowed';
    const shown = shownValue(given.value, setting.secret);
    return [`${given.name} (${given.source}): ${shown} ${reason}; allowed: ${setting.allowed}`];
  });
}

/** What exactly is wrong, if that is known. Where there are several ways to write a value, few messages fit them all. */
function exactly(issue: z.core.$ZodIssue): string | undefined {
  if (issue.code === 'custom') return issue.message;
  if (issue.code !== 'invalid_union') return undefined;
  return issue.errors.flat().some((each) => exactly(each) === NO_UNIT) ? NO_UNIT : undefined;
}
