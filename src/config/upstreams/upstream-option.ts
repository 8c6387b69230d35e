/** The contract of a row in the table of an upstream's options, and how it refuses a value. */

import type { UpstreamSpec } from '../../upstreams/upstream.ts';
import { shownOption } from '../secrecy.ts';

/** What an option states about an upstream. */
export type OptionPart = Partial<Omit<UpstreamSpec, 'url' | 'tier' | 'pool' | 'draining' | 'secrets'>>;

/** The type of an option's value in JSON. An option that may be repeated also takes a list of them. */
export type JsonForm = 'text' | 'number' | 'boolean';

export type OptionValue = string | number | boolean;

/** The texts after the `=`, one for each time that the option is given. */
export type OptionTexts = readonly [string, ...string[]];

/** What an option is read with, apart from its own texts. */
export interface OptionContext {
  /** Undefined when it can't be used; that is reported elsewhere. */
  readonly url: URL | undefined;
  /** The names of all options that are given. */
  readonly given: ReadonlySet<string>;
  /** Where files with a relative name are looked up; without it no file is read. */
  readonly folder: string | undefined;
  /** Takes a problem that completes "https://eth.example …". No problem shows a value that may be secret. */
  readonly report: (problem: string) => void;
}

export interface UpstreamOption {
  readonly name: string;
  /** As it could be written in a list. */
  readonly example: string;
  readonly json: JsonForm;
  /** What is allowed as its value, in words. */
  readonly allowed: string;
  /** One sentence in Markdown. */
  readonly doc: string;
  /** Whether it concerns certificates. */
  readonly needsTls?: true;
  /** Whether it may be given more than once. */
  readonly repeatable?: true;
  /** Converts its texts to a part of the upstream; an empty one when a problem is reported. */
  readonly read: (texts: OptionTexts, context: OptionContext) => OptionPart;
  /** What of its value may be shown; without this all of it. */
  readonly mask?: (value: string) => string;
  /** The texts of its part that nobody may see, wherever they might be quoted. */
  readonly secrets?: (part: OptionPart) => readonly string[];
  /** The inverse of `read`: the option's values; none when it need not be given. */
  readonly write: (spec: UpstreamSpec) => readonly OptionValue[];
}

/** The problem of a value that an option can't have; `allowed` says in words which it can. */
export function refusedValue(name: string, value: string, allowed: string): string {
  const subject =
    value === '' ? `has ${name}= without a value` : `has ${shownOption(name, value)}, which is not allowed`;
  return `${subject}; allowed: ${allowed}`;
}
