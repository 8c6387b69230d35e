/** Reads numbers as JSON-RPC writes them. */

import { QUOTE } from './json-scan.ts';

/** Up to the digits of a 256-bit number, the largest quantity of Ethereum's JSON-RPC. */
const QUANTITY = /^0x[0-9a-fA-F]{1,64}$/;
/** Length of a quantity in JSON: quotes, `0x` and the digits. */
const LONGEST_TEXT = 2 + 2 + 64;

/**
 * The number that a JSON-RPC quantity (`"0x1b4"`) means; undefined for anything else. Leading zeros, which the
 * specification forbids and some nodes write, are tolerated.
 */
export function parseQuantity(value: unknown): bigint | undefined {
  return typeof value === 'string' && QUANTITY.test(value) ? BigInt(value) : undefined;
}

/** The block number that a quantity means; undefined for one that no chain will reach (2^53 and more). */
export function parseHeight(value: unknown): number | undefined {
  const quantity = parseQuantity(value);
  return quantity !== undefined && quantity <= Number.MAX_SAFE_INTEGER ? Number(quantity) : undefined;
}

/** The block number whose JSON text is between two offsets; undefined when there is none. */
export function heightAt(body: Buffer, start: number, end: number): number | undefined {
  if (start < 0 || end - start > LONGEST_TEXT || body[start] !== QUOTE) return undefined;
  return parseHeight(body.toString('latin1', start + 1, end - 1));
}
