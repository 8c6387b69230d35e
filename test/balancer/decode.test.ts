import {
  brotliCompressSync,
  deflateRawSync,
  deflateSync,
  gzipSync,
  constants as zlibConstants,
} from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { decodeBody } from '../../src/balancer/decode.ts';

const MB = 1024 * 1024;
const text = Buffer.from('{"jsonrpc":"2.0","id":1,"result":"\u00e9"}');

function decode(body: Buffer, contentEncoding: string) {
  return decodeBody({
    body,
    headers: {
      forward: [],
      contentLength: undefined,
      contentType: '',
      contentEncoding,
      retryAfter: undefined,
      logsIn: false,
    },
  });
}

describe('decodeBody', () => {
  it.each([
    ['gzip', gzipSync(text)],
    ['x-gzip', gzipSync(text)],
    [' GZip ', gzipSync(text)],
    ['deflate', deflateSync(text)],
    ['deflate', deflateRawSync(text)],
    ['br', brotliCompressSync(text)],
  ])('reads %s', (coding, body) => {
    expect(decode(body, coding)?.toString()).toBe(text.toString());
  });

  it.each(['', 'identity', 'IDENTITY'])('gives a body in no coding as it is ("%s")', (coding) => {
    expect(decode(text, coding)).toBe(text);
  });

  it.each(['snappy', 'gzip, br', 'compress', 'constructor', '__proto__'])(
    'can not look into "%s"',
    (coding) => {
      expect(decode(gzipSync(text), coding)).toBeUndefined();
    },
  );

  it.each([
    ['gzip', 'something else', text],
    ['gzip', 'cut', gzipSync(text).subarray(0, -9)],
    ['gzip', 'empty', Buffer.alloc(0)],
    ['deflate', 'something else', text],
    ['deflate', 'cut', deflateSync(text).subarray(0, 12)],
    ['br', 'something else', text],
    ['br', 'cut', brotliCompressSync(text).subarray(0, 9)],
  ])('says that %s is broken: %s', (coding, _, body) => {
    expect(decode(body, coding)).toBe('broken');
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    [
      'br',
      (body: Buffer) => brotliCompressSync(body, { params: { [zlibConstants.BROTLI_PARAM_QUALITY]: 1 } }),
    ],
  ])('%s that unfolds to more than 8 MiB is left alone, and up to that is read', (coding, compress) => {
    expect(decode(compress(Buffer.alloc(8 * MB + 1)), coding)).toBeUndefined();
    expect(decode(compress(Buffer.alloc(8 * MB)), coding)).toHaveLength(8 * MB);
  });
});
