import { whatIsWrongWithCertificates } from '../server/certificate.ts';
import { MAX_WEIGHT, type UpstreamSpec } from '../upstreams/upstream.ts';
import { readTextFile } from './text-file.ts';
import { whatIsWrongWithName } from './upstream-names.ts';

/**
 * The one table of an upstream's options: a new option is one row here. The lists in the settings, upstreams as
 * JSON objects, the file that keeps the lists, the masked settings, the admin port and the documentation go by it.
 */

/** What an option says of an upstream. */
export type OptionPart = Partial<Omit<UpstreamSpec, 'url' | 'tier' | 'draining'>>;

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
  /** The values of which `read` makes the same part; none where it need not be given. */
  readonly written: (spec: UpstreamSpec) => readonly OptionValue[];
}

export const UPSTREAM_OPTIONS: readonly UpstreamOption[] = [
  {
    name: 'name',
    example: 'name=NAME',
    json: 'text',
    allowed: 'up to 64 letters, digits, ".", "_" and "-"',
    doc: 'what logs, `/stats`, alerts and `X-Forwarded-Server` call it: up to 64 letters, digits, `.`, `_`, `-`; its host and port if not given',
    read: ([name], { report }) => reported(whatIsWrongWithName(name), report) ?? { name },
    written: ({ name }) => [name],
  },
  {
    name: 'weight',
    example: 'weight=3',
    json: 'number',
    allowed: 'a whole number',
    doc: `1 to ${MAX_WEIGHT}: its share in every strategy but \`round-robin\``,
    read: ([text], { report }) => reported(whatIsWrongWithWeight(text), report) ?? { weight: Number(text) },
    written: ({ weight }) => [weight],
  },
  {
    name: 'host',
    example: 'host=keep',
    json: 'text',
    allowed: '"keep"',
    doc: "sends the client's `Host` instead of the upstream's, for servers that tell sites apart by it; health checks and, over TLS, the certificate go by the URL all the same",
    read: ([text], { report }) =>
      reported(
        text === 'keep' ? undefined : 'has a host option that is not allowed; allowed: host=keep',
        report,
      ) ?? { keepsHost: true },
    written: ({ keepsHost }) => (keepsHost ? ['keep'] : []),
  },
  {
    name: 'ca',
    example: 'ca=FILE',
    json: 'text',
    allowed: 'the name of a file, without blanks',
    doc: "the only authorities (PEM) whose certificates an `https:` upstream may have, instead of the system's",
    needsTls: true,
    read: readAuthorities,
    written: ({ ca }) => (ca ? [ca.file] : []),
  },
  {
    name: 'insecure',
    example: 'insecure=true',
    json: 'boolean',
    allowed: 'true or false',
    doc: 'verifies no certificate: for tests, and warned of at start',
    needsTls: true,
    read: readInsecure,
    written: ({ insecure }) => (insecure ? [true] : []),
  },
];

export const OPTION_NAMES: readonly string[] = UPSTREAM_OPTIONS.map(({ name }) => name);

/** An upstream's options as they are written in a list, `name=a weight=1`. */
export function optionsOf(spec: UpstreamSpec): string {
  return UPSTREAM_OPTIONS.flatMap(({ name, written }) =>
    written(spec).map((value) => `${name}=${value}`),
  ).join(' ');
}

/** Nothing is said of an upstream where there is a problem; undefined where there is none. */
function reported(problem: string | undefined, report: (problem: string) => void): OptionPart | undefined {
  if (problem === undefined) return undefined;
  report(problem);
  return {};
}

function whatIsWrongWithWeight(text: string): string | undefined {
  const weight = Number(text);
  if (/^\d{1,4}$/.test(text) && weight >= 1 && weight <= MAX_WEIGHT) return undefined;
  const shown = /^-?[\d.]{1,10}$/.test(text) ? ` ${text}` : '';
  return `has a weight${shown} that is not allowed; allowed: a whole number from 1 to ${MAX_WEIGHT}`;
}

function readAuthorities([file]: OptionTexts, { folder, report }: OptionContext): OptionPart {
  if (file === '') report('has a ca without a file; allowed: ca=FILE');
  if (file === '' || folder === undefined) return {};
  const read = readTextFile(folder, file);
  const wrong = 'text' in read ? whatIsWrongWithCertificates(read.text) : `can't be used: ${read.reason}`;
  if ('text' in read && wrong === undefined) return { ca: { file, pem: read.text } };
  report(`has a ca file that ${wrong}; allowed: a file with certificates in PEM form`);
  return {};
}

function readInsecure([text]: OptionTexts, { given, report }: OptionContext): OptionPart {
  if (text !== 'true' && text !== 'false')
    report('has an insecure that is not allowed; allowed: true or false');
  if (text !== 'true') return {};
  if (given.has('ca')) report('has the options ca and insecure=true; allowed: one of them');
  return { insecure: true };
}
