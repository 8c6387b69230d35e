import { describe, expect, it } from 'vitest';
import { heightAt, parseHeight, parseQuantity } from '../../src/rpc/quantity.ts';

describe('a quantity', () => {
  it.each([
    ['0x0', 0n],
    ['0x1b4', 436n],
    ['0xFf', 255n],
    ['0x0400', 1024n],
    [`0x${'f'.repeat(64)}`, 2n ** 256n - 1n],
  ])('%s is a number', (text, value) => {
    expect(parseQuantity(text)).toBe(value);
  });

  it.each([
    undefined,
    null,
    1,
    true,
    {},
    ['0x1'],
    '',
    '0x',
    '1',
    'x1',
    '0X1',
    '-0x1',
    '0x-1',
    ' 0x1',
    '0x1\n',
    '0x1.0',
    '0xg',
    '0x1_0',
    `0x${'1'.repeat(65)}`,
  ])('%j is none', (value) => {
    expect(parseQuantity(value)).toBeUndefined();
    expect(parseHeight(value)).toBeUndefined();
  });
});

describe('a height', () => {
  it('is below 2^53: what is more is no block of any chain', () => {
    expect(parseHeight('0x1fffffffffffff')).toBe(Number.MAX_SAFE_INTEGER);
    expect(parseHeight('0x20000000000000')).toBeUndefined();
    expect(parseHeight('0x1000000000000000')).toBeUndefined();
  });

  it.each<[string, number | undefined]>([
    ['"0x1b4"', 436],
    ['null', undefined],
    ['436', undefined],
    ['"0x"', undefined],
    ['"436"', undefined],
    ['["0x1"]', undefined],
    [`"0x${'0'.repeat(70)}1"`, undefined],
  ])('written as %s in an answer is %s', (text, height) => {
    const body = Buffer.from(`{"result":${text}}`);
    expect(heightAt(body, 10, body.length - 1)).toBe(height);
  });

  it('is none where no result stands', () => {
    expect(heightAt(Buffer.from('{"id":1}'), -1, -1)).toBeUndefined();
  });
});
