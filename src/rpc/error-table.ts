import { type ErrorRow, phrases } from './error-rows.ts';
import { isRawTransaction } from './methods.ts';

/**
 * What providers' errors mean: one table, its rows tried from above. The order is the knowledge in it, so a
 * row that moves needs its reason here. Texts come before bare codes, because the same number means
 * different things behind different proxies (-32016: over rate limit, unauthorized, or a proxy's own 429).
 */

const forRawTransactions = { methods: isRawTransaction };
const TAGS = '\\b(?:pending|safe|finalized)\\b';

export const ERROR_TABLE: readonly ErrorRow[] = [
  // First: a contract's own words may hold any phrase below ("execution reverted: deposit limit exceeded").
  {
    class: 'revert',
    text: [
      ...phrases(`
        vm execution error
        vm exception
        transaction: revert
        intrinsic gas too high
        out of gas
      `),
      /\breverted\b/,
      /^evm error: /,
    ],
  },
  // Before missing data, whose "block not found" is part of it. No word about a method: that would ban it.
  {
    class: 'tag-unsupported',
    text: [
      ...phrases(`
        not a supported commitment
        malformed blocknumber
      `),
      new RegExp(`${TAGS} block (?:not found|is not available)`),
      new RegExp(`${TAGS}.{0,40}not supported`),
      /is not a supported (?!(?:\w+ )?method)/,
    ],
  },
  // Before bare code 3, under which Alchemy sends it.
  {
    class: 'missing-data',
    text: [
      ...phrases(`
        missing trie node | trie does not | no state available | node state is pruned
        header not found | header for hash not found | body not found for block
        could not find block | could not find finalizeblock | block not found
        height must be less than or equal | block height passed is invalid | greater than latest
        expect block number from id | cannot query unfinalized | after last accepted block
        genesis is not traceable | no historical rpc | not currently canonical | invalid block range
        transaction not found | cannot find transaction | transaction indexing is in progress
        requested data is not available | request beyond head block
        state does not maintain archive data | chainexception: unexpected error (code=40000)
      `),
      /\bunknown block\b/,
      /\b(?:pebble|leveldb): not found/,
      /\bheight \(?\d+\)? is not available/,
      /blocks specified.{0,200}cannot be found/,
      /historical state.{0,200}is not available/,
      /^not found$/,
    ],
  },
  { class: 'revert', codes: [3] },
  // Only for methods that carry a transaction, and at a word's start: an old node's "unknown transaction
  // type" would else be a success.
  {
    class: 'raw-tx-known',
    ...forRawTransactions,
    text: [
      ...phrases(`
        existing tx with same hash | already imported
        already in the mempool | already exists in mempool
        transaction already exists | already have transaction
      `),
      /\balready known/,
      /\bknown transaction: /,
      /\b(?:transaction|tx) already in mempool/,
    ],
  },
  {
    class: 'raw-tx-nonce',
    ...forRawTransactions,
    text: ['nonce too low', 'nonce is too low', 'nonce has already been used'],
  },
  {
    class: 'raw-tx-policy',
    ...forRawTransactions,
    text: [
      ...phrases(`
        transaction fee too low
        queued sub-pool is full | transaction would cause overdraft
      `),
      /\b(?:existing|newer) transaction had higher priority/,
      /^rejected$/,
    ],
  },
  {
    class: 'raw-tx-final',
    ...forRawTransactions,
    text: [
      ...phrases(`
        intrinsic gas too low
        typed transaction too short | transaction type not supported
      `),
      /\bunderpriced\b/,
      /\binsufficient (?:funds|balance)/,
      /\brlp: /,
      /\binvalid transaction/,
    ],
  },
  // A sequencer limits who signed, so no other upstream helps, and this one is not to blame.
  { class: 'sender-limit', text: ['sender is over rate limit'] },
  { class: 'sender-limit', codes: [-32017] },
  {
    class: 'range-too-large',
    text: [
      ...phrases(`
        try with this block range | this block range should work | block range is too wide
        exceeds the range
        logs over more | returned more than | exceeds max results | too large, max is
        response size should not | response too large | query exceeds limit | limit the query to
        range limit exceeded | too many results | try paginating
        eth_getlogs is limited | is too big
        specify less number of address | addresses or topics per search position
        exceeds the configured cap
      `),
      /\brange (?:is )?too large/,
      /\bmax(?:imum)? block range/,
      /\bmax range\b/,
      /\brange \d+ exceeds limit/,
      /\bmaximum.{0,80}blocks distance/,
      /\bfilters.{0,120}current limit is/,
    ],
  },
  { class: 'range-too-large', codes: [-32614] },
  { class: 'range-too-large', statuses: [413] },
  // Plan, auth and method before throttled, whose words they hold ("daily request count exceeded, rate limited"),
  // and before the codes of a client's mistake, under which they come.
  {
    class: 'plan',
    text: phrases(`
      reached the free tier | monthly capacity limit | limit for your current plan | /billing
      upgrade your plan | upgrade to paid tier | upgrade from discover plan
      daily request count exceeded
    `),
  },
  { class: 'plan', statuses: [402] },
  { class: 'plan', statuses: [403], text: [/\bendpoint\b.{0,60}\bdisabled\b/, 'past due'] },
  {
    class: 'auth',
    text: [
      ...phrases(`
        invalid api key | key is inactive
        token is invalid | apikey is on another chain
      `),
      /not allowed to access(?! (?:this |the )?method)/,
      /\bunauthorized\b/,
    ],
  },
  { class: 'auth', codes: [-32600], text: ['be authenticated', 'access key'] },
  {
    class: 'method-unsupported',
    text: [
      ...phrases(`
        unsupported method
        method is not whitelisted | method not found
        is not included in your current plan | does not exist/is not available | method is not allowed
        found but the containing module is disabled
      `),
      /\b(?:method|module|namespace|api)\b.{0,80}\bnot supported/,
      /not allowed to access (?:this |the )?method/,
    ],
  },
  // Not under -32602, which speaks of the parameters: one odd call must not ban eth_call for everybody.
  {
    class: 'method-unsupported',
    exceptCodes: [-32602],
    text: [/(?<!transaction type )\bnot supported/],
  },
  // BNB's public endpoints answer so to every eth_getLogs: a ban that looks like a limit.
  {
    class: 'method-unsupported',
    methods: (method) => method === 'eth_getLogs',
    codes: [-32005],
    statuses: [200],
    text: [/^limit exceeded$/],
  },
  {
    class: 'throttled',
    text: [
      ...phrases(`
        requests limited to | credits limited to | too many requests | request limit reached
        exceeded the quota | reached the quota | upgrade your tier | request rate exceeded
        exceeded its requests per second capacity
        reached maximum qps limit | maximum cups limit | maximum api usage limit of public
        requestratelimitexceeded | there are not enough cups | code = resourceexhausted
      `),
      // "query has exceeded" is a node's timeout.
      /(?<!query )\bhas exceeded\b.{0,80}\b(?:rate|limit|quota|capacity|requests|cups)\b/,
      /\b(?:rate|limit|quota|capacity|requests|cups)\b.{0,80}(?<!query )\bhas exceeded\b/,
      // A word's start: "corporate limit". Not what a transaction or a program may use up.
      /\brate[- ]limit/,
      /(?<!\b(?:gas|time|memory|size|depth) )limit exceeded/,
      /\brequests per second\b.{0,120}higher than your plan/,
    ],
  },
  { class: 'throttled', codes: [429] },
  { class: 'throttled', statuses: [429] },
  {
    class: 'upstream-broken',
    text: [
      ...phrases(`
        <html> | <!doctype html> | invalid character '<'
        502 bad gateway | 503 service unavailable | 504 gateway timeout | upstream unavailable
        connection reset | connection refused | context canceled | nternal error | mdbx_panic:
        unable to complete request at this time | no available nodes found
        no server available | under too much load
      `),
      /\beof\b/,
      /\bcode: ?1015\b/,
    ],
  },
  {
    class: 'node-timeout',
    text: [
      ...phrases(`
        execution timeout
        context deadline exceeded | query has exceeded
      `),
      /\bquery timeout of \d+(?:\.\d+)? seconds? exceeded/,
    ],
  },
  // A plain -32602 or -32600 is not here: what one client refuses another may take.
  {
    class: 'client-error',
    codes: [-32600, -32602],
    text: phrases(`
      param is required | invalid request | validation errors | invalid argument | invalid params
      bad request input parameters | cannot unmarshal hex string | failed to parse
    `),
  },
  { class: 'method-unsupported', codes: [-32601, -32004, -32612, -32613] },
  { class: 'throttled', codes: [-32005, -32007, -32009] },
  { class: 'client-error', codes: [-32700] },
];
