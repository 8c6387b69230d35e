/** The types of the values that settings have. */

import { isIP } from 'node:net';
import { z } from 'zod';
import { formatDuration, formatSize, parseDurationMs, parseSizeBytes } from './units.ts';

/**
 * Converts text to a value, and says in words what is allowed. An issue with the code `custom` says what exactly is
 * wrong; other issues only that something is.
 */
export interface ValueType<S extends z.ZodType> {
  readonly schema: S;
  /** Completes "allowed: …". */
  readonly allowed: string;
  /** Whether it names a file: a relative name is made absolute. */
  readonly isFile?: true;
}

/** Longest duration: far below 24.8 days, above which a timer of the platform would fire at once. */
const MAX_DURATION_MS = 24 * 3_600_000;

/** Longest fixed quarantine in minutes: a timer's 2^31 milliseconds, rounded down. */
const MAX_QUARANTINE_MINUTES = 35_000;

const text = z.string().trim();
const wholeNumber = text.regex(/^\d{1,15}$/).transform(Number);

/** A whole number from `min` to `max`. */
export function integer(min: number, max: number) {
  return {
    schema: wholeNumber.pipe(z.number().min(min).max(max)),
    allowed: `a whole number from ${min} to ${max}`,
  };
}

/** A part of a whole, as a number from 0 to 1. */
export function share() {
  return {
    schema: text
      .regex(/^(?:\d+(?:\.\d*)?|\.\d+)$/)
      .transform(Number)
      .pipe(z.number().max(1)),
    allowed: 'a number from 0 to 1 such as 0.05',
  };
}

/** One of these words, in any case. */
export function oneOf<const T extends string>(words: readonly T[]) {
  return {
    schema: text.toLowerCase().pipe(z.enum(words)),
    allowed: words.length > 1 ? `${words.slice(0, -1).join(', ')} or ${words.at(-1)}` : words.join(''),
  };
}

/** `on` or `off`, as a boolean. */
export function onOff() {
  return {
    schema: text
      .toLowerCase()
      .pipe(z.enum(['on', 'off']))
      .transform((word) => word === 'on'),
    allowed: 'on or off',
  };
}

/** A duration in milliseconds, from `min` (such as `1ms`) to a day. */
export function duration(min: '0s' | '1ms') {
  const minMs = parseDurationMs(min) ?? 0;
  return {
    schema: quantity(parseDurationMs).pipe(z.number().min(minMs).max(MAX_DURATION_MS)),
    allowed: `a time with its unit such as 500ms, 20s, 3m or 1h, from ${min} to ${formatDuration(MAX_DURATION_MS)}`,
  };
}

/** A duration in milliseconds from 1 ms to a day, or the word `auto`. */
export function durationOrAuto() {
  const { schema, allowed } = duration('1ms');
  return {
    schema: z.union([text.toLowerCase().pipe(z.literal('auto')), schema]),
    allowed: `auto, or ${allowed}`,
  };
}

/** The id of a chain, in decimal or as `0x` and digits, from 1 to what 256 bits hold; the value is text in decimal. */
export function chainId() {
  return {
    schema: text
      .regex(/^(?:\d{1,77}|0x[0-9a-f]{1,64})$/i)
      .transform((input) => String(BigInt(input)))
      .refine((id) => id !== '0', 'is no chain id'),
    allowed: 'the id of a chain such as 1 or 0x1',
  };
}

/** A size in bytes, from one to `maxBytes`. */
export function size(maxBytes: number) {
  return {
    schema: quantity(parseSizeBytes).pipe(z.number().min(1).max(maxBytes)),
    allowed: `a size with its unit such as 512b, 64kb or 1mb, from 1b to ${formatSize(maxBytes)}`,
  };
}

/** A number that would do with a unit. */
export const NO_UNIT = 'has no unit';

function quantity(parse: (text: string) => number | undefined) {
  return text.transform((input, context) => {
    const amount = parse(input);
    if (amount !== undefined) return amount;
    const hasSpace = parse(input.replace(/\s+/, '')) !== undefined;
    const other = hasSpace ? 'has a space before its unit' : 'is not a number with a unit';
    context.addIssue({ code: 'custom', message: /^[\d.]+$/.test(input) ? NO_UNIT : other });
    return z.NEVER;
  });
}

/** Minutes with fractions, as milliseconds; or the word `auto`. */
export function minutesOrAuto() {
  const minutes = text
    .regex(/^(?:\d+(?:\.\d+)?|\.\d+)$/)
    .transform((input) => Number(input))
    .pipe(z.number().positive().max(MAX_QUARANTINE_MINUTES))
    .transform((amount) => Math.max(1, Math.round(amount * 60_000)));
  return {
    schema: z.union([text.toLowerCase().pipe(z.literal('auto')), minutes]),
    allowed: `auto, or a number of minutes above 0 and up to ${MAX_QUARANTINE_MINUTES}, fractions allowed`,
  };
}

/** A whole number of at least 1; the word `all` is Infinity. */
export function countOrAll() {
  return {
    schema: z.union([
      text
        .toLowerCase()
        .pipe(z.literal('all'))
        .transform(() => Number.POSITIVE_INFINITY),
      wholeNumber.pipe(z.number().min(1)),
    ]),
    allowed: 'all, or a whole number from 1',
  };
}

/** A port to listen on. A leading colon, as in Go's `:8080`, is tolerated. */
export function port() {
  return {
    schema: text
      .regex(/^:?\d{1,5}$/)
      .transform((input) => Number(input.replace(':', '')))
      .pipe(z.number().max(65_535)),
    allowed: 'a port from 0 to 65535 (0 takes any free one)',
  };
}

/** The name of a file. */
export function fileName() {
  return {
    schema: text.regex(/^\P{Cc}{1,4096}$/u),
    allowed: 'the name of a file',
    isFile: true,
  } as const;
}

/** A secret word that can be sent in a header as it is. */
export function token() {
  return {
    schema: text.regex(/^[\x21-\x7e]{1,1024}$/),
    allowed: 'up to 1024 letters, digits and signs of ASCII, without blanks',
  };
}

/** An address to listen on: an IP address (an IPv6 one also in brackets), or a host name. */
export function listenHost() {
  // A name whose last label is a number would be an invalid IPv4 address (RFC 1123, section 2.1).
  const hostName =
    /^(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*(?!\d+$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;
  return {
    schema: text
      .transform((input) => input.replace(/^\[(.*:.*)\]$/, '$1'))
      .refine((host) => isIP(host) !== 0 || hostName.test(host), 'is no address'),
    allowed: 'an IP address or a host name; 0.0.0.0 or :: for every address of this machine',
  };
}

/** A path with or without a query, in printable ASCII. */
export function path() {
  const dotSegment = /\/(?:\.|%2e){1,2}(?:\/|\?|$)/i;
  return {
    schema: text
      .regex(/^\/[\x21-\x22\x24-\x7e]*$/)
      .refine((input) => !dotSegment.test(input), 'has dot segments'),
    allowed: 'a path that begins with /, without blanks, # and dot segments',
  };
}

/** The address of a webhook. */
export function webhook() {
  return {
    schema: text
      .max(4096)
      .regex(/^https?:\/\/[^/\\?#\s][^#\s]*$/i)
      .refine((input) => URL.canParse(input), 'is no URL'),
    allowed: 'an http or https URL',
  };
}

/** The address of a page that may be told to anybody; the value is without a slash at its end. */
export function pageAddress() {
  return {
    schema: text
      .max(2048)
      .regex(/^https?:\/\/[^/\\@?#\s|<>]+(?:\/[^\\@?#\s|<>]*)?$/i)
      .refine((input) => URL.canParse(input), 'is no URL')
      .transform((input) => input.replace(/\/+$/, '')),
    allowed: 'an http or https URL without user, query and fragment',
  };
}

/** Any text on one line. */
export function line() {
  return { schema: text.regex(/^\P{Cc}{1,200}$/u), allowed: 'up to 200 characters on one line' };
}

/**
 * URLs with their options: text with commas between them, or a list from a JSON file. Empty entries are left out. If
 * `noneAllowed`, the word `none` and an empty JSON list are an empty list.
 */
export function urlList(noneAllowed: boolean) {
  const list = z
    .array(z.string())
    .transform((items) => (noneAllowed && items.length === 0 ? ['none'] : items));
  const schema = z
    .union([z.string().transform((input) => input.split(',')), list])
    .transform((items) => items.map((item) => item.trim()).filter((item) => item !== ''))
    .refine((items) => items.length > 0, 'names no URL')
    .transform((items) => (noneAllowed && items.join().toLowerCase() === 'none' ? [] : items));
  return {
    schema,
    allowed: `http and https URLs separated by commas, each followed by its options, separated by spaces${noneAllowed ? ', or the word none' : ''}`,
  };
}

/** A value of another type, or the word `off`, which is undefined. */
export function orOff<S extends z.ZodType>({ schema, allowed, ...type }: ValueType<S>) {
  const off = text
    .toLowerCase()
    .pipe(z.literal('off'))
    .transform(() => undefined);
  return { ...type, schema: z.union([off, schema]), allowed: `off, or ${allowed}` };
}
