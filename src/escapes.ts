/** Reads the backslash escapes of JSON in any text, and knows where each character came from. */

/** Texts within texts: JSON that holds JSON as a string, which another one holds. */
const MAX_DEPTH = 3;
const ESCAPE = /\\(?:u([0-9a-f]{4})|([bfnrt"\\/]))/gi;
const SHORT: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

export interface Reading {
  readonly text: string;
  /** Where the character at this place begins in the original; the place after the last one is the original's end. */
  readonly originOf: (place: number) => number;
}

/** The text as it stands, and as it reads when its escapes are read once, twice … as long as there are any. */
export function readingsOf(text: string): readonly Reading[] {
  let last: Reading = { text, originOf: (place) => place };
  const readings = [last];
  while (readings.length <= MAX_DEPTH && last.text.includes('\\')) {
    last = unescaped(last);
    readings.push(last);
  }
  return readings;
}

function unescaped({ text, originOf }: Reading): Reading {
  let read = '';
  let end = 0;
  const origins: number[] = [];
  const keep = (to: number) => {
    for (let place = end; place < to; place++) origins.push(place);
    read += text.slice(end, to);
  };
  for (const { 0: written, 1: code, 2: short = '', index } of text.matchAll(ESCAPE)) {
    keep(index);
    read += code === undefined ? (SHORT[short] ?? short) : String.fromCharCode(Number.parseInt(code, 16));
    origins.push(index);
    end = index + written.length;
  }
  keep(text.length);
  return { text: read, originOf: (place) => originOf(origins[place] ?? text.length) };
}
