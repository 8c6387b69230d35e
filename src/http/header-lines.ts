/**
 * The rules for forwarding header lines, shared by requests and responses: RFC 9110 (7.6.1 Connection, 7.6.3 Via)
 * and RFC 9112 (6.1, 3.2.2). Every path that forwards headers calls the one function of its direction.
 *
 * Headers are passed as Node's flat list (name, value, name, value …) so that repeated lines keep their
 * number and order, and as latin1 text so that bytes above 127 stay unchanged.
 */

/** The daemon's name in Via: a different one for each process, so that a chain of two is not taken for a loop. */
export interface Identity {
  readonly via: string;
  /** Its Via entry: the version of HTTP in which the message was received, and its name. */
  readonly viaLine: string;
  /** The same for clients that speak HTTP/2. */
  readonly http2: Omit<Identity, 'http2'>;
}

export function createIdentity(via: string): Identity {
  return { via, viaLine: `1.1 ${via}`, http2: { via, viaLine: `2.0 ${via}` } };
}

/** Headers that are never forwarded, whatever Connection says. */
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

/** Headers that Connection may not remove: a client could otherwise strip what the next hop relies on. */
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

/** The usual values of Connection, which name no header. */
const NAMES_NOTHING: ReadonlySet<string> = new Set(['keep-alive', 'close', 'Keep-Alive', 'Close', '']);

/** Adds the headers that this Connection value lists, and may remove, to the `known` ones. */
export function connectionNames(value: string, known: Set<string> | undefined): Set<string> | undefined {
  if (NAMES_NOTHING.has(value)) return known;
  const names = known ?? new Set();
  for (const part of value.split(',')) {
    const name = part.trim().toLowerCase();
    if (name && !CONNECTION_MAY_NOT_NAME.has(name) && !name.startsWith('x-forwarded-')) names.add(name);
  }
  return names;
}

/** Header names in lower case, by their spelling. Few spellings are common, so a few are cached. */
const LOWER_CASED = new Map<string, string>();
const MAX_SPELLINGS = 1_000;
const LONGEST_SPELLING = 64;

/** Lower-cases a header name. Undefined when it is not a valid one (RFC 9110, 5.1). */
export function lowerCased(name: string): string | undefined {
  const known = LOWER_CASED.get(name);
  if (known !== undefined) return known;
  if (!TOKEN.test(name)) return undefined;
  const key = name.toLowerCase();
  if (LOWER_CASED.size < MAX_SPELLINGS && name.length <= LONGEST_SPELLING) LOWER_CASED.set(name, key);
  return key;
}

/**
 * Whether a value of Authorization or WWW-Authenticate is about a login that applies to the connection instead of
 * the request (RFC 4559, 6): later requests on the connection are taken for those of the client that logged in.
 */
export function isConnectionLogin(value: string): boolean {
  return /(?:^|,)\s*(?:ntlm|negotiate)(?![\w-])/i.test(value);
}

/** The lines without those of these names, which are in lower case. */
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
