/** Defines settings: the documentation and the default that belong to a value type. */

import type { z } from 'zod';
import type { Secrecy } from '../secrecy.ts';
import type { ValueType } from './value-types.ts';

/** What a setting has apart from its value type. */
export interface SettingDefinition {
  /** The name in the environment. The flag is the same in kebab-case, the JSON key in camelCase. */
  readonly name: string;
  /** The other name in the environment. */
  readonly alias?: string;
  /** The other key in the JSON file. */
  readonly jsonAlias?: string;
  /** What the JSON file may hold other than text and numbers. */
  readonly json?: 'list' | 'boolean';
  /** As a user would write it; without a default the setting has no value unless it is given. */
  readonly default?: string;
  /** The default on a terminal, if it is a different one there. */
  readonly defaultOnTerminal?: string;
  /** One sentence in Markdown. */
  readonly doc: string;
  /** A changed value takes effect only when the process starts anew. */
  readonly needsRestart?: true;
  /** What of the value must not be shown anywhere. */
  readonly secret?: Secrecy;
}

/** Together with what the value type says. */
export type TypedDefinition = SettingDefinition & Omit<ValueType<z.ZodType>, 'schema'>;

/** By schema, so that the table can be a plain object of schemas, whose keys and types are the settings'. */
const definitions = new Map<z.ZodType, TypedDefinition>();

/** Registers the definition of a value type's schema, which must be new, and returns the schema. */
export function setting<S extends z.ZodType>(
  { schema, ...type }: ValueType<S>,
  definition: SettingDefinition,
): S {
  definitions.set(schema, { ...definition, ...type });
  return schema;
}

/** A value type that may be left out: undefined. (Zod's `optional` alone would make the key of the Config optional.) */
export function optional<S extends z.ZodType>({ schema, ...type }: ValueType<S>) {
  return { ...type, schema: schema.optional().transform((value) => value) };
}

/** The definition that `setting` registered for a schema. Throws for any other schema. */
export function definitionOf(schema: z.ZodType): TypedDefinition {
  const definition = definitions.get(schema);
  if (!definition) throw new Error('a setting without a definition');
  return definition;
}
