/** Which JSON-RPC methods a client may call. */

/** What all methods are written with. With anything else a name is one that other readers may shorten or trim. */
const PLAIN_NAME = /^[\x21-\x7e]+$/;

/** A list of names, in which `*` stands for any number of any letters. */
class NamePatterns {
  readonly #names: ReadonlySet<string>;
  readonly #globs: readonly (readonly string[])[];

  constructor(patterns: readonly string[]) {
    this.#names = new Set(patterns.filter((pattern) => !pattern.includes('*')));
    this.#globs = patterns.filter((pattern) => pattern.includes('*')).map((pattern) => pattern.split('*'));
  }

  matches(name: string): boolean {
    return this.#names.has(name) || this.#globs.some((pieces) => hasPieces(name, pieces));
  }
}

/** Whether a name is these pieces in this order, with anything between them. No regular expression: one with many
 * stars would take very long to find that a hostile name does not match. */
function hasPieces(name: string, pieces: readonly string[]): boolean {
  const first = pieces[0] ?? '';
  const last = pieces.at(-1) ?? '';
  if (name.length < first.length + last.length || !name.startsWith(first) || !name.endsWith(last))
    return false;
  const end = name.length - last.length;
  let at = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = name.indexOf(piece, at);
    if (found < 0 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
}

export class MethodRules {
  readonly #allowed: readonly NamePatterns[];
  readonly #denied: NamePatterns;

  /** A method must be in each of the lists that are `allowed`, and not be `denied`, whatever its case. */
  constructor(allowed: readonly (readonly string[])[], denied: readonly string[]) {
    this.#allowed = allowed.map((patterns) => new NamePatterns(patterns));
    this.#denied = new NamePatterns(denied.map((pattern) => pattern.toLowerCase()));
  }

  permits(method: string): boolean {
    return (
      PLAIN_NAME.test(method) &&
      this.#allowed.every((patterns) => patterns.matches(method)) &&
      !this.#denied.matches(method.toLowerCase())
    );
  }
}
