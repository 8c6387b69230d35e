/** What is known of JSON-RPC methods: whether a call only reads, acts, or carries a signed transaction. */

import { makesFilter } from './filters.ts';
import type { RpcCall } from './message.ts';
import {
  ACTING_NAMES,
  ACTING_NAMESPACES,
  ACTS,
  CONTROL_NAMESPACES,
  INNER_VERBS,
  KNOWN_NAMESPACES,
  KNOWN_READS,
  READ_WORDS,
  READS,
  SIGNED_CALLS,
  VERB_PREFIXES,
  VERBS,
} from './method-names.ts';

/**
 * When a call may be repeated. `always`: at any time. `unsent`: only while no byte of the call has been sent. A wrong
 * `unsent` costs a repeat; a wrong `always` may pay twice. So doubt means `unsent`.
 */
export type Repeatability = 'always' | 'unsent';

/** eth_sendRawTransaction, …Sync, …Conditional, eth_sendPrivateRawTransaction, klay_, zks_, bare, Bitcoin's. */
const RAW_TRANSACTION = /^(?:[a-z0-9]+_)?send(?:Private)?Raw[A-Z]\w*$|^sendrawtransaction$/;

/** Methods whose whole result is the hash of the transaction; others answer with a receipt or an object. */
const ANSWERS_HASH: ReadonlySet<string> = new Set([
  'eth_sendRawTransaction',
  'eth_sendRawTransactionConditional',
  'eth_sendPrivateRawTransaction',
]);

/** Signed calls whose names other chains use for unsigned ones: their errors are read as errors of a transaction. */
const OFTEN_SIGNED: ReadonlySet<string> = new Set(['sendTransaction', 'sendBoc', 'send_tx', 'submitpackage']);

/** Longer names are not examined: no known method has one. */
const LONGEST_NAME = 256;

/** Whether the call's parameter is a signed transaction, so that errors are about that transaction. */
export function isRawTransaction(method: string): boolean {
  if (method.length > LONGEST_NAME) return false;
  return RAW_TRANSACTION.test(method) || method === 'eth_sendPrivateTransaction';
}

/** Whether the call may carry a signed transaction of any chain, so that a refusal may be about that. */
export function carriesTransaction(method: string): boolean {
  return isRawTransaction(method) || SIGNED_CALLS.has(method) || OFTEN_SIGNED.has(method);
}

/** Whether the call's whole result is the hash of the raw transaction that it carries as a string. */
export function answersTransactionHash(method: string): boolean {
  return ANSWERS_HASH.has(method);
}

/**
 * When a call of this method may be repeated. Exact names are checked first, so that no rule hides an exception or a
 * signed call; an unknown method counts as a read unless its name says that it acts, in capitals or not.
 */
export function repeatability(method: string): Repeatability {
  if (method.length > LONGEST_NAME) return 'unsent';
  const known = KNOWN.get(method);
  if (known !== undefined) return known;
  const found = inferRepeatability(method);
  if (KNOWN.size < MAX_KNOWN && method.length <= LONGEST_KNOWN) KNOWN.set(method, found);
  return found;
}

/**
 * Whether a call may be repeated after it was sent. A call that can be read in two ways may not, nor one that does not
 * say that it is JSON-RPC, unless its method is known to be a read.
 */
export function mayRepeat({ method, ambiguous, versionStart }: Call): boolean {
  if (ambiguous) return false;
  if (method === undefined) return true;
  return versionStart >= 0 ? repeatability(method) === 'always' : isKnownRead(method);
}

type Call = Pick<RpcCall, 'method' | 'ambiguous' | 'versionStart'>;

/**
 * Whether the method is known to read: it begins with a word for reading in a known namespace, or is in the list of
 * known reads. Nothing is guessed, unlike in `repeatability`.
 */
export function isKnownRead(method: string): boolean {
  if (method.length > LONGEST_NAME || repeatability(method) !== 'always') return false;
  if (carriesTransaction(method) || makesFilter(method)) return false;
  if (KNOWN_READS.has(method)) return true;
  const [, namespace = '', name = ''] = /^([a-z0-9]+)_(\w+)$/i.exec(method) ?? [];
  return KNOWN_NAMESPACES.has(namespace) && READ_WORDS.has(wordsOf(name)[0] ?? '');
}

/** Earlier findings: few methods are common, so few are kept. */
const KNOWN = new Map<string, Repeatability>();
const MAX_KNOWN = 1_000;
const LONGEST_KNOWN = 64;

function inferRepeatability(method: string): Repeatability {
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
  if (CONTROL_NAMESPACES.has(namespace)) return rest[0]?.startsWith('get') !== true;
  const words = rest.length > 0 ? withoutModule(parts.slice(1)) : parts.flatMap(wordsOf);
  if (beginsWithRead(words)) return false;
  // The namespace too: `send_tx`, `payments_x`. Words after any underscore: `debug_bundler_sendNow`.
  return [namespace, ...words].some(isVerb) || (isInOneCase(method) && INNER_VERBS.test(lower));
}

/** The words after the namespace. Lotus has a module before the verb: `Filecoin.MpoolPushMessage`. */
function withoutModule(parts: readonly string[]): string[] {
  const words = parts.flatMap(wordsOf);
  const second = words[1];
  const isModule = words.length > 1 && second !== undefined && MODULES.has(words[0] ?? '');
  return isModule && READ_WORDS.has(second) ? words.slice(1) : words;
}

/** Lotus's modules in which reads begin with a word for reading. */
const MODULES: ReadonlySet<string> = new Set(
  'chain state mpool msig eth gas sync net paych client beacon f3'.split(' '),
);

/** A name with "and" in it, such as "get and send", may also act. */
function beginsWithRead(words: readonly string[]): boolean {
  const [first = ''] = words;
  if (words.includes('and')) return false;
  return READ_WORDS.has(first) || (words.length === 1 && READ_PREFIX.test(first) && !first.includes('and'));
}

/** For names like Bitcoin's `getblockcount`. */
const READ_PREFIX = /^(?:get|list|query|decode|estimate|verify|validate|describe|analyze|simulate|trace)/;

/** `sendRawTx2` consists of the words send, raw, tx; a name in one case is one word. */
function wordsOf(part: string): string[] {
  return (part.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+/g) ?? []).map((word) => word.toLowerCase());
}

function isInOneCase(method: string): boolean {
  return method === method.toLowerCase() || method === method.toUpperCase();
}

function isVerb(word: string): boolean {
  return VERBS.has(word) || VERB_PREFIXES.test(word);
}
