/** Unpacks compressed bodies. */

import * as zlib from 'node:zlib';
import type { Answered } from '../transport/outcome.ts';

/** How much of a body is unpacked to look at its beginning. */
const START_BYTES = 1_024;
/** The most that this may unpack to; with gzip it is at most half. */
const MAX_START_BYTES = 2 * 1_024 * START_BYTES;

interface Options {
  /** Bytes; a longer output is a RangeError. */
  readonly maxOutputLength: number;
  /** Accepts a body that stops in the middle. */
  readonly finishFlush?: number;
}
type Decoder = (body: Buffer, options: Options) => Buffer;

// In Node 22.15 and later; the types of 20 lack it.
const { zstdDecompressSync } = zlib as { zstdDecompressSync?: (body: Buffer, options: object) => Buffer };

const gunzip: Decoder = (body, options) => zlib.gunzipSync(body, options);
// Servers disagree on whether "deflate" has zlib's header; this accepts both.
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

/** The flush mode in which a decoder returns all that it has of a truncated body. */
const FLUSHES: ReadonlyMap<string, number> = new Map([
  ['gzip', zlib.constants.Z_SYNC_FLUSH],
  ['x-gzip', zlib.constants.Z_SYNC_FLUSH],
  ['deflate', zlib.constants.Z_SYNC_FLUSH],
  ['br', zlib.constants.BROTLI_OPERATION_FLUSH],
]);

/**
 * A whole body without its coding: the same bytes, or an unpacked copy. Undefined when it can't be unpacked: an
 * unknown coding, several codings, or more than `maxBytes`. `broken` when it does not match its coding.
 */
export function decodeBody(
  { body, headers }: { readonly body: Buffer; readonly headers: { readonly contentEncoding: string } },
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
 * The beginning of a body without its coding; of a packed body as much as its first kilobyte holds. Undefined when it
 * can't be unpacked: the coding is unknown or can't be truncated, or that kilobyte holds an absurd amount. `broken` when
 * the body does not match its coding.
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
