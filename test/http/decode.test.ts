import {
  brotliCompressSync,
  deflateRawSync,
  deflateSync,
  gzipSync,
  constants as zlibConstants,
} from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { decodeBody, decodeStart } from '../../src/http/decode.ts';

const MB = 1024 * 1024;
const text = Buffer.from('{"jsonrpc":"2.0","id":1,"result":"\u00e9"}');

function answered(body: Buffer, contentEncoding: string) {
  const headers = {
    forward: [],
    contentLength: undefined,
    contentType: '',
    contentEncoding,
    retryAfter: undefined,
    rateLimit: undefined,
    logsIn: false,
  };
  return { body, headers };
}

function decode(body: Buffer, contentEncoding: string) {
  return decodeBody(answered(body, contentEncoding), 8 * MB);
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

describe('decodeStart', () => {
  const long = Buffer.from(`{"result":"${Array.from({ length: 50_000 }, (_, index) => index).join()}"}`);

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
    ['br', brotliCompressSync],
  ])('gives the beginning of a large body, whole or cut: %s', (coding, pack) => {
    const packed = pack(long);
    for (const body of [packed, packed.subarray(0, 2_000)]) {
      const start = decodeStart(answered(body, coding));
      expect(
        Buffer.isBuffer(start) && start.length > 100 && start.equals(long.subarray(0, start.length)),
      ).toBe(true);
    }
  });

  it('gives the first byte of what unpacks to far too much', () => {
    const bomb = gzipSync(`[${'{},'.repeat(3_000_000)}{}]`);
    expect(decode(bomb, 'gzip')).toBeUndefined();
    expect(decodeStart(answered(bomb, 'gzip'))?.slice(0, 1).toString()).toBe('[');
  });

  it('tells what can not be told', () => {
    expect(decodeStart(answered(long, 'compress'))).toBeUndefined();
    expect(decodeStart(answered(long, 'gzip'))).toBe('broken');
    expect(decodeStart(answered(long, 'identity'))).toBe(long);
  });
});
