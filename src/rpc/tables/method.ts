/** Rows for a method that the upstream lacks: texts about the method itself, and codes that say so. */

import { type ErrorRow, phrases } from '../error-rows.ts';

/** Never texts about a parameter, and never under -32602, which is about parameters. */
const BY = { by: ['gateway', 'node'], exceptCodes: [-32602] } as const;

const MISSING =
  '(?:not (?:supported|available|allowed|enabled|found|implemented|whitelisted|permitted|exist)|unsupported|unavailable|unknown|disabled|does not exist|blocked)';
/** What a web server says about POST. */
const HTTP_REASON = 'method not allowed';
/** "… is not supported with state overrides" is about the parameters. */
const NO_CONDITION =
  '(?! (?:with|when|while|without|if|because|unless|for (?:block|tag|param|address|contract)))';

export const METHOD_ROWS: readonly ErrorRow[] = [
  {
    class: 'method-unsupported',
    ...BY,
    text: [
      ...phrases(`
        unsupported method | unsafe to be called externally
      `),
      new RegExp(`<method>"?'?\`? (?:(?:is|was|has been) )?(?:currently )?${MISSING}\\b${NO_CONDITION}`),
      new RegExp(
        `\\b(?!${HTTP_REASON})(method)\\b(?! (?:param|arg|option))(?: ["'\`]?(?:<method>|([^ ,;<]{1,64}?))["'\`:]?)?? (?:(?:is|was|has been) )?(?:currently )?(${MISSING})\\b${NO_CONDITION}`,
      ),
      /\b(module|namespace|api)\b(?: (?!key|token)[^ ,;]{1,64})? (?:is )?\b(disabled|not (?:supported|available|enabled|allowed))\b/,
      /\b(?:unknown|no such) (?:rpc )?method\b/,
      /not allowed to access (?:this |the )?method/,
      /\b(method)\b.{0,80}\b(?:only|requires?|not|upgrade)\b.{0,60}\b((?:paid|free|current|growth|higher) ?(?:plan|tier)|add-?on|freetier)\b/,
    ],
  },
  {
    class: 'method-unsupported',
    ...BY,
    methods: (method) => /^(?:trace|debug)_/.test(method),
    text: [/^(?:trace|debug|tracing)s?(?: \w+)? (?:is|are) not (?:supported|available|enabled)\b/],
  },
  // BNB's public endpoints answer every eth_getLogs like this: a ban that looks like a limit.
  {
    class: 'method-unsupported',
    by: ['gateway'],
    methods: (method) => method === 'eth_getLogs',
    codes: [-32005],
    statuses: [200],
    text: [/^limit exceeded$/],
  },
];

/** What a text under -32601 is about when it is not a refusal of the method. */
const ANOTHER_MATTER =
  /\b(?:rate|limit|quota|too many|capacity|credits|unauthorized|api key|time-?out|timed out)\b/;

export const REFUSED_METHOD_ROWS: readonly ErrorRow[] = [
  // Blames no upstream: it is not certain what is meant.
  { class: 'unknown', by: ['node'], codes: [-32601], text: [ANOTHER_MATTER] },
  { class: 'method-unsupported', by: BY.by, codes: [-32601, -32604, -32612, -32613] },
];
