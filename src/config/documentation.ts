import type { z } from 'zod';
import type { Kind } from './kinds.ts';
import type { Secrecy } from './secrecy.ts';

/** What is known of a setting besides its kind of value. */
export interface Documentation {
  /** The name in the environment. The flag is the same in kebab-case, the JSON key in camelCase. */
  readonly name: string;
  /** The other name in the environment. */
  readonly alias?: string;
  /** The other key in the JSON file. */
  readonly jsonAlias?: string;
  /** What the JSON file may hold besides text and numbers. */
  readonly json?: 'list' | 'boolean';
  /** As it would be written; without one the setting has no value unless it is given. */
  readonly default?: string;
  /** The default on a terminal, where it is another one. */
  readonly defaultOnTerminal?: string;
  /** One sentence in Markdown. */
  readonly doc: string;
  /** What of the value may not be shown anywhere. */
  readonly secret?: Secrecy;
}

/** With what its kind says. */
export type Documented = Documentation & Omit<Kind<z.ZodType>, 'schema'>;

/** By schema, so that the schema's keys and types stay those of the table itself. */
const documented = new Map<z.ZodType, Documented>();

/** Documents a kind's schema, which must be new, and returns it. */
export function setting<S extends z.ZodType>({ schema, ...kind }: Kind<S>, documentation: Documentation): S {
  documented.set(schema, { ...documentation, ...kind });
  return schema;
}

/** A kind that may be left out: undefined. (`optional` alone would make the key of the Config optional, too.) */
export function unset<S extends z.ZodType>({ schema, ...kind }: Kind<S>) {
  return { ...kind, schema: schema.optional().transform((value) => value) };
}

/** What `setting` was told about a schema. Throws for any other. */
export function documentationOf(schema: z.ZodType): Documented {
  const documentation = documented.get(schema);
  if (!documentation) throw new Error('a setting without documentation');
  return documentation;
}
