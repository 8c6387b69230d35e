/** Computes the hash of a signed transaction. */

import { keccak_256 } from '@noble/hashes/sha3';
import { itemsOf, type RlpItem } from './rlp.ts';

/**
 * The fields of a signed transaction by its type, in order: b for bytes, l for a list. Yellow Paper
 * appendix B (legacy), EIP-2930 (1), EIP-1559 (2), EIP-4844 (3), EIP-7702 (4).
 */
const LEGACY = 'bbbbbbbbb';
const SHAPES: ReadonlyMap<number, string> = new Map([
  [1, 'bbbbbbblbbb'],
  [2, 'bbbbbbbblbbb'],
  [3, 'bbbbbbbblblbbb'],
  [4, 'bbbbbbbbllbbb'],
]);
const BLOB_TYPE = 3;
/** [transaction, blobs, commitments, proofs] of EIP-4844; with a version before the blobs, EIP-7594. */
const BLOB_WRAPPERS = ['llll', 'lblll'];

/**
 * The hash of the signed transaction that `eth_sendRawTransaction` takes, as `0x` and 64 lower-case digits:
 * Keccak-256 of its bytes (EIP-2718). On its way to a node a blob transaction is wrapped together with its blobs, which
 * are not hashed.
 *
 * Undefined for anything else: not a hexadecimal string, unsigned, cut, or of a type that only one chain has, since some
 * of those are hashed differently.
 */
export function rawTransactionHash(raw: unknown): string | undefined {
  if (typeof raw !== 'string' || !/^0x(?:[0-9a-f]{2})+$/i.test(raw)) return undefined;
  const bytes = Buffer.from(raw.slice(2), 'hex');
  const hashed = hashedPart(bytes);
  return hashed && `0x${Buffer.from(keccak_256(hashed)).toString('hex')}`;
}

function hashedPart(bytes: Buffer): Buffer | undefined {
  const type = bytes[0] ?? 0;
  // The first byte of a list: there is no type before it.
  if (type >= 0xc0) return shapeOf(itemsOf(bytes)) === LEGACY ? bytes : undefined;
  const payload = bytes.subarray(1);
  const items = itemsOf(payload);
  const shape = shapeOf(items);
  if (type === BLOB_TYPE && BLOB_WRAPPERS.includes(shape)) {
    const transaction = items?.[0]?.bytes ?? Buffer.alloc(0);
    return shapeOf(itemsOf(transaction)) === SHAPES.get(BLOB_TYPE)
      ? Buffer.concat([bytes.subarray(0, 1), transaction])
      : undefined;
  }
  return shape !== '' && shape === SHAPES.get(type) ? bytes : undefined;
}

function shapeOf(items: readonly RlpItem[] | undefined): string {
  return (items ?? []).map((item) => (item.isList ? 'l' : 'b')).join('');
}
