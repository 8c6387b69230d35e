/** Finds out where the text of a JSON-RPC error may come from. */

import { type ErrorSource, patternOf, phrases } from './error-rows.ts';
import { carriesTransaction } from './methods.ts';

/**
 * The possible sources by code, method and the form of the text, found before the text is classified. A contract can
 * say "unauthorized", a mempool "limit exceeded"; only a provider's own refusal puts the blame on it.
 *
 * The client's words are still in the text here: quoting a revert can make an error look like a contract's, which
 * puts the blame on no upstream, and never the other way round.
 */
export function identifySources(error: {
  readonly code: number | undefined;
  readonly method: string | undefined;
  /** Message and data in lower case. */
  readonly text: string;
  readonly data: unknown;
}): readonly ErrorSource[] {
  const { code, method = '' } = error;
  if (code === METHOD_NOT_FOUND) return NODE;
  if (isProgram(error)) return PROGRAM;
  if (mayBeProgram(error)) return PERHAPS_PROGRAM;
  if (code === INVALID_PARAMS) return carriesTransaction(method) ? MEMPOOL : NODE;
  if (code !== undefined && GATEWAY_CODES.has(code)) return GATEWAY;
  if (isMempool(error)) return MEMPOOL;
  return NODE_ONLY.test(error.text) ? NODE : GATEWAY;
}

const NODE: readonly ErrorSource[] = ['node'];
const GATEWAY: readonly ErrorSource[] = ['gateway', 'node'];
const MEMPOOL: readonly ErrorSource[] = ['mempool'];
const PROGRAM: readonly ErrorSource[] = ['program'];
const PERHAPS_PROGRAM: readonly ErrorSource[] = ['program', 'node'];

const METHOD_NOT_FOUND = -32601;
const INVALID_PARAMS = -32602;
/** HTTP statuses as codes: only a gateway sends them. */
const GATEWAY_CODES: ReadonlySet<number> = new Set([402, 429]);

const REVERT = 3;
/** Codes of ERC-4337, whose texts come from accounts and paymasters. */
const PROGRAM_CODES: ReadonlySet<number> = new Set([
  -32500, -32501, -32502, -32503, -32504, -32505, -32506, -32507, -32508, -32521,
]);
/** Starknet's contract error and transaction execution error. */
const STARKNET_PROGRAM_CODES: ReadonlySet<number> = new Set([40, 41]);
const SOLANA_SIMULATIONS: ReadonlySet<string> = new Set(['sendTransaction', 'simulateTransaction']);
const SOLANA_PREFLIGHT_FAILURE = -32002;

/** How nodes introduce the text of a contract or program. */
const PROGRAM_TEXT = patternOf([
  // Ethereum and chains derived from it.
  /\breverted\b/,
  /\brevert(?:\s*$|:| opcode| reason)/,
  /\b(?:vm|evm) (?:exception|error|execution error)\b/,
  /\bcontract_revert/,
  /\bcontract ?validate/,
  /\buseroperation\b|\baa\d\d /,
  // Solana.
  ...phrases(`
    simulation failed | error processing instruction | custom program error | program log: | instructionerror
  `),
  // Cosmos.
  ...phrases('failed to execute message | wasm contract failed'),
  // Starknet, NEAR, Substrate, TON.
  ...phrases(`
    contract error | failure reason: | exported method | contract_execution_error | wasm trap | contracttrapped
    external message | exitcode=
  `),
]);

/** Refusals that only a mempool gives. */
const MEMPOOL_CODES: ReadonlySet<number> = new Set([
  // EIP-1474 "transaction rejected", OpenEthereum's and Nethermind's, Solana's signature failures.
  ...[-32003, -32010, -32006, -32013],
  // Bitcoin.
  ...[-25, -26, -27],
  // Substrate's pool.
  ...[1002, 1010, 1011, 1012, 1013, 1014, 1015, 1016, 1018, 1019, 1021],
  // Starknet.
  ...[51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65],
]);
/** Words about a transaction, in an answer to one. */
const MEMPOOL_TEXT = new RegExp(
  [
    /\b(?:transactions?|tx|txn|tx ?pool|mempool|nonce|gas|fees?|tip|base fee|sender|signer|signature)\b/,
    /\b(?:blobs?|sidecars?|chain ?id|replay|underpriced|utxo|inputs?|outputs?|script|extrinsic|priority)\b/,
    /\b(?:insufficient (?:funds|balance)|balance|rlp|sub-pool|sequence mismatch|proof ?version)\b/,
  ]
    .map(({ source }) => source)
    .join('|'),
);

/** NEAR names the part of the node that the error comes from. */
const NODE_ONLY = /\b(?:handler_error|request_validation_error)\b/;

function isProgram({ code, method = '', text }: Parameters<typeof identifySources>[0]): boolean {
  if (code !== undefined) {
    if (PROGRAM_CODES.has(code)) return true;
    if (STARKNET_PROGRAM_CODES.has(code) && method.startsWith('starknet_')) return true;
    if (code === SOLANA_PREFLIGHT_FAILURE && SOLANA_SIMULATIONS.has(method)) return true;
  }
  PROGRAM_TEXT.lastIndex = 0;
  return PROGRAM_TEXT.test(text);
}

/** Alchemy sends missing data with code 3; Cosmos sends it, and any error of a module, with a code of the module. */
function mayBeProgram({ code, method = '', text, data }: Parameters<typeof identifySources>[0]): boolean {
  if (code === REVERT || text.includes('codespace')) return true;
  return !carriesTransaction(method) && holdsReturnData(data);
}

function isMempool({ code, method = '', text }: Parameters<typeof identifySources>[0]): boolean {
  if (!carriesTransaction(method)) return false;
  return (code !== undefined && MEMPOOL_CODES.has(code)) || MEMPOOL_TEXT.test(text);
}

/** Whether there is return data of a contract, at least a selector. A gateway sends none. */
function holdsReturnData(data: unknown, depth = 2): boolean {
  if (typeof data === 'string') return /^0x[0-9a-f]{8}/i.test(data);
  if (typeof data !== 'object' || data === null || depth === 0) return false;
  return ['data', 'result', 'return'].some((key) =>
    holdsReturnData(Object.getOwnPropertyDescriptor(data, key)?.value, depth - 1),
  );
}
