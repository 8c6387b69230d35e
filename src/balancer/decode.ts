import * as zlib from 'node:zlib';
import type { Answered } from './outcome.ts';

/** A body that unfolds to more than this is judged by its status only. */
const MAX_DECODED_BYTES = 8 * 1024 * 1024;
const OPTIONS = { maxOutputLength: MAX_DECODED_BYTES };

type Decoder = (body: Buffer) => Buffer;

// Node 22.15 and later have it, the types of 20 don't know it.
const { zstdDecompressSync } = zlib as { zstdDecompressSync?: (body: Buffer, options: object) => Buffer };

const gunzip: Decoder = (body) => zlib.gunzipSync(body, OPTIONS);
// Servers differ in whether "deflate" has zlib's frame; this takes both.
const inflate: Decoder = (body) =>
  ((body[0] ?? 0) & 0x0f) === 8 ? zlib.inflateSync(body, OPTIONS) : zlib.inflateRawSync(body, OPTIONS);
const DECODERS: ReadonlyMap<string, Decoder> = new Map([
  ['gzip', gunzip],
  ['x-gzip', gunzip],
  ['deflate', inflate],
  ['br', (body) => zlib.brotliDecompressSync(body, OPTIONS)],
  ...(zstdDecompressSync ? [['zstd', (body: Buffer) => zstdDecompressSync(body, OPTIONS)] as const] : []),
]);

/**
 * A whole body as text was written: itself, or a decoded copy. Undefined when it can't be looked into: an
 * unknown coding, several, or too large. `broken` when it is not what its coding says.
 */
export function decodeBody({
  body,
  headers,
}: Pick<Answered, 'body' | 'headers'>): Buffer | 'broken' | undefined {
  if (headers.contentEncoding === '') return body;
  const coding = headers.contentEncoding.trim().toLowerCase();
  if (coding === '' || coding === 'identity') return body;
  const decode = DECODERS.get(coding);
  if (!decode) return undefined;
  try {
    return decode(body);
  } catch (error) {
    return error instanceof RangeError ? undefined : 'broken';
  }
}
