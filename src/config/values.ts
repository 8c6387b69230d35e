import type { z } from 'zod';
import { type Found, shownValue } from './layer.ts';
import { type Key, SETTINGS, schema } from './settings.ts';

/** The values of the settings, read once from what was written. */

/** By the table's keys; undefined where a setting is not set, or off. */
export type Values = z.output<typeof schema>;

const lenient = schema.partial();

export interface Checked {
  readonly found: ReadonlyMap<Key, Found>;
  /** Without those that are refused. */
  readonly values: z.output<typeof lenient>;
  /** All of them; undefined where one is refused. */
  readonly all: Values | undefined;
  /** One line for each setting whose value is refused. */
  readonly problems: readonly string[];
}

/** Reads the values of all settings that were found, defaults included. */
export function checkValues(found: ReadonlyMap<Key, Found>): Checked {
  // A key for each setting, so that there is one for each value.
  const texts = SETTINGS.map(({ key }) => [key, found.get(key)?.raw] as const);
  const checked = schema.safeParse(Object.fromEntries(texts));
  if (checked.success) return { found, values: checked.data, all: checked.data, problems: [] };
  const { issues } = checked.error;
  const refused = new Set(issues.map(({ path }) => path[0]));
  const values = lenient.parse(Object.fromEntries(texts.filter(([key]) => !refused.has(key))));
  return { found, values, all: undefined, problems: explain(issues, found) };
}

/** The values of all defaults. */
export const DEFAULTS = lenient.parse(
  Object.fromEntries(SETTINGS.map(({ key, default: written }) => [key, written])),
);

function explain(issues: readonly z.core.$ZodIssue[], found: ReadonlyMap<Key, Found>): string[] {
  return SETTINGS.flatMap((setting) => {
    const own = issues.filter((issue) => issue.path[0] === setting.key);
    const written = found.get(setting.key);
    // What is wrong besides the value comes first: the rest may follow from it.
    if (own.length === 0 || !written || written.problem !== undefined) return [];
    const reason = own.find((issue) => issue.code === 'custom')?.message ?? 'is not allowed';
    const shown = shownValue(written.raw, setting.secret);
    return [`${setting.name} (${written.source}): ${shown} ${reason}; allowed: ${setting.allowed}`];
  });
}
