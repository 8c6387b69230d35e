/**
 * Header hygiene. One function for each direction, called by every path that sends headers on; the rules
 * are those of RFC 9110 (7.6.1 Connection, 7.6.3 Via) and RFC 9112 (6.1, 3.2.2).
 *
 * Headers travel as Node's flat list (name, value, name, value …) so that repeated lines keep their
 * number and order, and as latin1 text so that bytes above 127 pass unchanged.
 */

/** What the daemon calls itself in Via: one name for each process, so that a chain of two is no loop. */
export interface Identity {
  readonly via: string;
  /** How it signs: the version that was spoken to it, and its name. */
  readonly viaLine: string;
  /** The same for clients that speak HTTP/2. */
  readonly http2: Omit<Identity, 'http2'>;
}

export function createIdentity(via: string): Identity {
  return { via, viaLine: `1.1 ${via}`, http2: { via, viaLine: `2.0 ${via}` } };
}

/** Names that end at each hop whatever Connection says. */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

/** Names that Connection may not remove: a client could otherwise strip what the next hop relies on. */
const CONNECTION_MAY_NOT_NAME: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'forwarded',
  'via',
  'authorization',
  'cookie',
]);

/** What a header value may not hold: control characters other than tab. */
export const FORBIDDEN_IN_VALUE = /[^\t\x20-\x7e\x80-\xff]/;
const TOKEN = /^[!#$%&'*+\-.^_`|~\w]+$/;

/** What nearly every Connection line says: it names no header. */
const NAMES_NOTHING: ReadonlySet<string> = new Set(['keep-alive', 'close', 'Keep-Alive', 'Close', '']);

/** The names that Connection lists and that it may remove, added to those that are known already. */
export function connectionNames(value: string, known: Set<string> | undefined): Set<string> | undefined {
  if (NAMES_NOTHING.has(value)) return known;
  const names = known ?? new Set();
  for (const part of value.split(',')) {
    const name = part.trim().toLowerCase();
    if (name && !CONNECTION_MAY_NOT_NAME.has(name) && !name.startsWith('x-forwarded-')) names.add(name);
  }
  return names;
}

/** Header names in lower case, by the spelling they came in. Few spellings are common, so that few are kept. */
const LOWER_CASED = new Map<string, string>();
const MAX_SPELLINGS = 1_000;
const LONGEST_SPELLING = 64;

/** Lower-cases a header name. Undefined when it is none (RFC 9110, 5.1). */
export function lowerCased(name: string): string | undefined {
  const known = LOWER_CASED.get(name);
  if (known !== undefined) return known;
  if (!TOKEN.test(name)) return undefined;
  const key = name.toLowerCase();
  if (LOWER_CASED.size < MAX_SPELLINGS && name.length <= LONGEST_SPELLING) LOWER_CASED.set(name, key);
  return key;
}

/**
 * Whether a value of Authorization or WWW-Authenticate is about a login that belongs to its connection instead of
 * its request (RFC 4559, 6): whoever uses the connection after it is taken for the one who has logged in.
 */
export function isConnectionLogin(value: string): boolean {
  return /(?:^|,)\s*(?:ntlm|negotiate)(?![\w-])/i.test(value);
}

/** The lines whose names are not among these, in lower case. */
export function without(lines: readonly string[], names: ReadonlySet<string>): string[] {
  const kept: string[] = [];
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const name = lines[i] ?? '';
    if (!names.has(name.toLowerCase())) kept.push(name, lines[i + 1] ?? '');
  }
  return kept;
}

/** The values of all lines of that name, which is in lower case. */
export function valuesOf(lines: readonly string[], name: string): string[] {
  return lines.filter((_, at) => at % 2 === 1 && lines[at - 1]?.toLowerCase() === name);
}
