import { describe, expect, it } from 'vitest';
import { ClientWords, withoutClientWords } from '../../src/rpc/client-words.ts';
import { classifyRpcError } from '../../src/rpc/errors.ts';

const wordsOf = (source: string) => new ClientWords(() => source);

describe('ClientWords', () => {
  it.each([
    ['unauthorized', '["unauthorized"]'],
    ['unauthorized', '["UnAuthorized"]'],
    ['rate limit', '["rate_limit"]'],
    ['rate limit', '[{"rateLimit":1}]'],
    ['rate limit', '["rate\\nlimit"]'],
    ['rate limit', '["\\u0072ate limit"]'],
    ['rate limit', '["rate%20limit"]'],
    ['rate limit', `["0x${Buffer.from('rate limit').toString('hex')}"]`],
    ['"Rate" `limit`', '["rate limit"]'],
    ['r\\u0061te limit', '["rate limit"]'],
  ])('finds %j in %j', (words, source) => {
    expect(wordsOf(source).includes(words)).toBe(true);
  });

  it.each([
    ['rate limit', '[]'],
    ['rate limit', '["limit", "rate"]'],
    ['unauthorized', '["authorized"]'],
    ['<>', '["<>"]'],
  ])('does not find %j in %j', (words, source) => {
    expect(wordsOf(source).includes(words)).toBe(false);
  });

  it('is not read before it is asked, and once', () => {
    let reads = 0;
    const words = new ClientWords(() => {
      reads++;
      return 'x';
    });
    expect(reads).toBe(0);
    words.includes('a');
    words.includes('b');
    expect(reads).toBe(1);
  });

  it('is not read for a plain answer of a contract', () => {
    const words = new ClientWords(() => {
      throw new Error('read');
    });
    const facts = { httpStatus: 200, code: 3, data: '0x', method: 'eth_call', words };
    expect(classifyRpcError({ ...facts, message: 'execution reverted: no' }).class).toBe('revert');
  });

  it('counts all as the client’s when too much is asked', () => {
    const words = wordsOf('[]');
    const found = Array.from({ length: 100 }, (_, i) => words.includes(`unauthorized ${i}`));
    expect([found[0], found[99]]).toEqual([false, true]);
  });
});

describe('a text without the client’s words', () => {
  const without = (text: string, method: string, params: string) =>
    withoutClientWords(text, { method, words: wordsOf(`${method} ${params}`) });

  it('has a placeholder for the method, and no quotations of parameters', () => {
    expect(without('the method eth_foo is gone', 'eth_foo', '[]')).toBe('the method <method> is gone');
    expect(without('bad "unauthorized" in `eth_foo`', 'eth_foo', '["unauthorized"]')).toBe(
      'bad "…" in `<method>`',
    );
    expect(without('bad "unauthorized and so on...', 'eth_foo', '["unauthorized and so on and on"]')).toBe(
      'bad "…',
    );
    expect(without('bad “a b” and "c"', 'eth_foo', '["a b"]')).toBe('bad “…” and "c"');
  });

  it('leaves a plain word that is a method’s name where it means the thing', () => {
    expect(without('block not found', 'block', '[]')).toBe('block not found');
    expect(without('method block not found', 'block', '[]')).toBe('method <method> not found');
    expect(without("unknown 'block'", 'block', '[]')).toBe("unknown '<method>'");
  });
});

describe('what the client’s words cost', () => {
  const hostile: Readonly<Record<string, string>> = {
    letters: 'rate ',
    hex: 'ab',
    runs: 'abcdef01 ',
    escapes: '\\u0061',
    percent: '%41',
    backslashes: '\\\\',
    quotes: '\\"',
  };
  const texts = [
    'rate limit exceeded',
    '"a'.repeat(2_000),
    'rate limit '.repeat(400),
    'unauthorized1 '.repeat(300),
  ];
  const cost = (source: string): number => {
    const start = performance.now();
    for (const message of texts) {
      const words = wordsOf(source);
      classifyRpcError({
        httpStatus: 200,
        code: -32000,
        message,
        data: undefined,
        method: 'eth_call',
        words,
      });
    }
    return performance.now() - start;
  };
  const least = (source: string) => Math.min(...[1, 2, 3].map(() => cost(source)));

  it.each(Object.keys(hostile))('grows with their length and no faster: %s', (name) => {
    const piece = hostile[name] ?? '';
    const short = piece.repeat(25_000 / piece.length);
    // Sixteen times as long would cost 256 times as much.
    expect(least(short.repeat(16))).toBeLessThan(100 * Math.max(least(short), 1));
  });
});
