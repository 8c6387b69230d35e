/**
 * The names and words by which methods.ts distinguishes reads from calls that act: those of the execution clients, of
 * Foundry and Hardhat, of public gateways, and of nodes of other chains.
 */

const words = (list: string): string[] => list.trim().split(/\s+/);

/**
 * Calls that carry their own signature: the same bytes take effect only once, wherever and however often they
 * arrive. Solana's `sendTransaction` is such a call, but under that name other chains sign with a key of the node, so it
 * is not here. Ripple's `submit` is not here either, since it may sign.
 */
export const SIGNED_CALLS: ReadonlySet<string> = new Set([
  'eth_sendBundle',
  'mev_sendBundle',
  // ERC-4337: a bundler knows a user operation by its hash, and its nonce can be used once.
  'eth_sendUserOperation',
  'author_submitExtrinsic',
  'broadcast_tx_async',
  'broadcast_tx_commit',
  'broadcast_tx_sync',
  'starknet_addDeclareTransaction',
  'starknet_addDeployAccountTransaction',
  'starknet_addInvokeTransaction',
  'sui_executeTransactionBlock',
]);

/** Reads whose names contain a word for an act. */
export const READS: ReadonlySet<string> = new Set(
  words(`
    eth_createAccessList eth_pendingTransactions admin_datadir admin_nodeInfo admin_peers
    anvil_metadata anvil_nodeInfo hardhat_metadata pm_getPaymasterStubData payment_queryInfo
    estimatesmartfee testmempoolaccept paystatus
  `),
);

/** Namespaces in which every call acts, or is a step of an act. Lower case, like all acts below. */
export const ACTING_NAMESPACES: ReadonlySet<string> = new Set(
  words('personal wallet engine miner clef signer shh commando unsafe'),
);

/** Namespaces that control a node: every call acts unless it begins with "get" or is one of READS. */
export const CONTROL_NAMESPACES: ReadonlySet<string> = new Set(words('admin anvil evm hardhat ganache'));

/** Acts whose names don't show it. */
export const ACTS: ReadonlySet<string> = new Set([
  'eth_resend',
  // It returns what has changed since the last call, and returns it only once.
  ...['eth_getfilterchanges', 'klay_getfilterchanges', 'kaia_getfilterchanges'],
  'eth_uninstallfilter',
  // They run for seconds, write files, or change how the node runs.
  ...words(`
    debug_backtraceat debug_blockprofile debug_chaindbcompact debug_cpuprofile debug_freeosmemory debug_gotrace
    debug_mutexprofile debug_standardtracebadblocktofile debug_standardtraceblocktofile debug_verbosity debug_vmodule
  `),
]);

/** Acts of wallets and nodes that have no namespace, or whose words are not among the verbs below. */
export const ACTING_NAMES: ReadonlySet<string> = new Set(
  words(`
    requestairdrop
    keysend multifundchannel fundchannel fundpsbt utxopsbt reserveinputs txprepare txsend xpay renepay invoice offer
    invoicerequest fetchinvoice newaddr autoclean plugin datastore staticbackup exposesecret makesecret splice
    bumpfee psbtbumpfee signrawtransactionwithkey signrawtransactionwithwallet walletpassphrase walletlock
    walletpassphrasechange walletprocesspsbt walletcreatefundedpsbt keypoolrefill backupwallet dumpprivkey dumpwallet
    encryptwallet unloadwallet abandontransaction rescanblockchain preciousblock prioritisetransaction
    reconsiderblock upgradewallet migratewallet getnewaddress getrawchangeaddress dumptxoutset logging lockunspent
    relay_tx sweep_all sweep_dust sweep_single sweep_unmixed rescan_blockchain rescan_spent open_wallet close_wallet
    label_address tag_accounts make_multisig prepare_multisig exchange_multisig_keys finalize_multisig refresh
    filecoin.mpoolpushmessage filecoin.mpoolpush filecoin.mpoolpushuntrusted filecoin.mpoolbatchpush
    filecoin.mpoolbatchpushmessage filecoin.walletsign filecoin.walletsignmessage filecoin.msigpropose
    author_rotatekeys offchain_localstorageset
    filecoin.walletnew filecoin.marketaddbalance filecoin.paychget filecoin.ethsendrawtransaction
  `),
);

/** Words for acts, anywhere in a name. */
export const VERBS: ReadonlySet<string> = new Set(
  words(`
    send submit broadcast publish push post put upload relay spend pay keysend fund refund charge buy sell order
    set reset create new add insert import export register generate deploy mint make open close force sign resign
    remove delete del drop clear flush prune kill destroy burn unset abandon forget
    start stop restart pause resume shutdown enable disable mine toggle dial rotate rescan sweep move
    lock unlock approve reject confirm cancel accept propose vote discard authorize grant revoke
    subscribe unsubscribe connect disconnect increase decrease invalidate uninstall install
    update change write store save restore revert rewind rollback load unload backup label encrypt
    transfer withdraw deposit stake unstake delegate undelegate claim redeem swap settle issue invoke
    execute exec impersonate sponsor bump apply assign attach detach provision rebroadcast retry
  `),
);

/** Verbs at the start of a name in one case (`sendtoaddress`, `ETH_SENDTRANSACTION`), but not nouns that begin alike. */
export const VERB_PREFIXES = new RegExp(
  `^(?!${words(`
    address addr sender setting settled newest payload paymaster payment locked locktime staked staking
    connect(?:ed|ion) openrpc opens$ orders$ posts$ exports$ imports$ changes$ changelog stored$ moved started$ closed$
    signer signature signed removed loaded loader miner mining minted fundamental putative poster$
  `).join('|')})(?:${words(`
    send submit broadcast publish push post put upload relay spend pay fund withdraw transfer deposit close
    set reset create new add insert import register generate deploy mint open sign remove delete del drop clear
    flush prune kill destroy burn unset start stop restart pause resume shutdown enable disable mine toggle lock
    unlock approve reject confirm cancel accept propose vote discard subscribe unsubscribe connect disconnect
    increase decrease invalidate update change write store save restore revert rewind rollback load stake unstake
    delegate claim redeem swap execute impersonate sponsor sweep bump abandon
  `).join('|')})`,
);

/** Verbs inside a name in one case, where words can't be separated. */
export const INNER_VERBS =
  /send|push|pay(?!load|master)|fund|withdraw|transfer|close|delete|create|unlock|submit|broadcast|propose|connect(?!ion)|insert|start|stop|import|sign(?!at)|open/;

/** Words for reads, with which a name begins after its namespace. */
export const READ_WORDS: ReadonlySet<string> = new Set(
  words(`
    get list is has call calls estimate query view trace simulate decode fetch find search count verify
    validate describe show read lookup resolve inspect dry compute derive convert supported pending max suggest
    multicall replay
  `),
);

/** Namespaces in which isKnownRead relies on READ_WORDS. */
export const KNOWN_NAMESPACES: ReadonlySet<string> = new Set(
  words(`
    eth net web3 debug trace arbtrace arb txpool ots erigon bor zks zkevm linea optimism rollup klay kaia cfx hmy hmyv2
    starknet alchemy qn parity chain state system payment author grandpa babe childstate sui suix iota tron
    EXPERIMENTAL abci
  `),
);

/** Reads that don't begin with such a word, or have no namespace. */
export const KNOWN_READS: ReadonlySet<string> = new Set(
  words(`
    eth_accounts eth_blobBaseFee eth_blockNumber eth_chainId eth_coinbase eth_createAccessList eth_feeHistory
    eth_gasPrice eth_hashrate eth_maxPriorityFeePerGas eth_mining eth_protocolVersion eth_syncing
    net_listening net_peerCount net_version web3_clientVersion web3_sha3 rpc_modules rpc.discover
    trace_block trace_call trace_callMany trace_filter trace_get trace_transaction trace_rawTransaction
    trace_replayTransaction trace_replayBlockTransactions
    debug_traceTransaction debug_traceCall debug_traceBlock debug_traceBlockByHash debug_traceBlockByNumber
    debug_storageRangeAt debug_accountRange txpool_content txpool_contentFrom txpool_inspect txpool_status
    linea_estimateGas optimism_outputAtBlock rollup_gasPrices
    starknet_blockNumber starknet_blockHashAndNumber starknet_chainId starknet_specVersion starknet_syncing
    starknet_simulateTransactions starknet_traceTransaction starknet_traceBlockTransactions
    system_chain system_health system_name system_properties system_version system_syncState
    account_nextIndex chain_getHeader state_call rpc_methods

    getAccountInfo getBalance getBlock getBlockCommitment getBlockHeight getBlockProduction getBlockTime getBlocks
    getBlocksWithLimit getClusterNodes getEpochInfo getEpochSchedule getFeeForMessage getFirstAvailableBlock
    getGenesisHash getHealth getHighestSnapshotSlot getIdentity getInflationGovernor getInflationRate
    getInflationReward getLargestAccounts getLatestBlockhash getLeaderSchedule getMaxRetransmitSlot
    getMaxShredInsertSlot getMinimumBalanceForRentExemption getMultipleAccounts getProgramAccounts
    getRecentPerformanceSamples getRecentPrioritizationFees getSignatureStatuses getSignaturesForAddress getSlot
    getSlotLeader getSlotLeaders getStakeMinimumDelegation getSupply getTokenAccountBalance
    getTokenAccountsByDelegate getTokenAccountsByOwner getTokenLargestAccounts getTokenSupply getTransaction
    getTransactionCount getVersion getVoteAccounts isBlockhashValid minimumLedgerSlot simulateTransaction

    getbestblockhash getblock getblockchaininfo getblockcount getblockfilter getblockhash getblockheader
    getblockstats getchaintips getchaintxstats getconnectioncount getdeploymentinfo getdifficulty getindexinfo
    getmempoolancestors getmempooldescendants getmempoolentry getmempoolinfo getmininginfo getnetworkhashps
    getnetworkinfo getpeerinfo getrawmempool getrawtransaction gettxout gettxoutproof gettxoutsetinfo
    decoderawtransaction decodescript estimatesmartfee testmempoolaccept validateaddress verifytxoutproof uptime

    abci_info abci_query block block_by_hash block_results block_search blockchain commit consensus_params
    genesis header header_by_hash health net_info num_unconfirmed_txs status tx tx_search unconfirmed_txs validators

    chunk gas_price light_client_proof network_info next_light_client_block query EXPERIMENTAL_tx_status
    EXPERIMENTAL_receipt EXPERIMENTAL_protocol_config EXPERIMENTAL_changes

    getAddressInformation getExtendedAddressInformation getWalletInformation getTransactions getAddressBalance
    getAddressState getMasterchainInfo getConsensusBlock getShards getBlockTransactions getBlockHeader
    runGetMethod tryLocateTx
  `),
);
