/** Finds secrets in a text, whole or in part, by undoing all the encodings in which they may stand there. */

/** So many characters of a secret in a row are a leak; fewer may be chance. */
const LEAK = 12;
/** Of what follows each character, for a quick look: most places of a text begin no secret. */
const BUCKETS = 1 << 16;

export interface Secret {
  readonly name: string;
  readonly text: string;
}

export interface Leak {
  readonly name: string;
  /** The text around it, still encoded or not. */
  readonly around: string;
}

export class SecretSearch {
  readonly #names = new Map<string, string>();
  readonly #begins = new Uint8Array(BUCKETS);

  /** Each must have 12 characters or more. */
  constructor(secrets: readonly Secret[]) {
    for (const { name, text } of secrets) {
      if (text.length < LEAK) throw new Error(`${name} is too short to be looked for`);
      const lower = text.toLowerCase();
      for (let at = 0; at + LEAK <= lower.length; at += 1) {
        this.#names.set(lower.slice(at, at + LEAK), name);
        this.#begins[bucketOf(lower, at)] = 1;
      }
    }
  }

  /** One leak for each secret that is found. */
  leaksIn(text: string): Leak[] {
    const leaks = new Map<string, Leak>();
    for (const form of new Set(decodings(text))) {
      const lower = form.toLowerCase();
      for (let at = 0; at + LEAK <= lower.length; at += 1) {
        if (this.#begins[bucketOf(lower, at)] === 0) continue;
        const name = this.#names.get(lower.slice(at, at + LEAK));
        if (name === undefined || leaks.has(name)) continue;
        leaks.set(name, { name, around: form.slice(Math.max(0, at - 120), at + 60) });
      }
    }
    return [...leaks.values()];
  }
}

function bucketOf(text: string, at: number): number {
  const [a, b, c] = [text.charCodeAt(at), text.charCodeAt(at + 1), text.charCodeAt(at + 2)];
  return (a * 1_021 + b * 31 + c) % BUCKETS;
}

/** A text as it is and as it is meant, by whatever it was encoded with; one encoding may be within another. */
function decodings(text: string): string[] {
  const plain = unescaped(text);
  const once = percentDecoded(plain);
  const twice = percentDecoded(once);
  const words = [text, plain, once].flatMap((form) => [...base64Decoded(form), hexDecoded(form)]);
  return [text, plain, once, twice, ...words, ...words.map(percentDecoded)];
}

/** Without the escapes of JSON, of Prometheus' labels and of HTML. */
function unescaped(text: string): string {
  const characters = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" } as const;
  const fromJson = (form: string) =>
    form
      .replace(/\\+u([\da-f]{4})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
      .replace(/\\+(["'/\\])/g, '$1');
  return fromJson(text)
    .replace(/&#x([\da-f]{1,4});/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replace(/&#(\d{1,5});/g, (_, code: string) => String.fromCharCode(Number(code)))
    .replace(/&(amp|lt|gt|quot|apos);/g, (_, word: keyof typeof characters) => characters[word]);
}

function percentDecoded(text: string): string {
  return text.replace(/%([\da-f]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

/** What stands in words of base64 and base64url, wherever in a word it begins. */
function base64Decoded(text: string): string[] {
  const words = text.match(/[\w+/-]{16,}/g) ?? [];
  return [0, 1, 2, 3].map((offset) =>
    words.map((word) => Buffer.from(word.slice(offset), 'base64').toString('latin1')).join('\n'),
  );
}

function hexDecoded(text: string): string {
  const words = text.match(/[\da-f]{24,}/gi) ?? [];
  const decoded = (word: string) => Buffer.from(word, 'hex').toString('latin1');
  return words.flatMap((word) => [decoded(word), decoded(word.slice(1))]).join('\n');
}
