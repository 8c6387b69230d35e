/** The types of the values of settings about clients. */

import { z } from 'zod';

/** More is no limit. */
export const MAX_CLIENT_RPS = 1_000_000;

/** A method's name, in which `*` stands for any letters; without what somebody may have put between two names. */
export const METHOD_PATTERN = /^[\x21\x23-\x26\x28-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x5f\x61-\x7b\x7d\x7e]{1,128}$/;

const ORIGIN = /^[a-z][a-z\d+.-]*:\/\/[^\s/?#@*,"'\\]+\/?$/i;

/** Text with commas between its items. */
function items(allowed: string, problem: (item: string) => string | undefined) {
  const schema = z
    .string()
    .transform((text) => text.split(',').map((item) => item.trim()))
    .transform((list) => list.filter((item) => item !== ''))
    .superRefine((list, context) => {
      if (list.length === 0) context.addIssue({ code: 'custom', message: 'names nothing' });
      const index = list.findIndex((item) => problem(item) !== undefined);
      if (index >= 0)
        context.addIssue({ code: 'custom', message: `entry ${index + 1} ${problem(list[index] ?? '')}` });
    });
  return { schema, allowed };
}

/** Names of methods, with `*` for any letters. */
export function methodPatterns() {
  return items('names of methods separated by commas, with * for any letters', (name) =>
    METHOD_PATTERN.test(name) ? undefined : 'is no name of a method',
  );
}

/** Origins as browsers write them, or `*`. */
export function corsOrigins() {
  const { schema, allowed } = items(
    'origins such as https://app.example or http://localhost:3000, separated by commas, or * alone',
    originProblem,
  );
  return { schema: schema.transform((origins) => origins.map(asBrowsersWriteIt)), allowed };
}

function originProblem(text: string): string | undefined {
  if (text === '*') return undefined;
  if (text.includes('*')) return 'has a * within it';
  if (!ORIGIN.test(text) || !URL.canParse(text)) return 'is no origin: scheme, host and port only';
  return undefined;
}

function asBrowsersWriteIt(text: string): string {
  if (text === '*') return text;
  const { origin } = new URL(text);
  // Those of extensions and apps are opaque to URL, and are compared as they are written.
  return origin === 'null' ? text.toLowerCase().replace(/\/$/, '') : origin;
}
