/** Which JSON-RPC methods take about as long as each other: closed sets, whatever clients send. */

import { CALL_KINDS, type CallKind } from '../events.ts';
import { carriesTransaction } from './methods.ts';

/** The methods that most requests are for. */
const WELL_KNOWN: Readonly<Partial<Record<CallKind, string>>> = {
  state: `
    eth_blockNumber eth_chainId eth_gasPrice eth_maxPriorityFeePerGas eth_blobBaseFee eth_syncing net_version
    web3_clientVersion getSlot getBlockHeight getLatestBlockhash getEpochInfo getHealth getVersion getGenesisHash
    isBlockhashValid getblockcount getbestblockhash
  `,
  reads: `
    eth_getBalance eth_getCode eth_getStorageAt eth_getTransactionCount eth_getBlockByNumber eth_getBlockByHash
    eth_getTransactionByHash eth_getTransactionReceipt eth_getBlockReceipts eth_feeHistory eth_getProof
    eth_getBlockTransactionCountByNumber getAccountInfo getBalance getBlock getTransaction getMultipleAccounts
    getSignatureStatuses getTokenAccountBalance getblock getblockhash getrawtransaction
  `,
  calls: 'eth_call eth_estimateGas eth_createAccessList eth_simulateV1 simulateTransaction',
  logs: `
    eth_getLogs eth_getFilterLogs eth_getFilterChanges getProgramAccounts getSignaturesForAddress
    getTokenAccountsByOwner getTokenAccountsByDelegate
  `,
  traces:
    'debug_traceTransaction debug_traceCall debug_traceBlockByNumber debug_traceBlockByHash trace_block trace_filter',
};

const TRACE = /^(?:debug|trace|arbtrace|ots)_/;

interface Row {
  readonly kind: CallKind;
  /** A number of its own among LATENCY_KEYS. */
  readonly key: number;
}

/**
 * Latencies are kept for each of the well-known methods, and for each kind together for the others of it. A key is the
 * index of a kind, or a number after those.
 */
const METHODS: ReadonlyMap<string, Row> = new Map(
  Object.entries(WELL_KNOWN)
    // The keys of the record are kinds.
    .flatMap(([kind, names]) =>
      names
        .trim()
        .split(/\s+/)
        .map((name) => [name, kind as CallKind] as const),
    )
    .map(([name, kind], index) => [name, { kind, key: CALL_KINDS.length + index }]),
);

/** The names of those with latencies of their own. */
export const WELL_KNOWN_METHODS: readonly string[] = [...METHODS.keys()];

/** How many keys there are. */
export const LATENCY_KEYS = CALL_KINDS.length + METHODS.size;

const KIND_OF_KEY: readonly number[] = [
  ...CALL_KINDS.keys(),
  ...[...METHODS.values()].map(({ kind }) => CALL_KINDS.indexOf(kind)),
];

export const BATCH_KEY = CALL_KINDS.indexOf('batches');
export const HTTP_KEY = CALL_KINDS.indexOf('http');

/** Where the latencies of a single call belong; `undefined` for a call without a method. */
export function latencyKeyOf(method: string | undefined): number {
  if (method === undefined) return CALL_KINDS.indexOf('other');
  return METHODS.get(method)?.key ?? CALL_KINDS.indexOf(kindByName(method));
}

/** The index of the kind that a key belongs to. */
export function kindOfKey(key: number): number {
  return KIND_OF_KEY[key] ?? CALL_KINDS.indexOf('other');
}

function kindByName(method: string): CallKind {
  if (TRACE.test(method)) return 'traces';
  return carriesTransaction(method) ? 'transactions' : 'other';
}
