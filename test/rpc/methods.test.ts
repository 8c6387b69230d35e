import { describe, expect, it } from 'vitest';
import {
  answersTransactionHash,
  carriesTransaction,
  isKnownRead,
  isRawTransaction,
  repeatability,
} from '../../src/rpc/methods.ts';

const words = (text: string): string[] => text.trim().split(/\s+/);

const READS = words(`
  eth_accounts eth_blobBaseFee eth_blockNumber eth_call eth_callBundle eth_chainId eth_coinbase
  eth_createAccessList eth_estimateGas eth_estimateUserOperationGas eth_feeHistory eth_fillTransaction
  eth_gasPrice eth_getAccount eth_getBalance eth_getBlockByHash eth_getBlockByNumber eth_getBlockReceipts
  eth_getBlockTransactionCountByHash eth_getBlockTransactionCountByNumber eth_getCode eth_getFilterLogs
  eth_getHeaderByNumber eth_getLogs eth_getProof eth_getRawTransactionByHash eth_getStorageAt
  eth_getTransactionByBlockHashAndIndex eth_getTransactionByBlockNumberAndIndex eth_getTransactionByHash
  eth_getTransactionCount eth_getTransactionReceipt eth_getUncleByBlockHashAndIndex
  eth_getUncleCountByBlockHash eth_getUserOperationByHash eth_getUserOperationReceipt eth_getWork
  eth_hashrate eth_maxPriorityFeePerGas eth_mining eth_multicallV1 eth_pendingTransactions
  eth_protocolVersion eth_simulateV1
  eth_supportedEntryPoints eth_syncing
  net_listening net_peerCount net_version web3_clientVersion web3_sha3 rpc_modules rpc.discover
  debug_dbGet debug_getBadBlocks debug_getRawBlock debug_getRawReceipts debug_getRawTransaction
  debug_storageRangeAt debug_traceBlockByHash debug_traceBlockByNumber debug_traceCall
  debug_traceTransaction debug_accountRange debug_dumpBlock debug_gcStats debug_printBlock
  trace_block trace_call trace_callMany trace_filter trace_rawTransaction trace_replayBlockTransactions
  trace_replayTransaction trace_transaction arbtrace_block
  txpool_content txpool_inspect txpool_status ots_getBlockDetails erigon_getHeaderByNumber
  bor_getAuthor clique_getSnapshot parity_nextNonce alchemy_getAssetTransfers alchemy_getTokenBalances
  qn_fetchNFTs zks_estimateFee linea_estimateGas rollup_gasPrices optimism_outputAtBlock
  starknet_call starknet_chainId staking_getValidators ots_addressHistory net_connectionCount
  admin_nodeInfo admin_peers admin_datadir admin_getPeers anvil_nodeInfo anvil_metadata
  anvil_getAutomine hardhat_metadata hardhat_getAutomine hardhat_getStackTraceFailuresCount
  getblockcount getBalance getSlot
  some_methodNobodyKnows nobodyKnows foo_ _ eth_
`);

const RAW_TRANSACTIONS = words(`
  eth_sendRawTransaction eth_sendRawTransactionSync eth_sendRawTransactionConditional
  eth_sendPrivateRawTransaction eth_sendPrivateTransaction klay_sendRawTransaction
  zks_sendRawTransactionWithDetailedOutput hmyv2_sendRawStakingTransaction cfx_sendRawTransaction
  realtime_sendRawTransaction sendRawTransaction sendrawtransaction
`);

const SIGNED = words(`
  eth_sendUserOperation eth_sendBundle mev_sendBundle author_submitExtrinsic broadcast_tx_async
  broadcast_tx_commit broadcast_tx_sync starknet_addInvokeTransaction starknet_addDeclareTransaction
  starknet_addDeployAccountTransaction sui_executeTransactionBlock
`);

const ACTS = words(`
  eth_sendTransaction eth_sendTransactionAsync eth_submitWork eth_submitHashrate eth_submitTransaction
  eth_resend eth_sign eth_signTransaction eth_signTypedData_v4 eth_uninstallFilter
  eth_getFilterChanges eth_subscribe eth_unsubscribe eth_cancelPrivateTransaction eth_cancelBundle
  personal_sendTransaction personal_unlockAccount personal_listAccounts personal_sign
  wallet_sendCalls wallet_addEthereumChain wallet_getCapabilities
  engine_newPayloadV3 engine_forkchoiceUpdatedV3 engine_getPayloadV4 engine_exchangeCapabilities
  miner_start miner_stop miner_setEtherbase miner_setGasLimit
  admin_addPeer admin_removePeer admin_addTrustedPeer admin_startHTTP admin_stopWS admin_exportChain
  admin_importChain admin_sleepBlocks
  debug_setHead debug_setGCPercent debug_startCPUProfile debug_stopGoTrace debug_writeMemProfile
  debug_freeOSMemory debug_verbosity debug_vmodule debug_chaindbCompact debug_bundler_sendBundleNow
  debug_bundler_clearState debug_goTrace debug_mutexProfile debug_blockProfile debug_cpuProfile
  debug_backtraceAt debug_standardTraceBlockToFile debug_standardTraceBadBlockToFile
  anvil_setBalance anvil_mine anvil_impersonateAccount anvil_dropTransaction anvil_autoImpersonateAccount
  anvil_dumpState anvil_reset evm_mine evm_snapshot evm_revert evm_increaseTime evm_setNextBlockTimestamp
  evm_addAccount hardhat_mine hardhat_setCode hardhat_reset hardhat_impersonateAccount ganache_x
  tenderly_setBalance tenderly_addBalance
  clique_propose clique_discard qbft_proposeValidatorVote txpool_removeTransaction
  parity_setMode parity_newAccountFromPhrase parity_postTransaction parity_killAccount
  signer_confirmRequest clef_signData shh_post shh_getFilterMessages pm_sponsorUserOperation
  unknown_sendThing unknown_setThing unknown_createThing unknown_addThing unknown_removeThing
  unknown_submitThing unknown_importThing unknown_startThing unknown_stopThing unknown_unlockThing
  sendtoaddress importprivkey createwallet send_tx sendTransaction submit requestAirdrop
  pay keysend fundchannel multifundchannel withdraw close xpay sendpay invoice newaddr txsend dev-sendcustommsg
  lnrpc.Lightning.SendPaymentSync lnrpc.Lightning.OpenChannel router/sendPayment
  Filecoin.MpoolPushMessage Filecoin.MpoolPush Filecoin.MpoolBatchPush Filecoin.WalletSign Filecoin.WalletNew
  Filecoin.MsigPropose Filecoin.NetConnect Filecoin.ClientStartDeal Filecoin.EthSendRawTransaction
  transfer transfer_split sweep_all relay_tx submit_transfer sign_transfer open_wallet start_mining
  sendmany sendall bumpfee walletpassphrase signrawtransactionwithwallet abandontransaction getnewaddress
  broadcast_evidence author_insertKey author_rotateKeys offchain_localStorageSet
  account_batchSend vault_multiTransfer x_doCloseChannel x_fundAccount x_deleteAll x_getAndSend
`);

/** Reads whose names hold an act further on. */
const ALSO_READS = words(`
  Filecoin.ChainGetTipSet Filecoin.ChainGetTipSetByHeight Filecoin.StateGetActor Filecoin.StateCall
  Filecoin.EthGetBlockByNumber Filecoin.MpoolGetNonce Filecoin.ChainHead
  getrawtransaction decoderawtransaction listtransactions listsendpays listunspent decodepay estimatesmartfee
  testmempoolaccept validateaddress paystatus getinfo
  payment_queryInfo eth_getSendCount x_listSigners x_isLocked x_hasStake x_viewOrder x_callWithdraw
  query block tx abci_query tx_search gas_price EXPERIMENTAL_tx_status runGetMethod simulateTransaction
  eth_newFilter eth_newBlockFilter eth_newPendingTransactionFilter klay_newFilter
`);

describe('repeatability', () => {
  it.each(READS)('%s reads, so it may be repeated', (method) => {
    expect(repeatability(method)).toBe('always');
  });

  it.each(ALSO_READS)('%s reads, whatever comes after the word that says so', (method) => {
    expect(repeatability(method)).toBe('always');
  });

  it.each([...RAW_TRANSACTIONS, ...SIGNED])('%s carries its signature, so it may be repeated', (method) => {
    expect(repeatability(method)).toBe('always');
  });

  it.each(ACTS)('%s acts each time, so it may be repeated only while unsent', (method) => {
    expect(repeatability(method)).toBe('unsent');
  });

  it('is not deceived by capitals', () => {
    expect(ACTS.filter((method) => repeatability(method.toUpperCase()) !== 'unsent')).toEqual([]);
    expect(repeatability('ETH_SENDTRANSACTION')).toBe('unsent');
    expect(repeatability('Personal_ListAccounts')).toBe('unsent');
  });

  it('is not deceived by the names of what every object has', () => {
    for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty', '']) {
      expect(repeatability(name)).toBe('always');
    }
  });

  it('does not look into a name that no method has: a megabyte costs what a letter does', () => {
    const longest = `eth_get${'_'.repeat(1_000_000)}`;
    const cost = (name: string): number => {
      const start = performance.now();
      for (let i = 0; i < 1_000; i++) repeatability(name);
      return performance.now() - start;
    };
    expect(repeatability(longest)).toBe('unsent');
    expect(isRawTransaction(longest) || carriesTransaction(longest) || isKnownRead(longest)).toBe(false);
    expect(repeatability(`eth_get${'x'.repeat(249)}`)).toBe('always');
    expect(repeatability(`eth_get${'x'.repeat(250)}`)).toBe('unsent');
    // A look into it would cost a million letters each time.
    expect(cost(longest)).toBeLessThan(1_000 * cost('eth_getZ'));
  });
});

describe('isKnownRead', () => {
  it.each(
    words(`
      eth_call eth_getLogs eth_getBalance eth_blockNumber eth_chainId eth_estimateGas net_version web3_clientVersion
      trace_block trace_filter debug_traceTransaction txpool_content starknet_call starknet_getEvents
      getSlot getAccountInfo simulateTransaction getblockcount getrawtransaction status tx_search abci_query
      query gas_price runGetMethod chain_getBlock state_getStorage state_call system_health alchemy_getTokenBalances
    `),
  )('%s is one', (method) => {
    expect(isKnownRead(method)).toBe(true);
  });

  it.each([
    ...[...ACTS, ...RAW_TRANSACTIONS, ...SIGNED],
    ...words(`
      card checkout getCard order getToken get listOrders foo foo_bar shop_getCart payments.get some_getThing
      eth_newFilter eth_getFilterChanges eth_foo __proto__ constructor
    `),
    '',
  ])('%s is none', (method) => {
    expect(isKnownRead(method)).toBe(false);
  });
});

describe('carriesTransaction', () => {
  it('knows signed transactions of other chains as well', () => {
    for (const method of [...RAW_TRANSACTIONS, ...SIGNED, 'sendTransaction', 'sendBoc'])
      expect(carriesTransaction(method)).toBe(true);
    for (const method of ['eth_sendTransaction', 'eth_call', ''])
      expect(carriesTransaction(method)).toBe(false);
  });
});

describe('isRawTransaction', () => {
  it.each(RAW_TRANSACTIONS)('%s is one', (method) => {
    expect(isRawTransaction(method)).toBe(true);
  });

  it.each([
    ...READS,
    ...ACTS,
    ...SIGNED,
    'eth_sendrawtransaction',
    'eth_getRawTransactionByHash',
    'sendRawr',
    'eth_sendRaw',
  ])('%s is none', (method) => {
    expect(isRawTransaction(method)).toBe(false);
  });
});

describe('answersTransactionHash', () => {
  it('is true only where the whole result is the hash', () => {
    const hashes = [...RAW_TRANSACTIONS, ...SIGNED, ...READS, ...ACTS].filter(answersTransactionHash);
    expect(hashes).toEqual([
      'eth_sendRawTransaction',
      'eth_sendRawTransactionConditional',
      'eth_sendPrivateRawTransaction',
    ]);
  });
});
