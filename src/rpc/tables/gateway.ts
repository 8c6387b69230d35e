import { type ErrorRow, phrases } from '../error-rows.ts';

/** The provider's own refusals, and its own trouble: all rows that blame an upstream as a whole. */
const GATEWAY = ['gateway'] as const;

const INTERNAL_ERROR =
  '(?:(?:json-?rpc|server|temporary) )?internal (?:server |json-?rpc |service )?error(?: occurred)?';

/** Plan and auth before throttled, whose words they hold ("daily request count exceeded, rate limited"). */
export const GATEWAY_ROWS: readonly ErrorRow[] = [
  {
    class: 'plan',
    by: GATEWAY,
    text: [
      ...phrases(`
        reached the free tier | monthly capacity limit | limit for your current plan | /billing
        upgrade your plan | upgrade to paid tier | upgrade from discover plan | payment required
      `),
      /\bdaily\b.{0,40}\b(?:limit|quota|credits?|count|cap|allowance)\b/,
    ],
  },
  { class: 'plan', by: GATEWAY, codes: [402] },
  { class: 'plan', by: GATEWAY, statuses: [402] },
  { class: 'plan', by: GATEWAY, statuses: [403], text: [/\bendpoint\b.{0,60}\bdisabled\b/, 'past due'] },
  {
    class: 'auth',
    by: GATEWAY,
    text: [
      ...phrases(`
        key is inactive | token is invalid | apikey is on another chain | must authenticate
      `),
      /\binvalid (?:api[- ]?key|access token|project id)\b/,
      /not allowed to access(?! (?:this |the )?method)/,
      /\bunauthorized\b/,
    ],
  },
  { class: 'auth', by: GATEWAY, codes: [-32600], text: ['be authenticated', 'access key'] },
  {
    class: 'throttled',
    by: GATEWAY,
    text: [
      ...phrases(`
        requests limited to | credits limited to | too many requests | request limit reached
        exceeded the quota | reached the quota | upgrade your tier | request rate exceeded
        exceeded its requests per second capacity | exceeded the rps limit
        reached maximum qps limit | maximum cups limit | maximum api usage limit of public
        requestratelimitexceeded | there are not enough cups | code = resourceexhausted
      `),
      // "query has exceeded" is a node's timeout.
      /(?<!query )\b(has exceeded)\b.{0,80}\b(rate|limit|quota|capacity|requests|cups)\b/,
      /\b(rate|limit|quota|capacity|requests|cups)\b.{0,80}(?<!query )\b(has exceeded)\b/,
      // A word's start: "corporate limit". Not what a transaction or a program may use up.
      /\brate[- ]?limit/,
      /(?<!\b(?:gas|time|memory|size|depth|account|stack|step) )limit exceeded/,
      /\b(requests per second)\b.{0,120}(higher than your plan)/,
      /\b(?:retry|try again) (?:in|after) [\d.]+ ?(?:ms|s|m)/,
    ],
  },
  { class: 'throttled', by: GATEWAY, codes: [429] },
  { class: 'throttled', by: GATEWAY, statuses: [429] },
  {
    class: 'upstream-broken',
    by: GATEWAY,
    text: [
      ...phrases(`
        <html> | <!doctype html> | invalid character '<'
        502 bad gateway | 503 service unavailable | 504 gateway timeout | upstream unavailable
        connection reset | connection refused | context canceled | mdbx_panic:
        unable to complete request at this time | no available nodes found | no nodes available
        no server available | under too much load | lite_server_network
      `),
      /\bno (?:backend|upstream)s?\b.{0,30}\bhealthy\b|\bno healthy (?:backend|upstream)/,
      /^(?:unexpected )?eof$/,
      /\b(post|get|dial|read)\b.{0,80}: (eof)$/,
      /\bcode: ?1015\b/,
    ],
  },
  // Only where no more is said: a reason in the data, or behind a colon, is more specific. A word or two is none.
  {
    class: 'upstream-broken',
    by: GATEWAY,
    text: [new RegExp(`(?<![\\s\\S])${INTERNAL_ERROR}[.!]?(?:\\n\\S*(?: \\S*)?)*(?![\\s\\S])`)],
  },
  // A Bitcoin node that is starting.
  { class: 'upstream-broken', by: ['gateway'], codes: [-28] },
  { class: 'throttled', by: GATEWAY, codes: [-32005, -32007, -32009, -32090] },
];
