import { type ErrorRow, phrases } from '../error-rows.ts';
import { carriesTransaction } from '../methods.ts';

/**
 * What a node says to a signed transaction before it takes it: only for methods that carry one, and at a word's
 * start, since an old node's "unknown transaction type" would else be a success. None of it blames the node.
 */
const CHECK = { by: ['check', 'node'], methods: carriesTransaction } as const;
const isStarknet = (method: string) => method.startsWith('starknet_');
const isSubstrate = (method: string) => method.startsWith('author_');

const KNOWN: readonly ErrorRow[] = [
  {
    class: 'raw-tx-known',
    ...CHECK,
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
  { class: 'raw-tx-known', ...CHECK, codes: [-27] },
  { class: 'raw-tx-known', by: CHECK.by, methods: isSubstrate, codes: [1013] },
  { class: 'raw-tx-known', by: CHECK.by, methods: isStarknet, codes: [59] },
];

const NONCE: readonly ErrorRow[] = [
  {
    class: 'raw-tx-nonce',
    ...CHECK,
    text: [
      /\bnonce\b.{0,40}\b(?:too low|too small|lower than|already been used|already used|is stale|too stale)\b/,
      /\boldnonce\b/,
      /\baccount sequence mismatch\b/,
    ],
  },
  { class: 'raw-tx-nonce', by: CHECK.by, methods: isStarknet, codes: [52] },
];

/** This node's own rules, or its room: another one may take it. */
const POLICY: readonly ErrorRow[] = [
  {
    class: 'raw-tx-policy',
    ...CHECK,
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

/** Whoever is asked, it stays wrong. */
const FINAL: readonly ErrorRow[] = [
  {
    class: 'raw-tx-final',
    ...CHECK,
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
  { class: 'raw-tx-final', by: CHECK.by, methods: isSubstrate, codes: [1010, 1014] },
  { class: 'raw-tx-final', by: CHECK.by, methods: isStarknet, codes: [53, 54, 55] },
];

export const TRANSACTION_ROWS: readonly ErrorRow[] = [
  ...KNOWN,
  ...NONCE,
  ...POLICY,
  ...FINAL,
  // A sequencer limits who signed, so no other upstream helps, and this one is not to blame.
  { class: 'sender-limit', by: ['gateway', 'node', 'check'], text: ['sender is over rate limit'] },
  // OpenEthereum's and Nethermind's refusal without more.
  { class: 'raw-tx-policy', ...CHECK, codes: [-32010] },
];
