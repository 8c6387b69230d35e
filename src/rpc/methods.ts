/**
 * What is known of JSON-RPC methods: whether a call may be sent to a second upstream after the first may
 * have acted on it. Names are those of the execution clients, of Foundry and Hardhat, and of the public
 * gateways. A wrong `unsent` costs a repeat; a wrong `always` may pay twice. So doubt means `unsent`.
 */

import type { RpcCall } from './message.ts';

/** `always`: at any time. `unsent`: only while no byte of the call has been sent. */
export type Repeatability = 'always' | 'unsent';

/**
 * Calls that carry their own signature: the same bytes can take effect only once, wherever and however
 * often they arrive. Solana's bare `sendTransaction` is one too, but other chains sign with a key of the
 * node under that name, so it is not here. Neither is Ripple's `submit`, which may sign.
 */
const SIGNED_CALLS: ReadonlySet<string> = new Set([
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

/** eth_sendRawTransaction, …Sync, …Conditional, eth_sendPrivateRawTransaction, klay_, zks_, bare, Bitcoin's. */
const RAW_TRANSACTION = /^(?:[a-z0-9]+_)?send(?:Private)?Raw[A-Z]\w*$|^sendrawtransaction$/;

/** Those whose whole result is the hash of the transaction; others answer a receipt or an object. */
const ANSWERS_HASH: ReadonlySet<string> = new Set([
  'eth_sendRawTransaction',
  'eth_sendRawTransactionConditional',
  'eth_sendPrivateRawTransaction',
]);

/** Reads whose names begin like an act. */
const READS: ReadonlySet<string> = new Set([
  'eth_createAccessList',
  'admin_datadir',
  'admin_nodeInfo',
  'admin_peers',
  'anvil_metadata',
  'anvil_nodeInfo',
  'hardhat_metadata',
]);

/** Namespaces in which every call acts, or is a step of one. Lower case, as all that follows. */
const ACTING_NAMESPACES: ReadonlySet<string> = new Set([
  'personal',
  'wallet',
  'engine',
  'miner',
  'clef',
  'signer',
  'shh',
]);

/** Namespaces in which every call acts unless it begins with "get" or stands under READS. */
const STEERING_NAMESPACES: ReadonlySet<string> = new Set(['admin', 'anvil', 'evm', 'hardhat', 'ganache']);

/** Acts whose names don't begin with one of VERBS. */
const ACTS: ReadonlySet<string> = new Set([
  'eth_resend',
  // It hands out what has changed since the last time, once.
  'eth_getfilterchanges',
  'eth_uninstallfilter',
  // They run for seconds, write files, or change how the node runs.
  'debug_backtraceat',
  'debug_blockprofile',
  'debug_chaindbcompact',
  'debug_cpuprofile',
  'debug_freeosmemory',
  'debug_gotrace',
  'debug_mutexprofile',
  'debug_standardtracebadblocktofile',
  'debug_standardtraceblocktofile',
  'debug_verbosity',
  'debug_vmodule',
  'requestairdrop',
]);

/** What an act begins with, after the namespace. In lower case: Bitcoin's `sendtoaddress` has no capitals. */
const VERBS = [
  ...['send', 'submit', 'broadcast', 'publish', 'push', 'post', 'put', 'upload', 'relay'],
  ...['set', 'reset', 'create', 'new', 'add', 'insert', 'import', 'register', 'generate', 'deploy', 'mint'],
  ...['remove', 'delete', 'drop', 'clear', 'flush', 'prune', 'kill', 'destroy', 'burn', 'unset'],
  ...['start', 'stop', 'restart', 'pause', 'resume', 'shutdown', 'enable', 'disable', 'mine', 'toggle'],
  ...['lock', 'unlock', 'approve', 'reject', 'confirm', 'cancel', 'accept', 'propose', 'vote', 'discard'],
  ...['subscribe', 'unsubscribe', 'connect', 'disconnect', 'increase', 'decrease', 'invalidate'],
  ...['update', 'change', 'write', 'store', 'save', 'restore', 'revert', 'rewind', 'rollback', 'load'],
  ...['transfer', 'withdraw', 'deposit', 'stake', 'unstake', 'delegate', 'claim', 'redeem', 'swap', 'pay'],
  ...['execute', 'impersonate', 'sponsor', 'sweep', 'bump'],
];
/** Nouns and adjectives that begin with the letters of a verb. */
const NOT_VERBS = [
  'address',
  'sender',
  'setting',
  'newest',
  'payload',
  'paymaster',
  'locked',
  'staking',
  'connect(?:ed|ion)',
];
const BEGINS_WITH_VERB = new RegExp(`^(?!${NOT_VERBS.join('|')})(?:${VERBS.join('|')})`);

/** Whether the call's parameter is a transaction that is signed already, so that its errors mean that one. */
export function isRawTransaction(method: string): boolean {
  return RAW_TRANSACTION.test(method) || method === 'eth_sendPrivateTransaction';
}

/** Whether the call's whole result is the hash of the raw transaction that it carries as a string. */
export function answersTransactionHash(method: string): boolean {
  return ANSWERS_HASH.has(method);
}

/**
 * Whether a call may be repeated after it was sent. Exact names go first, so that neither an exception nor
 * a signed call is lost in a rule; a method that nothing is known of counts as a read unless its name says
 * otherwise. Capitals don't hide an act.
 */
export function repeatability(method: string): Repeatability {
  const known = KNOWN.get(method);
  if (known !== undefined) return known;
  const found = findOut(method);
  if (KNOWN.size < MAX_KNOWN && method.length <= LONGEST_KNOWN) KNOWN.set(method, found);
  return found;
}

/**
 * Whether a call may be repeated after it was sent. One that can be read in two ways may not; nor one that does
 * not say that it is JSON-RPC, unless its method is known for a read.
 */
export function mayRepeat({ method, ambiguous, versionStart }: Call): boolean {
  if (ambiguous) return false;
  if (method === undefined) return true;
  return versionStart >= 0 ? repeatability(method) === 'always' : isKnownRead(method);
}

type Call = Pick<RpcCall, 'method' | 'ambiguous' | 'versionStart'>;

/** What was found out before: few methods are common, so that few are kept. */
const KNOWN = new Map<string, Repeatability>();
const MAX_KNOWN = 1_000;
const LONGEST_KNOWN = 64;

function findOut(method: string): Repeatability {
  if (READS.has(method) || SIGNED_CALLS.has(method) || isRawTransaction(method)) return 'always';
  return acts(method.toLowerCase()) ? 'unsent' : 'always';
}

function acts(name: string): boolean {
  if (ACTS.has(name)) return true;
  const [namespace = '', ...rest] = name.split(/[_./]/);
  if (rest.length > 0 && ACTING_NAMESPACES.has(namespace)) return true;
  if (STEERING_NAMESPACES.has(namespace)) return rest[0]?.startsWith('get') !== true;
  // Not only after the first underscore: `debug_bundler_sendBundleNow`, `send_tx`.
  return BEGINS_WITH_VERB.test(namespace) || rest.some((part) => BEGINS_WITH_VERB.test(part));
}

/** PLACEHOLDER, replaced by the words part. */
export function isKnownRead(method: string): boolean {
  return /^(?:eth_(?:call|get|estimate|block|chain|gas)|net_|web3_)/.test(method);
}
