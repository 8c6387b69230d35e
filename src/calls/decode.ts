import * as zlib from 'node:zlib';
import type { Answered } from '../transport/outcome.ts';

/** Of a body whose beginning is looked at. */
const START_BYTES = 1_024;
/** What that may unfold to; gzip has at most half of it. */
const MAX_START_BYTES = 2 * 1_024 * START_BYTES;

interface Options {
  /** One that is exceeded is a RangeError. */
  readonly maxOutputLength: number;
  /** Takes a body that stops in the middle. */
  readonly finishFlush?: number;
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

/** Whether answers in this coding, in lower case, can be unpacked by this version of Node. */
export function canUnpack(coding: string): boolean {
  return DECODERS.has(coding);
}

/** What makes a decoder give out all that it has of a body that is cut. */
const FLUSHES: ReadonlyMap<string, number> = new Map([
  ['gzip', zlib.constants.Z_SYNC_FLUSH],
  ['x-gzip', zlib.constants.Z_SYNC_FLUSH],
  ['deflate', zlib.constants.Z_SYNC_FLUSH],
  ['br', zlib.constants.BROTLI_OPERATION_FLUSH],
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

/**
 * The beginning of a body as text was written; of a packed one as much as its first kilobyte holds. Undefined when
 * that can't be told: a coding that is not known, or can't be cut, or an absurd lot in that kilobyte.
 */
export function decodeStart({
  body,
  headers,
}: Pick<Answered, 'body' | 'headers'>): Buffer | 'broken' | undefined {
  const coding = headers.contentEncoding.trim().toLowerCase();
  if (coding === '' || coding === 'identity') return body;
  const finishFlush = FLUSHES.get(coding);
  if (finishFlush === undefined) return undefined;
  try {
    const options = { maxOutputLength: MAX_START_BYTES, finishFlush };
    return DECODERS.get(coding)?.(body.subarray(0, START_BYTES), options);
  } catch (error) {
    return error instanceof RangeError ? undefined : 'broken';
  }
}
