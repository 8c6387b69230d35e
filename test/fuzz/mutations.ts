import { fc } from '../support/properties.ts';

/** Bytes that mean something to one parser or another. */
const FRAGMENTS = [
  ...['\r\n', '\n', '\r', '\0', ' ', '\t', ':', ';', ',', '\x80', '\xff', '0', '-1', '0x5', 'f'],
  ...[
    'Content-Length: 0\r\n',
    'Content-Length: 5\r\n',
    'Content-Length: 99999\r\n',
    'Content-Length: 5, 5\r\n',
  ],
  ...[
    'Transfer-Encoding: chunked\r\n',
    'Transfer-Encoding: xchunked\r\n',
    'Transfer-Encoding: gzip, chunked\r\n',
  ],
  ...[
    'Connection: close\r\n',
    'Connection: keep-alive, X-A\r\n',
    'Trailer: X-A\r\n',
    'Expect: 100-continue\r\n',
  ],
  ...['Host: b\r\n', 'X-A: 1\r\n', ' folded\r\n', 'X-A : 1\r\n', 'HTTP/1.0', 'HTTP/1.1 200 OK\r\n\r\n'],
  ...[
    'HTTP/1.1 100 Continue\r\n\r\n',
    'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n',
    '5\r\nabcde\r\n',
    '0\r\n\r\n',
  ],
  ...[
    'GET /RUNXXXXX/inner HTTP/1.1\r\nHost: a\r\n\r\n',
    'POST /RUNXXXXX/inner HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc',
  ],
];

export interface Mutation {
  readonly kind: 'insert' | 'delete' | 'replace' | 'repeat' | 'cut';
  /** Where, as a part of the whole. */
  readonly at: number;
  readonly length: number;
  readonly bytes: string;
}

const part = fc.double({ min: 0, max: 1, noNaN: true });

export const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom('insert', 'insert', 'insert', 'delete', 'replace', 'repeat', 'cut'),
  at: part,
  length: fc.integer({ min: 1, max: 40 }),
  bytes: fc.oneof(fc.constantFrom(...FRAGMENTS), fc.string({ maxLength: 8, unit: 'binary-ascii' })),
});

/** One character for each byte. */
export function mutated(text: string, mutations: readonly Mutation[]): string {
  let result = text;
  for (const { kind, at, length, bytes } of mutations) {
    const index = placeIn(result, at);
    const rest = result.slice(index);
    const before = result.slice(0, index);
    if (kind === 'insert') result = before + bytes + rest;
    else if (kind === 'delete') result = before + rest.slice(length);
    else if (kind === 'replace') result = before + bytes + rest.slice(bytes.length);
    else if (kind === 'repeat') result = before + rest.slice(0, length) + rest;
    else if (at > 0.5) result = before;
  }
  return result;
}

/** Half of all places are beginnings of lines: that is where a parser decides. */
function placeIn(text: string, at: number): number {
  const lines = [...text.matchAll(/\r\n/g)].map(({ index }) => index + 2);
  const line = lines[Math.floor(at * 2 * lines.length)];
  return at < 0.5 && line !== undefined ? line : Math.floor(at * text.length);
}

/** Where the bytes are cut into packets, as parts of the whole. */
export const cuts = fc.array(part, { maxLength: 4 });

export function packets(bytes: Buffer, where: readonly number[]): Buffer[] {
  const at = [0, ...where.map((each) => Math.floor(each * bytes.length)), bytes.length].sort((a, b) => a - b);
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
}
