/** Rows for the provider's own refusals and failures: all rows that blame an upstream as a whole. */

import { type ErrorRow, NO_RATE, phrases } from '../error-rows.ts';

const GATEWAY = ['gateway'] as const;

const INTERNAL_ERROR =
  '(?:(?:json-?rpc|server|temporary) )?internal (?:server |json-?rpc |service )?error(?: occurred)?';

/** Plan and auth before throttled, since they may contain its words ("daily request count exceeded, rate limited"). */
export const GATEWAY_ROWS: readonly ErrorRow[] = [
  {
    class: 'plan',
    by: GATEWAY,
    text: [
      ...phrases(`
        reached the free tier | limit for your current plan | /billing | upgrade from discover plan | payment required
      `),
      new RegExp(`^${NO_RATE}.*\\b(upgrade (?:your plan|to (?:a )?paid tier))`),
      /\b(daily|monthly)\b.{0,40}\b(?:limit|quota|credits?|count|capacity|allowance)\b/,
      /\b(?:insufficient|out of|no more) (compute units|credits)\b/,
      /\b(subscription|trial)\b.{0,20}\b(?:expired|inactive|ended)\b/,
    ],
  },
  { class: 'plan', by: GATEWAY, codes: [402] },
  { class: 'plan', by: GATEWAY, statuses: [402] },
  { class: 'plan', by: GATEWAY, statuses: [403], text: [/\b(endpoint)\b.{0,60}\bdisabled\b/, 'past due'] },
  {
    class: 'auth',
    by: GATEWAY,
    text: [
      ...phrases(`
        key is inactive | token is invalid | apikey is on another chain | must authenticate | invalid credentials
      `),
      /\b(?:invalid|missing|unknown|expired|revoked)\b.{0,12}\b((?:api|access|auth|project)[- ]?(?:key|token|id))\b/,
      /\b((?:api|access|auth)[- ]?(?:key|token))\b.{0,20}\b(?:invalid|missing|required|expired|revoked|disabled|not found)\b/,
      /\b(authentication) (?:required|failed)\b/,
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
        requests limited to | credits limited to | request limit reached
        exceeded the quota | reached the quota | upgrade your tier
        exceeded its requests per second capacity | exceeded the rps limit
        reached maximum qps limit | maximum cups limit | maximum api usage limit of public
        requestratelimitexceeded | there are not enough cups | code = resourceexhausted
      `),
      // "query has exceeded" is a node's time-out.
      /(?<!query )\b(has exceeded)\b.{0,80}\b(?:rate|limit|quota|capacity|requests|cups)\b/,
      /\b(?:rate|limit|quota|capacity|requests|cups)\b.{0,80}(?<!query )\b(has exceeded)\b/,
      // From the start of a word, because of "corporate limit". Not a limit of a transaction or a program.
      /\brate[- ]?limit/,
      /\btoo many (?:\w+ )?(?:requests|calls|connections)\b/,
      /\bthrottled\b|\bover (?:capacity|quota)\b|\b(?:request rate|quota|capacity) exceeded\b/,
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
        bad gateway | service unavailable | gateway timeout | temporarily unavailable
        connection reset | connection refused | context canceled | mdbx_panic:
        unable to complete request at this time | under too much load | lite_server_network
      `),
      /\b(?:backend|upstream|server|node|provider)s? (?:(?:is|are) )?(?:currently )?(?:offline|unhealthy|unavailable|down)\b/,
      /\b(no (?:\w+ )?(?:backend|upstream|server|node|provider)s?)\b.{0,30}\b(?:available|healthy|found|left)\b/,
      /\b(?:no available|no healthy|all) (?:backend|upstream|server|node|provider)s?\b/,
      /^(?:unexpected )?eof$/,
      /\b(?:post|get|dial|read)\b.{0,80}: (eof)$/,
      /\bcode: ?(1015)\b/,
    ],
  },
  // Only without further text: a reason in the data, or after a colon, is more specific. One or two words are none.
  {
    class: 'upstream-broken',
    by: GATEWAY,
    text: [new RegExp(`(?<![\\s\\S])${INTERNAL_ERROR}[.!]?(?:\\n\\S*(?: \\S*)?)*(?![\\s\\S])`)],
  },
  // A Bitcoin node that is starting.
  { class: 'upstream-broken', by: ['gateway'], codes: [-28] },
  { class: 'throttled', by: GATEWAY, codes: [-32005, -32007, -32009, -32090] },
];
