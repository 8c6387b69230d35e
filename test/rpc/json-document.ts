import { fc } from '../support/properties.ts';

/** A JSON text and what is special about it. */
export interface Source {
  readonly text: string;
  /** At least one of its own keys is written with an escape. */
  readonly oddKeys: boolean;
}

/** What may stand between two tokens of JSON. */
export const spacing = fc.string({ unit: fc.constantFrom(' ', '\n', '\t', '\r'), maxLength: 3 });

/** A value, written with random white space. */
export function valueSource(value: unknown): fc.Arbitrary<Source> {
  return fc.infiniteStream(spacing).map((spaces) => ({ text: write(value, spaces), oddKeys: false }));
}

/** An object, written with random white space, some of its own keys with an escaped first letter. */
export function objectSource(value: object): fc.Arbitrary<Source> {
  const escapes = fc.array(fc.boolean(), { minLength: 8, maxLength: 8 });
  return fc.tuple(fc.infiniteStream(spacing), fc.boolean(), escapes).map(([spaces, plain, escaped]) => {
    const members = Object.entries(value).map(([key, member], i) => {
      const odd = !plain && escaped[i] === true;
      return { odd, text: `${writeKey(key, odd)}${next(spaces)}:${write(member, spaces)}` };
    });
    return {
      text: `{${next(spaces)}${members.map((member) => member.text).join(`,${next(spaces)}`)}}`,
      oddKeys: members.some((member) => member.odd),
    };
  });
}

function next(spaces: Iterator<string>): string {
  return String(spaces.next().value);
}

function writeKey(key: string, odd: boolean): string {
  if (!odd) return JSON.stringify(key);
  return `"\\u${key.charCodeAt(0).toString(16).padStart(4, '0')}${JSON.stringify(key.slice(1)).slice(1)}`;
}

function write(value: unknown, spaces: Iterator<string>): string {
  const space = next(spaces);
  if (Array.isArray(value)) {
    return `${space}[${value.map((item) => write(item, spaces)).join(',')}${next(spaces)}]${space}`;
  }
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(
      ([key, member]) => `${next(spaces)}${JSON.stringify(key)}${next(spaces)}:${write(member, spaces)}`,
    );
    return `${space}{${members.join(',')}${next(spaces)}}${space}`;
  }
  return `${space}${JSON.stringify(value)}${space}`;
}
