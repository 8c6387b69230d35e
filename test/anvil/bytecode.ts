import { concatHex, encodeErrorResult, type Hex, numberToHex, parseAbi, size } from 'viem';

const RETURN = '0xf3';
const REVERT = '0xfd';
/** The length of the code below. */
const PREFIX_BYTES = 12;

/** Code that ends with the bytes behind it: PUSH2 size, PUSH1 12, PUSH0, CODECOPY, PUSH2 size, PUSH0, END. */
function endWith(end: Hex, payload: Hex): Hex {
  const length = numberToHex(size(payload), { size: 2 });
  const start = numberToHex(PREFIX_BYTES, { size: 1 });
  return concatHex(['0x61', length, '0x60', start, '0x5f39', '0x61', length, '0x5f', end, payload]);
}

/** What Solidity's `revert("…")` gives back: the words of `Error(string)`. */
export function reasonData(reason: string): Hex {
  return encodeErrorResult({ abi: parseAbi(['error Error(string)']), errorName: 'Error', args: [reason] });
}

/** A deployment of a contract that answers every call with a revert that holds these bytes. */
export function revertingContract(revertData: Hex): Hex {
  return endWith(RETURN, endWith(REVERT, revertData));
}
