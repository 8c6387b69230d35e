import { patternOf, phrases, type Speaker } from './error-rows.ts';
import { carriesTransaction } from './methods.ts';

/**
 * Who speaks in an error: decided by code, method and the form of the text, before it is asked what is said. A
 * contract can say "unauthorized", a transaction check "limit exceeded"; only a provider's own refusal blames it.
 *
 * The client's words are still in the text here: quoting a revert can make an error look like a contract's, which
 * blames nobody, and never the other way round.
 */
export function speakersOf(error: {
  readonly code: number | undefined;
  readonly method: string | undefined;
  /** Message and data in lower case. */
  readonly said: string;
  readonly data: unknown;
}): readonly Speaker[] {
  const { code, method = '' } = error;
  if (code === METHOD_NOT_FOUND) return NODE;
  if (isProgram(error)) return PROGRAM;
  if (mayBeProgram(error)) return PERHAPS_PROGRAM;
  if (code === INVALID_PARAMS) return carriesTransaction(method) ? CHECK : NODE;
  if (code !== undefined && GATEWAY_CODES.has(code)) return GATEWAY;
  if (isCheck(error)) return CHECK;
  return NODE_ONLY.test(error.said) ? NODE : GATEWAY;
}

const NODE: readonly Speaker[] = ['node'];
const GATEWAY: readonly Speaker[] = ['gateway', 'node'];
const CHECK: readonly Speaker[] = ['check'];
const PROGRAM: readonly Speaker[] = ['program'];
const PERHAPS_PROGRAM: readonly Speaker[] = ['program', 'node'];

const METHOD_NOT_FOUND = -32601;
const INVALID_PARAMS = -32602;
/** HTTP statuses as codes: nobody but a gateway says so. */
const GATEWAY_CODES: ReadonlySet<number> = new Set([402, 429]);

const REVERT = 3;
/** Those of ERC-4337, whose texts are those of accounts and paymasters. */
const PROGRAM_CODES: ReadonlySet<number> = new Set([
  -32500, -32501, -32502, -32503, -32504, -32505, -32506, -32507, -32508, -32521,
]);
/** Starknet's: contract error, transaction execution error. */
const STARKNET_PROGRAM_CODES: ReadonlySet<number> = new Set([40, 41]);
const SOLANA_SIMULATIONS: ReadonlySet<string> = new Set(['sendTransaction', 'simulateTransaction']);
const SOLANA_PREFLIGHT_FAILURE = -32002;

/** How nodes introduce what a contract or program has said. */
const PROGRAM_TEXT = patternOf([
  // Ethereum and its kin.
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

/** Refusals that only the pool of transactions gives. */
const CHECK_CODES: ReadonlySet<number> = new Set([
  // EIP-1474 "transaction rejected", OpenEthereum's and Nethermind's, Solana's signature failures.
  ...[-32003, -32010, -32006, -32013],
  // Bitcoin.
  ...[-25, -26, -27],
  // Substrate's pool.
  ...[1002, 1010, 1011, 1012, 1013, 1014, 1015, 1016, 1018, 1019, 1021],
  // Starknet.
  ...[51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65],
]);
/** Words of a transaction, in an answer to one. */
const CHECK_TEXT = new RegExp(
  [
    /\b(?:transactions?|tx|txn|tx ?pool|mempool|nonce|gas|fees?|tip|base fee|sender|signer|signature)\b/,
    /\b(?:blobs?|sidecars?|chain ?id|replay|underpriced|utxo|inputs?|outputs?|script|extrinsic|priority)\b/,
    /\b(?:insufficient (?:funds|balance)|balance|rlp|sub-pool|sequence mismatch|proof ?version)\b/,
  ]
    .map(({ source }) => source)
    .join('|'),
);

/** NEAR names the part of the node that speaks. */
const NODE_ONLY = /\b(?:handler_error|request_validation_error)\b/;

function isProgram({ code, method = '', said }: Parameters<typeof speakersOf>[0]): boolean {
  if (code !== undefined) {
    if (PROGRAM_CODES.has(code)) return true;
    if (STARKNET_PROGRAM_CODES.has(code) && method.startsWith('starknet_')) return true;
    if (code === SOLANA_PREFLIGHT_FAILURE && SOLANA_SIMULATIONS.has(method)) return true;
  }
  PROGRAM_TEXT.lastIndex = 0;
  return PROGRAM_TEXT.test(said);
}

/** Alchemy sends missing data with code 3, Cosmos that and all that its modules say with a code of theirs. */
function mayBeProgram({ code, method = '', said, data }: Parameters<typeof speakersOf>[0]): boolean {
  if (code === REVERT || said.includes('codespace')) return true;
  return !carriesTransaction(method) && holdsReturnData(data);
}

function isCheck({ code, method = '', said }: Parameters<typeof speakersOf>[0]): boolean {
  if (!carriesTransaction(method)) return false;
  return (code !== undefined && CHECK_CODES.has(code)) || CHECK_TEXT.test(said);
}

/** What a contract gave back, a selector at least. A gateway has no such data. */
function holdsReturnData(data: unknown, depth = 2): boolean {
  if (typeof data === 'string') return /^0x[0-9a-f]{8}/i.test(data);
  if (typeof data !== 'object' || data === null || depth === 0) return false;
  return ['data', 'result', 'return'].some((key) =>
    holdsReturnData(Object.getOwnPropertyDescriptor(data, key)?.value, depth - 1),
  );
}
