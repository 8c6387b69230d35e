/** What the client itself wrote: nodes quote it in their errors, and it says nothing about the upstream. */

import { decodeHex, normalizeText } from './normalized-text.ts';

/** Stands in an error's text for the name of the client's method. The word `method` itself is left as it is. */
export const METHOD_PLACEHOLDER = '<method>';

/** Look-ups per error. A text that needs more is no provider's refusal. */
const MAX_LOOKUPS = 64;
/** Longest quotation that is removed as a whole, in characters; in a longer one each phrase is looked up. */
const MAX_QUOTED = 512;
/** Quotation marks that are looked at in one text. */
const MAX_QUOTATIONS = 64;
const LONGEST_METHOD = 256;
const QUOTES = `"'\`“‘«`;
const CLOSING: Readonly<Record<string, string>> = { '“': '”', '‘': '’', '«': '»' };

/**
 * The text of one request, or of one call of a batch. It is read only when an error may put the blame on an
 * upstream, and then once: one pass over the text, however long. Each look-up after that is one search in it.
 */
export class ClientWords {
  readonly #read: () => string;
  #normalized: string | undefined;
  readonly #answers = new Map<string, boolean>();

  /** `read` returns the JSON of what the client sent, method names and parameters. */
  constructor(read: () => string) {
    this.#read = read;
  }

  /**
   * Whether the client wrote these words itself, in any case, spacing, quoting or escaping. Also true after too many
   * look-ups: then nothing in the error counts as the upstream's own.
   */
  includes(words: string): boolean {
    const normalized = normalizeText(words);
    if (normalized === '') return false;
    const known = this.#answers.get(normalized);
    if (known !== undefined) return known;
    if (this.#answers.size >= MAX_LOOKUPS) return true;
    this.#normalized ??= this.#readNormalized();
    const found = this.#normalized.includes(normalized);
    this.#answers.set(normalized, found);
    return found;
  }

  #readNormalized(): string {
    const text = this.#read();
    return `${normalizeText(text)} ${normalizeText(decodeHex(text))}`;
  }
}

/**
 * An error's text without its quotations of the client: quoted text that the client wrote becomes `…`, and the name of
 * the client's method becomes METHOD_PLACEHOLDER. `text` is in lower case.
 */
export function withoutClientWords(
  text: string,
  { method, words }: { readonly method: string | undefined; readonly words: ClientWords | undefined },
): string {
  const replaced = replaceMethod(text, method);
  return words
    ? withoutQuotations(replaced, (quoted) => words.includes(restoreMethod(quoted, method)))
    : replaced;
}

/** The text as it was before the method's name was replaced. */
export function restoreMethod(text: string, method: string | undefined): string {
  return text.replaceAll(METHOD_PLACEHOLDER, method ?? METHOD_PLACEHOLDER);
}

/**
 * A name that is one plain word (`block`, `tx`) may mean the thing itself in a text; it is replaced only where the text
 * calls it a method or quotes it.
 */
function replaceMethod(text: string, method: string | undefined): string {
  if (method === undefined || method.length < 2 || method.length > LONGEST_METHOD) return text;
  const name = escapePattern(method.toLowerCase());
  const pattern = /^[a-z]+$/.test(method)
    ? `(?<=\\bmethod:? ["'\`]?|["'\`])${name}(?=["'\`]|\\b)`
    : `(?<![a-z0-9_])${name}(?![a-z0-9_])`;
  return text.replace(new RegExp(pattern, 'g'), METHOD_PLACEHOLDER);
}

function withoutQuotations(text: string, isClients: (quoted: string) => boolean): string {
  let kept = '';
  let from = 0;
  let quotations = 0;
  for (let at = 0; at < text.length; at++) {
    const quote = text[at] ?? '';
    if (!QUOTES.includes(quote)) continue;
    // A text with more quotations is no provider's refusal: the rest is dropped.
    if (++quotations > MAX_QUOTATIONS) return kept + text.slice(from, at);
    const end = quotationEnd(text, at, CLOSING[quote] ?? quote);
    const quoted = text.slice(at + 1, end).replace(/(?:\.\.\.|…|\\)$/, '');
    if (quoted === METHOD_PLACEHOLDER || !isClients(quoted)) continue;
    kept += `${text.slice(from, at + 1)}…`;
    from = end;
    at = end;
  }
  return kept + text.slice(from);
}

/** Where a quotation ends; one that is cut off ends with its line. */
function quotationEnd(text: string, start: number, closing: string): number {
  const limit = Math.min(text.length, start + 1 + MAX_QUOTED);
  for (let at = start + 1; at < limit; at++) {
    if (text[at] === closing || text[at] === '\n') return at;
  }
  return limit;
}

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
