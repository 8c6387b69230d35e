/** The JSON-RPC methods that are known by name: a closed set, whatever clients send. */

import { WELL_KNOWN_METHODS } from './method-kinds.ts';
import { KNOWN_READS, READS, SIGNED_CALLS } from './method-names.ts';

/** What the other lists don't have, since rules recognize it: reads, filters, subscriptions, transactions. */
const OTHERS = `
  eth_callBundle eth_callMany eth_estimateUserOperationGas eth_fillTransaction eth_getAccount
  eth_getBlockTransactionCountByHash eth_getHeaderByHash eth_getHeaderByNumber eth_getRawTransactionByHash
  eth_getTransactionByBlockHashAndIndex eth_getTransactionByBlockNumberAndIndex
  eth_getTransactionBySenderAndNonce eth_getUncleByBlockHashAndIndex eth_getUncleByBlockNumberAndIndex
  eth_getUncleCountByBlockHash eth_getUncleCountByBlockNumber eth_getUserOperationByHash
  eth_getUserOperationReceipt eth_getWork eth_supportedEntryPoints
  eth_newBlockFilter eth_newFilter eth_newPendingTransactionFilter eth_uninstallFilter
  eth_subscribe eth_unsubscribe
  eth_sendRawTransaction eth_sendRawTransactionSync eth_sendRawTransactionConditional
  eth_sendPrivateTransaction eth_sendPrivateRawTransaction eth_sendTransaction
  eth_sign eth_signTransaction eth_signTypedData_v4 eth_submitWork
  debug_getBadBlocks debug_getRawBlock debug_getRawHeader debug_getRawReceipts debug_getRawTransaction
  debug_traceCallMany trace_replayBlockTransactions
  arbtrace_block arbtrace_call arbtrace_filter arbtrace_transaction
  ots_getApiLevel ots_getBlockDetails ots_getBlockTransactions ots_getContractCreator ots_getInternalOperations
  ots_getTransactionError ots_hasCode ots_searchTransactionsAfter ots_searchTransactionsBefore ots_traceTransaction
  erigon_getHeaderByHash erigon_getHeaderByNumber erigon_getLatestLogs erigon_getLogsByHash
  bor_getAuthor bor_getCurrentValidators bor_getRootHash bor_getSnapshot
  alchemy_getAssetTransfers alchemy_getTokenAllowance alchemy_getTokenBalances alchemy_getTokenMetadata
  alchemy_getTransactionReceipts parity_nextNonce parity_pendingTransactions
  zks_L1BatchNumber zks_L1ChainId zks_estimateFee zks_getBlockDetails zks_getBridgeContracts
  zks_getL1BatchDetails zks_getTransactionDetails zkevm_batchNumber zkevm_getBatchByNumber
  optimism_rollupConfig optimism_syncStatus optimism_version
  klay_blockNumber klay_call klay_getBalance klay_getBlockByNumber klay_sendRawTransaction
  starknet_call starknet_estimateFee starknet_getBlockWithReceipts starknet_getBlockWithTxHashes
  starknet_getBlockWithTxs starknet_getClass starknet_getClassAt starknet_getClassHashAt starknet_getEvents
  starknet_getNonce starknet_getStateUpdate starknet_getStorageAt starknet_getTransactionByHash
  starknet_getTransactionReceipt starknet_getTransactionStatus
  author_pendingExtrinsics author_submitAndWatchExtrinsic chain_getBlock chain_getBlockHash
  chain_getFinalizedHead state_getKeysPaged state_getMetadata state_getRuntimeVersion state_getStorage
  state_queryStorageAt
  sui_dryRunTransactionBlock sui_getCheckpoint sui_getLatestCheckpointSequenceNumber sui_getObject
  sui_getTransactionBlock sui_multiGetObjects suix_getAllBalances suix_getBalance suix_getCoins
  suix_getOwnedObjects suix_getReferenceGasPrice suix_queryEvents
  sendTransaction requestAirdrop sendrawtransaction submitpackage sendBoc send_tx
`;

/** Each name under itself. */
const KNOWN: ReadonlyMap<string, string> = new Map(
  [...KNOWN_READS, ...READS, ...SIGNED_CALLS, ...WELL_KNOWN_METHODS, ...OTHERS.trim().split(/\s+/)].map(
    (name) => [name, name],
  ),
);

/** How many there are. */
export const KNOWN_METHODS = KNOWN.size;

/** The name of a known method as it stands in the list, so that nothing of a client's request is kept with it. */
export function knownMethod(method: string): string | undefined {
  return KNOWN.get(method);
}
