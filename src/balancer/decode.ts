import * as zlib from 'node:zlib';
import type { Answered } from './outcome.ts';

interface Options {
  /** One that is exceeded is a RangeError. */
  readonly maxOutputLength: number;
}
type Decoder = (body: Buffer, options: Options) => Buffer;

// Node 22.15 and later have it, the types of 20 don't know it.
const { zstdDecompressSync } = zlib as { zstdDecompressSync?: (body: Buffer, options: object) => Buffer };

const gunzip: Decoder = (body, options) => zlib.gunzipSync(body, options);
// Servers differ in whether "deflate" has zlib's frame; this takes both.
const inflate: Decoder = (body, options) =>
  ((body[0] ?? 0) & 0x0f) === 8 ? zlib.inflateSync(body, options) : zlib.inflateRawSync(body, options);
const DECODERS: ReadonlyMap<string, Decoder> = new Map([
  ['gzip', gunzip],
  ['x-gzip', gunzip],
  ['deflate', inflate],
  ['br', (body, options) => zlib.brotliDecompressSync(body, options)],
  ...(zstdDecompressSync ? [['zstd', zstdDecompressSync] as const] : []),
]);

/**
 * A whole body as text was written: itself, or a decoded copy. Undefined when it can't be looked into: an
 * unknown coding, several, or one that unfolds to more than `maxBytes`. `broken` when it is not what its coding says.
 */
export function decodeBody(
  { body, headers }: Pick<Answered, 'body' | 'headers'>,
  maxBytes: number,
): Buffer | 'broken' | undefined {
  if (headers.contentEncoding === '') return body;
  const coding = headers.contentEncoding.trim().toLowerCase();
  if (coding === '' || coding === 'identity') return body;
  const decode = DECODERS.get(coding);
  if (!decode) return undefined;
  try {
    return decode(body, { maxOutputLength: Math.max(1, maxBytes) });
  } catch (error) {
    return error instanceof RangeError ? undefined : 'broken';
  }
}
