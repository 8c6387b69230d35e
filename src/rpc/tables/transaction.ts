/** Rows for what a node's mempool says to a signed transaction before accepting it. */

import { type ErrorRow, phrases } from '../error-rows.ts';
import { carriesTransaction } from '../methods.ts';

/**
 * Only for methods that carry a transaction, and from the start of a word, since otherwise an old node's "unknown
 * transaction type" would be a success. None of them blames the node.
 */
const REFUSAL = { by: ['mempool', 'node'], methods: carriesTransaction } as const;
const isStarknet = (method: string) => method.startsWith('starknet_');
const isSubstrate = (method: string) => method.startsWith('author_');

const KNOWN: readonly ErrorRow[] = [
  {
    class: 'raw-tx-known',
    ...REFUSAL,
    text: [
      ...phrases('existing tx with same hash | already imported | already have transaction'),
      /\balready ?known/,
      /(?<!\bno |\bnot a )\bknown transaction\b/,
      /\b(?:transaction|tx|txn)\b.{0,60}\balready (?:in|exists|known|present)\b/,
      /\balready (?:in|exists in) (?:the )?(?:mempool|pool|block chain|utxo set|cache)/,
      /\btxn-already-(?:known|in-mempool)\b/,
      /\bdup_transaction/,
    ],
  },
  { class: 'raw-tx-known', ...REFUSAL, codes: [-27] },
  { class: 'raw-tx-known', by: REFUSAL.by, methods: isSubstrate, codes: [1013] },
  { class: 'raw-tx-known', by: REFUSAL.by, methods: isStarknet, codes: [59] },
];

const NONCE: readonly ErrorRow[] = [
  {
    class: 'raw-tx-nonce',
    ...REFUSAL,
    text: [
      /\bnonce\b.{0,40}\b(?:too low|too small|lower than|already been used|already used|is stale|too stale)\b/,
      /\boldnonce\b/,
      /\baccount sequence mismatch\b/,
    ],
  },
  { class: 'raw-tx-nonce', by: REFUSAL.by, methods: isStarknet, codes: [52] },
];

/** This node's own rules, or a full mempool: another node may accept the transaction. */
const POLICY: readonly ErrorRow[] = [
  {
    class: 'raw-tx-policy',
    ...REFUSAL,
    text: [
      ...phrases(`
        fee too low | feetoolow | insufficient fee | min relay fee not met | min fee not met | exceeds the configured cap
        transaction would cause overdraft | account limit exceeded | in-flight transaction limit | fee cap exceeded
        nonce too high | not authorized to send | immediately dropped | temporarily banned
        missing inputs | missingorspent | proofversion
      `),
      /\b(?:pool|mempool|txpool|sub-pool)\b.{0,20}\b(?:is full|not enabled|disabled|overflow)/,
      /\bgas price\b.{0,20}\b(?:too low|below)/,
      /\b(?:existing|newer) transaction had higher priority/,
      /^rejected$/,
    ],
  },
];

/** The transaction is wrong, whichever upstream is asked. */
const FINAL: readonly ErrorRow[] = [
  {
    class: 'raw-tx-final',
    ...REFUSAL,
    text: [
      ...phrases(`
        intrinsic gas | typed transaction too short | transaction type not supported | exceeds block gas limit
        transaction signature verification failure
      `),
      /\bunderpriced\b/,
      /\binsufficient (?:funds|balance)/,
      /\brlp: /,
      /\binvalid (?:transaction|sender|signature)/,
      /\b(?:wrong|invalid) chain ?id\b/,
      /\bbad-txns\b|\bscript-verify-flag\b/,
    ],
  },
  { class: 'raw-tx-final', by: REFUSAL.by, methods: isSubstrate, codes: [1010, 1014] },
  { class: 'raw-tx-final', by: REFUSAL.by, methods: isStarknet, codes: [53, 54, 55] },
];

export const TRANSACTION_ROWS: readonly ErrorRow[] = [
  ...KNOWN,
  ...NONCE,
  ...POLICY,
  ...FINAL,
  // A sequencer limits the signer, so no other upstream helps, and this one is not to blame.
  { class: 'sender-limit', by: ['gateway', 'node', 'mempool'], text: ['sender is over rate limit'] },
  // OpenEthereum's and Nethermind's refusal without a reason.
  { class: 'raw-tx-policy', ...REFUSAL, codes: [-32010] },
];
