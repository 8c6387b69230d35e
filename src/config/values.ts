/** Checks the settings and converts their texts to values. */

import type { z } from 'zod';
import type { RawSetting } from './raw-settings.ts';
import { shownValue } from './secrecy.ts';
import { type Key, SETTINGS, schema } from './settings.ts';
import { NO_UNIT } from './value-types.ts';

/** By the table's keys; undefined where a setting is not set, or off. */
export type Values = z.output<typeof schema>;

const lenient = schema.partial();

export interface CheckedSettings {
  readonly raw: ReadonlyMap<Key, RawSetting>;
  /** Without the refused ones. */
  readonly values: z.output<typeof lenient>;
  /** All values; undefined when one is refused. */
  readonly all: Values | undefined;
  /** One line for each setting whose value is refused. */
  readonly problems: readonly string[];
}

/** Converts all given settings, defaults included. */
export function checkValues(raw: ReadonlyMap<Key, RawSetting>): CheckedSettings {
  // A key for each setting, so that the result has a key for each value.
  const texts = SETTINGS.map(({ key }) => [key, raw.get(key)?.value] as const);
  const checked = schema.safeParse(Object.fromEntries(texts));
  if (checked.success) return { raw, values: checked.data, all: checked.data, problems: [] };
  const { issues } = checked.error;
  const refused = new Set(issues.map(({ path }) => path[0]));
  const values = lenient.parse(Object.fromEntries(texts.filter(([key]) => !refused.has(key))));
  return { raw, values, all: undefined, problems: problemsOf(issues, raw) };
}

/** All default values. */
export const DEFAULTS = lenient.parse(
  Object.fromEntries(SETTINGS.map(({ key, default: given }) => [key, given])),
);

function problemsOf(issues: readonly z.core.$ZodIssue[], raw: ReadonlyMap<Key, RawSetting>): string[] {
  return SETTINGS.flatMap((setting) => {
    const own = issues.filter((issue) => issue.path[0] === setting.key);
    const given = raw.get(setting.key);
    // A problem apart from the value comes first: the others may follow from it.
    if (own.length === 0 || !given || given.problem !== undefined) return [];
    const reason = own.map(exactly).find((message) => message !== undefined) ?? 'is not allowed';
    const shown = shownValue(given.value, setting.secret);
    return [`${setting.name} (${given.source}): ${shown} ${reason}; allowed: ${setting.allowed}`];
  });
}

/** What exactly is wrong, if that is known. Where there are several ways to write a value, few messages fit them all. */
function exactly(issue: z.core.$ZodIssue): string | undefined {
  if (issue.code === 'custom') return issue.message;
  if (issue.code !== 'invalid_union') return undefined;
  return issue.errors.flat().some((each) => exactly(each) === NO_UNIT) ? NO_UNIT : undefined;
}
