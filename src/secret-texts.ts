/** Which parts of a URL or a header line are secret, in every form in which others may write them, and how they are taken out. */

import { readingsOf } from './escapes.ts';

export const HIDDEN = '***';

/** Shorter parts of a secret URL, such as `/` or `v2`, stand in innocent texts too. */
const SHORTEST_SECRET = 6;

/**
 * Parts of paths and values of queries that say what is asked for, not who may ask. On their own they are no
 * secrets: an error that speaks of Ethereum must reach the client as it is. A whole path is always hidden.
 */
const PUBLIC_WORDS: ReadonlySet<string> = new Set(
  `arbitrum archive avalanche bitcoin blockchain canary cosmos devnet ethereum fantom gateway gnosis goerli
  holesky jsonrpc json-rpc linea litecoin mainnet mainnet-beta mantle moonbeam network optimism polkadot polygon
  public scroll sepolia server service services solana starknet stellar substrate testnet testnet4 ethereum-mainnet
  ethereum-sepolia eth-mainnet eth-sepolia polygon-mainnet base-mainnet base-sepolia optimism-mainnet arbitrum-one
  arbitrum-mainnet solana-mainnet solana-devnet bsc-mainnet websocket`.split(/\s+/),
);

/** The secret parts of a URL: each as it stands there, decoded, encoded, and as others quote it. */
export function secretsOf(url: URL): string[] {
  const { pathname, search, username, password } = url;
  const pairs = search.slice(1).split('&');
  const values = [...pairs.map((pair) => pair.slice(pair.indexOf('=') + 1)), ...url.searchParams.values()];
  const words = [...pathname.split('/'), ...values].filter((word) => !isPublic(word));
  const wholes = [pathname + search, pathname, pathname.replace(/\/$/, ''), search.slice(1), ...pairs];
  const parts = [...wholes, ...words, username, password, ...basicOf(url)];
  return longEnough(parts);
}

/** Header lines whose values stand in innocent answers, too: `application/json`, `no-cache`, a site that may ask. */
const PUBLIC_HEADERS: ReadonlySet<string> = new Set([
  'accept',
  'accept-language',
  'cache-control',
  'content-type',
  'origin',
  'pragma',
]);

/**
 * The secret parts of a header line that goes to an upstream: its value as a whole, the credentials behind a scheme
 * (`Bearer KEY`), and the values in a list of pairs (`session=KEY; …`), each in all its forms.
 */
export function secretsOfHeader(name: string, value: string): string[] {
  if (PUBLIC_HEADERS.has(name.toLowerCase())) return [];
  const [, scheme = '', credentials = value] = /^(?:([a-z][\w-]*) +)?(.*)$/i.exec(value) ?? [];
  const pairs = [...value.matchAll(/=\s*"?([^",;\s]+)/g)].flatMap(([, word = '']) => word);
  const basic = scheme.toLowerCase() === 'basic' ? Buffer.from(credentials, 'base64').toString() : '';
  const words = [value, credentials, credentials.replace(/=+$/, ''), ...pairs, basic, ...basic.split(':')];
  return longEnough(words.filter((word) => !isPublic(word)));
}

/** A text that is secret as a whole, however short, in all its forms. */
export function secretForms(text: string): string[] {
  return [text, ...longEnough([text])];
}

function longEnough(parts: readonly string[]): string[] {
  return [...new Set(parts.flatMap(formsOf))].filter((text) => text.length >= SHORTEST_SECRET);
}

function isPublic(word: string): boolean {
  return PUBLIC_WORDS.has(word.toLowerCase());
}

/** What an Authorization line makes of the user-info, with and without padding. */
function basicOf({ username, password }: URL): string[] {
  if (username === '' && password === '') return [];
  const basic = Buffer.from(`${decoded(username)}:${decoded(password)}`).toString('base64');
  return [basic, basic.replace(/=+$/, '')];
}

function formsOf(part: string): string[] {
  const plain = decoded(part);
  const bytes = Buffer.from(plain).toString('latin1');
  const inJson = JSON.stringify(plain).slice(1, -1);
  // Encoded once more, it stands in another URL's query; as bytes, in a header line.
  return [part, plain, encodeURIComponent(plain), encodeURIComponent(part), encodeURI(plain), bytes, inJson];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Replaces every secret in a text, in upper or lower case, by `***`. */
export function createTextMask(secrets: readonly string[]): (text: string) => string {
  const lowered = loweredOf(secrets);
  return (text) => hide(text, placesOf(lowered, lowerCase(text)));
}

function loweredOf(secrets: readonly string[]): readonly string[] {
  return [...new Set(secrets.map(lowerCase))].filter((secret) => secret !== '');
}

/** From one place of a text to another. */
type Span = readonly [from: number, to: number];

/** Spans may overlap. */
function hide(text: string, spans: readonly Span[]): string {
  let masked = '';
  let end = 0;
  for (const [from, to] of spans.toSorted(([a], [b]) => a - b)) {
    if (from > end || masked === '') masked += text.slice(end, from) + HIDDEN;
    end = Math.max(end, to);
  }
  return masked + text.slice(end);
}

/** Where secrets begin and end. */
function placesOf(lowered: readonly string[], text: string): Span[] {
  const places: Span[] = [];
  for (const secret of lowered) {
    for (let at = text.indexOf(secret); at >= 0; at = text.indexOf(secret, at + secret.length))
      places.push([at, at + secret.length]);
  }
  return places;
}

/** Half a character, or the beginning of an escape, at the end of a text that was cut. */
const LOOSE_END = /(?:\ufffd|\\+(?:u[0-9a-f]{0,3})?)+$/i;
/** Longer than any such end that may belong to a secret. */
const MAX_LOOSE_END = 64;

/** Where the beginning of a secret begins with which the text ends; the text's length where there is none. */
function tailOf(lowered: readonly string[], text: string): number {
  const last = text.slice(-MAX_LOOSE_END);
  const end = text.length - (LOOSE_END.exec(last)?.[0].length ?? 0);
  let tail = end;
  for (const secret of lowered) {
    for (let size = Math.min(secret.length - 1, end); end - size < tail; size--)
      if (text.startsWith(secret.slice(0, size), end - size)) tail = end - size;
  }
  return tail;
}

/** Of ASCII letters only, so that every place stays where it is. */
function lowerCase(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** To compare each of so many with all others would take longer than it saves. */
const MANY_SECRETS = 500;

/** One that holds another one need not be looked for. */
function withoutLonger(secrets: readonly string[]): readonly string[] {
  return secrets.filter((one) => !secrets.some((other) => other !== one && one.includes(other)));
}

/** The secrets of one upstream, or of all. Nearly every text holds none, which `isIn` tells at once. */
export class SecretTexts {
  readonly #pattern: RegExp | undefined;
  readonly #shortest: number;
  readonly #lowered: readonly string[];

  constructor(secrets: readonly string[]) {
    const least = secrets.length > MANY_SECRETS ? secrets : withoutLonger(secrets);
    this.#pattern = least.length > 0 ? new RegExp(least.map(escaped).join('|'), 'i') : undefined;
    this.#shortest = Math.min(...least.map((secret) => secret.length));
    this.#lowered = loweredOf(secrets);
  }

  /** There are none. */
  get areNone(): boolean {
    return this.#pattern === undefined;
  }

  isIn(text: string): boolean {
    return this.#pattern !== undefined && text.length >= this.#shortest && this.#pattern.test(text);
  }

  /** The text without them. */
  mask(text: string): string {
    return this.isIn(text) ? hide(text, placesOf(this.#lowered, lowerCase(text))) : text;
  }

  /** The text without them, also where they stand in it with escapes, as in JSON. */
  maskEscaped(text: string): string {
    if (this.areNone || !text.includes('\\')) return this.mask(text);
    return hide(text, this.#escapedPlaces(text));
  }

  /** Like `maskEscaped`, of a text that was cut: without its end where that may be the beginning of a secret. */
  maskCut(text: string): string {
    if (this.areNone) return text;
    const tails = readingsOf(text).map(({ text: reading, originOf }) =>
      originOf(tailOf(this.#lowered, lowerCase(reading))),
    );
    const end = Math.min(...tails);
    const places = this.#escapedPlaces(text).filter(([from]) => from < end);
    return hide(text.slice(0, end), places);
  }

  #escapedPlaces(text: string): Span[] {
    return readingsOf(text).flatMap(({ text: reading, originOf }) =>
      this.isIn(reading)
        ? placesOf(this.#lowered, lowerCase(reading)).map(
            ([from, to]): Span => [originOf(from), originOf(to)],
          )
        : [],
    );
  }

  /** JSON without them: it stays JSON. Undefined when it is none. */
  maskJson(json: string): string | undefined {
    try {
      JSON.parse(json);
    } catch {
      return undefined;
    }
    return this.maskLiterals(json);
  }

  /** A piece of JSON without those that stand in texts and names, whatever the escapes, or are a number. */
  maskLiterals(json: string): string {
    return json.replace(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g, (literal) => {
      if (literal.startsWith('"')) return this.#maskText(literal);
      return this.mask(literal) === HIDDEN ? `"${HIDDEN}"` : literal;
    });
  }

  #maskText(literal: string): string {
    if (!literal.includes('\\')) return this.mask(literal);
    try {
      const text: unknown = JSON.parse(literal);
      if (typeof text !== 'string') return literal;
      // It may be JSON itself.
      const masked = this.maskEscaped(text);
      return masked === text ? literal : JSON.stringify(masked);
    } catch {
      // A control character that no JSON may hold.
      return this.maskEscaped(literal);
    }
  }
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
