import { makesFilter } from './filters.ts';
import type { RpcCall } from './message.ts';
import {
  ACTING_NAMES,
  ACTING_NAMESPACES,
  ACTS,
  INNER_VERBS,
  KNOWN_NAMESPACES,
  KNOWN_READS,
  READ_WORDS,
  READS,
  SIGNED_CALLS,
  STEERING_NAMESPACES,
  VERB_PREFIXES,
  VERBS,
} from './method-names.ts';

/**
 * What is known of JSON-RPC methods: whether a call may be sent to a second upstream after the first may
 * have acted on it. A wrong `unsent` costs a repeat; a wrong `always` may pay twice. So doubt means `unsent`.
 */

/** `always`: at any time. `unsent`: only while no byte of the call has been sent. */
export type Repeatability = 'always' | 'unsent';

/** eth_sendRawTransaction, …Sync, …Conditional, eth_sendPrivateRawTransaction, klay_, zks_, bare, Bitcoin's. */
const RAW_TRANSACTION = /^(?:[a-z0-9]+_)?send(?:Private)?Raw[A-Z]\w*$|^sendrawtransaction$/;

/** Those whose whole result is the hash of the transaction; others answer a receipt or an object. */
const ANSWERS_HASH: ReadonlySet<string> = new Set([
  'eth_sendRawTransaction',
  'eth_sendRawTransactionConditional',
  'eth_sendPrivateRawTransaction',
]);

/** Signed calls whose names other chains use for unsigned ones: their errors are read as those of a transaction. */
const OFTEN_SIGNED: ReadonlySet<string> = new Set(['sendTransaction', 'sendBoc', 'send_tx', 'submitpackage']);

/** Names that are longer are not looked into: no known method's is. */
const LONGEST_NAME = 256;

/** Whether the call's parameter is a transaction that is signed already, so that its errors mean that one. */
export function isRawTransaction(method: string): boolean {
  if (method.length > LONGEST_NAME) return false;
  return RAW_TRANSACTION.test(method) || method === 'eth_sendPrivateTransaction';
}

/** Whether what a node refuses may be a signed transaction in the call, of any chain. */
export function carriesTransaction(method: string): boolean {
  return isRawTransaction(method) || SIGNED_CALLS.has(method) || OFTEN_SIGNED.has(method);
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
  if (method.length > LONGEST_NAME) return 'unsent';
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

/**
 * Whether the method is known to read: one of a known namespace that begins with a word for reading, or a name of
 * a known list. Nothing is guessed, unlike in `repeatability`.
 */
export function isKnownRead(method: string): boolean {
  if (method.length > LONGEST_NAME || repeatability(method) !== 'always') return false;
  if (carriesTransaction(method) || makesFilter(method)) return false;
  if (KNOWN_READS.has(method)) return true;
  const [, namespace = '', name = ''] = /^([a-z0-9]+)_(\w+)$/i.exec(method) ?? [];
  return KNOWN_NAMESPACES.has(namespace) && READ_WORDS.has(wordsOf(name)[0] ?? '');
}

/** What was found out before: few methods are common, so that few are kept. */
const KNOWN = new Map<string, Repeatability>();
const MAX_KNOWN = 1_000;
const LONGEST_KNOWN = 64;

function findOut(method: string): Repeatability {
  if (READS.has(method) || SIGNED_CALLS.has(method)) return 'always';
  if (isRawTransaction(method) || makesFilter(method)) return 'always';
  return acts(method) ? 'unsent' : 'always';
}

function acts(method: string): boolean {
  const lower = method.toLowerCase();
  if (ACTS.has(lower) || ACTING_NAMES.has(lower)) return true;
  const parts = method.split(/[^A-Za-z0-9]+/).filter((part) => part !== '');
  const [namespace = '', ...rest] = parts.map((part) => part.toLowerCase());
  if (rest.length > 0 && ACTING_NAMESPACES.has(namespace)) return true;
  if (STEERING_NAMESPACES.has(namespace)) return rest[0]?.startsWith('get') !== true;
  const words = rest.length > 0 ? withoutModule(parts.slice(1)) : parts.flatMap(wordsOf);
  if (beginsWithRead(words)) return false;
  // The namespace too: `send_tx`, `payments_x`. Not only after the first underscore: `debug_bundler_sendNow`.
  return [namespace, ...words].some(isVerb) || (isInOneCase(method) && INNER_VERBS.test(lower));
}

/** The words of what follows the namespace. Lotus has a module before the verb: `Filecoin.MpoolPushMessage`. */
function withoutModule(parts: readonly string[]): string[] {
  const words = parts.flatMap(wordsOf);
  const second = words[1];
  const isModule = words.length > 1 && second !== undefined && MODULES.has(words[0] ?? '');
  return isModule && READ_WORDS.has(second) ? words.slice(1) : words;
}

/** Lotus's modules whose reads begin with a word that says so. */
const MODULES: ReadonlySet<string> = new Set(
  'chain state mpool msig eth gas sync net paych client beacon f3'.split(' '),
);

/** "get and send" does not only get. */
function beginsWithRead(words: readonly string[]): boolean {
  const [first = ''] = words;
  if (words.includes('and')) return false;
  return READ_WORDS.has(first) || (words.length === 1 && READ_PREFIX.test(first) && !first.includes('and'));
}

/** Bitcoin writes `getblockcount`. */
const READ_PREFIX = /^(?:get|list|query|decode|estimate|verify|validate|describe|analyze|simulate|trace)/;

/** `sendRawTx2` has the words send, raw, tx; a name in one case is one word. */
function wordsOf(part: string): string[] {
  return (part.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+/g) ?? []).map((word) => word.toLowerCase());
}

function isInOneCase(method: string): boolean {
  return method === method.toLowerCase() || method === method.toUpperCase();
}

function isVerb(word: string): boolean {
  return VERBS.has(word) || VERB_PREFIXES.test(word);
}
