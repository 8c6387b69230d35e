import type { UpstreamSpec } from '../upstreams/upstream.ts';

/** The contract of a row in the table of an upstream's options. */

/** What an option says of an upstream. */
export type OptionPart = Partial<Omit<UpstreamSpec, 'url' | 'tier' | 'draining' | 'secrets'>>;

/** The kind of value that JSON has for an option. One that may be repeated has a list of them as well. */
export type JsonForm = 'text' | 'number' | 'boolean';

export type OptionValue = string | number | boolean;

/** What stands behind the `=`, once for each time that the option is given. */
export type OptionTexts = readonly [string, ...string[]];

/** What an option is read with, besides its own text. */
export interface OptionContext {
  /** Undefined where it can't be used; that is reported elsewhere. */
  readonly url: URL | undefined;
  /** The names of all options that are given. */
  readonly given: ReadonlySet<string>;
  /** Where files with a relative name are looked up; without it none is read. */
  readonly folder: string | undefined;
  /** Takes a problem that completes "https://eth.example …". No problem shows a value that may be secret. */
  readonly report: (problem: string) => void;
}

export interface UpstreamOption {
  readonly name: string;
  /** As it may be written in a list. */
  readonly example: string;
  readonly json: JsonForm;
  /** What a JSON object may hold, in words. */
  readonly allowed: string;
  /** One sentence in Markdown. */
  readonly doc: string;
  /** It is about certificates. */
  readonly needsTls?: true;
  /** It may be given more than once. */
  readonly repeatable?: true;
  /** From its texts to a part of the upstream; nothing of it where a problem is reported. */
  readonly read: (texts: OptionTexts, context: OptionContext) => OptionPart;
  /** What of its value may be shown; all of it without this. */
  readonly masked?: (value: string) => string;
  /** The texts of its part that nobody may see, wherever they would be quoted. */
  readonly secrets?: (part: OptionPart) => readonly string[];
  /** The values of which `read` makes the same part; none where it need not be given. */
  readonly written: (spec: UpstreamSpec) => readonly OptionValue[];
}
