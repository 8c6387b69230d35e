import { describe, expect, it } from 'vitest';
import { itemsOf } from '../../src/rpc/rlp.ts';

const items = (hex: string): string[] | undefined =>
  itemsOf(Buffer.from(hex, 'hex'))?.map(
    (item) => `${item.isList ? 'list' : 'bytes'} ${item.bytes.toString('hex')}`,
  );

describe('itemsOf', () => {
  it('finds the items of a list, each with its prefix', () => {
    expect(items('c0')).toEqual([]);
    expect(items('c8017f8081ffc20102')).toEqual([
      'bytes 01',
      'bytes 7f',
      'bytes 80',
      'bytes 81ff',
      'list c20102',
    ]);
  });

  it('reads long items and long lists', () => {
    expect(items(`f83ab838${'ab'.repeat(56)}`)).toEqual([`bytes b838${'ab'.repeat(56)}`]);
    expect(items(`f9012cf90129${'80'.repeat(297)}`)).toEqual([`list f90129${'80'.repeat(297)}`]);
  });

  it.each([
    ['nothing', ''],
    ['no list', '83616263'],
    ['bytes after the list', 'c18000'],
    ['a list that is cut', 'c280'],
    ['an item that reaches over the end', 'c282ff'],
    ['an inner list that reaches over the end', 'c2c380'],
    ['a length that is not there', 'ff'],
    ['a length that is cut', 'f9ff'],
    ['a length over six bytes', 'ffffffffffffffffffff'],
    ['a long prefix for a short list', 'f80180'],
    ['a long prefix for short bytes', 'c3b80180'],
    ['a length with a leading zero', `f9003ab838${'ab'.repeat(56)}`],
    ['a prefix on a byte that needs none', 'c2817f'],
    ['more items than any transaction has', `e1${'80'.repeat(33)}`],
  ])('is undefined for %s', (_, hex) => {
    expect(items(hex)).toBeUndefined();
  });

  it('takes as many items as it may', () => {
    expect(items(`e0${'80'.repeat(32)}`)).toHaveLength(32);
  });
});
