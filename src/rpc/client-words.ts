import { decodedHex, lettersOf } from './letters.ts';

/** What the client itself wrote: nodes quote it, and it says nothing about the upstream. */

/** The client's method, where its name is told from other words. `method` stays a word of its own. */
export const METHOD_MARK = '<method>';

/** How many questions one error may raise. A text that raises more is no provider's refusal. */
const MAX_LOOKUPS = 64;
/** Longest quotation that is taken out as a whole, in characters; of a longer one each phrase is looked up. */
const MAX_QUOTED = 512;
/** How many marks of quotation are looked at. */
const MAX_QUOTATIONS = 64;
const LONGEST_METHOD = 256;
const QUOTES = `"'\`“‘«`;
const CLOSING: Readonly<Record<string, string>> = { '“': '”', '‘': '’', '«': '»' };

/**
 * The words of one request, or of one call of a batch. They are read only when an error may blame somebody, and
 * then once: a pass over the text, however long. Each question after that is one search in it.
 */
export class ClientWords {
  readonly #read: () => string;
  #letters: string | undefined;
  readonly #answers = new Map<string, boolean>();

  /** `read` gives the JSON of what the client sent, method names and parameters. */
  constructor(read: () => string) {
    this.#read = read;
  }

  /**
   * Whether the client wrote these words itself, in any case, spacing, quoting or escaping. True when too much
   * was asked already: then nothing in the error counts as the upstream's own.
   */
  hold(words: string): boolean {
    const letters = lettersOf(words);
    if (letters === '') return false;
    const known = this.#answers.get(letters);
    if (known !== undefined) return known;
    if (this.#answers.size >= MAX_LOOKUPS) return true;
    this.#letters ??= this.#readLetters();
    const found = this.#letters.includes(letters);
    this.#answers.set(letters, found);
    return found;
  }

  #readLetters(): string {
    const text = this.#read();
    return `${lettersOf(text)} ${lettersOf(decodedHex(text))}`;
  }
}

/**
 * An error's text without what is quoted of the client's words: what stands in quotation marks and is the
 * client's becomes `…`, and the name of its method METHOD_MARK. `text` is in lower case.
 */
export function withoutClientWords(
  text: string,
  { method, words }: { readonly method: string | undefined; readonly words: ClientWords | undefined },
): string {
  const marked = markMethod(text, method);
  return words ? withoutQuotations(marked, (quoted) => words.hold(unmarked(quoted, method))) : marked;
}

/** The words as they stood before the method was marked in them. */
export function unmarked(text: string, method: string | undefined): string {
  return text.replaceAll(METHOD_MARK, method ?? METHOD_MARK);
}

/**
 * A name that is one plain word (`block`, `tx`) may stand in a text for the thing itself; only where it is called
 * a method, or is quoted, it is the name.
 */
function markMethod(text: string, method: string | undefined): string {
  if (method === undefined || method.length < 2 || method.length > LONGEST_METHOD) return text;
  const name = escapePattern(method.toLowerCase());
  const pattern = /^[a-z]+$/.test(method)
    ? `(?<=\\bmethod:? ["'\`]?|["'\`])${name}(?=["'\`]|\\b)`
    : `(?<![a-z0-9_])${name}(?![a-z0-9_])`;
  return text.replace(new RegExp(pattern, 'g'), METHOD_MARK);
}

function withoutQuotations(text: string, isClients: (quoted: string) => boolean): string {
  let kept = '';
  let from = 0;
  let quotations = 0;
  for (let at = 0; at < text.length; at++) {
    const quote = text[at] ?? '';
    if (!QUOTES.includes(quote)) continue;
    // The rest is no provider's refusal either.
    if (++quotations > MAX_QUOTATIONS) return kept + text.slice(from, at);
    const end = quotationEnd(text, at, CLOSING[quote] ?? quote);
    const quoted = text.slice(at + 1, end).replace(/(?:\.\.\.|…|\\)$/, '');
    if (quoted === METHOD_MARK || !isClients(quoted)) continue;
    kept += `${text.slice(from, at + 1)}…`;
    from = end;
    at = end;
  }
  return kept + text.slice(from);
}

/** Where a quotation ends; one that is cut off, at the end of the line. */
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
