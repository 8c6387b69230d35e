/** Rows for data that this node does not have: pruned, not yet there, or kept by archive nodes only. */

import { type ErrorRow, phrases } from '../error-rows.ts';

/** Nodes have many words for missing data. Another upstream is asked, and no upstream is blamed. */
const BY = ['node', 'mempool'] as const;

const TAGS = '\\b(?:pending|safe|finalized)\\b';
const isStarknet = (method: string) => method.startsWith('starknet_');

export const DATA_ROWS: readonly ErrorRow[] = [
  // Before missing data, since "block not found" is part of it. Texts about a method are left out: they would ban it.
  {
    class: 'tag-unsupported',
    by: BY,
    text: [
      ...phrases('not a supported commitment | malformed blocknumber'),
      new RegExp(`${TAGS} block (?:not found|is not available)`),
      new RegExp(`${TAGS}.{0,40}not supported`),
      /is not a supported (?!(?:\w+ )?method)/,
    ],
  },
  {
    class: 'missing-data',
    by: BY,
    text: [
      ...phrases(`
        missing trie node | trie does not | body not found | genesis is not traceable | no historical rpc
        header not found | header for hash not found | header was not found | not currently canonical
        could not find block | could not find finalizeblock | cannot find block
        expect block number from id | cannot query unfinalized | after last accepted block
        greater than latest | invalid block range | block height passed is invalid | request beyond head block
        requested data is not available | chainexception: unexpected error (code=40000)
        proof window | already discarded | data before | first available state
        transaction indexing is in progress | no such mempool | cannot find transaction
        minimum context slot | long-term storage | no snapshot | transaction history is not available
        excluded from account secondary indexes | epoch rewards period
        lite_server_notready | not in db
      `),
      /\bprun(?:ed|ing)\b/,
      /\barchiv(?:e|al) (?:\w+ )?(?:requests?|calls?|data|state|node|mode|queries|access)\b/,
      /\b(?:block|slot|height|version)\b.{0,80}\b(?:not (?:\w+ )?(?:found|available|exist)|unavailable|doesn't exist|in the future|skipped|out of range|beyond)\b/,
      /\bheight\b.{0,40}\bmust be less than or equal\b/,
      /\b(?:no|world|historical) state\b.{0,40}\b(?:available|unavailable)\b/,
      /\b(?:transaction|tx|txn|receipt)\b.{0,90}\bnot (?:be )?found\b/,
      /\bunknown (?:block|state|header|ancestor)\b/,
      /\b(?:pebble|leveldb|ethereum): not found/,
      /\bblocks specified.{0,200}cannot be found/,
      /\brecreation\b.{0,40}\bdepth limit\b/,
      /^not found$/,
      // Not ready yet, or behind.
      /\bnode is (?:behind|unhealthy|syncing|not (?:ready|synced))/,
      /\binitial (?:sync|block download)\b/,
      /\b(?:still|is) (?:syncing|catching up)\b|\bfully synchronized\b/,
      // NEAR's causes.
      /\b(?:unknown|garbage_collected)_(?:block|chunk|epoch|receipt|transaction)\b/,
      /\b(?:no_synced_blocks|not_synced_yet|unavailable_shard)\b/,
    ],
  },
  // EIP-4444.
  { class: 'missing-data', by: BY, codes: [4444] },
  // No trace; block, hash, index or transaction not found; no blocks; proof too old.
  { class: 'missing-data', by: BY, methods: isStarknet, codes: [10, 24, 25, 26, 27, 29, 32, 42] },
];
