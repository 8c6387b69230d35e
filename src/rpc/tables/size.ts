/** Rows for calls that ask for more than this upstream returns at once: blocks, results, bytes, calls in a batch. */

import { type ErrorRow, NO_RATE, phrases } from '../error-rows.ts';

const LOG_METHODS = /^\w+_(?:get\w*Logs|newFilter)$|^trace_filter$/;
const BLOCKS = '\\b(?:blocks|(?:blocks? )?ranges?|interval|distance|span)\\b';
/** "The last 128 blocks" are about what a node has. */
const NO_HEAD = '(?!.*\\b(?:last|latest|recent|head|tip)\\b)';

/** The call was not carried out, another upstream may allow more, and no upstream is blamed. */
const BY = ['gateway', 'node'] as const;

export const SIZE_ROWS: readonly ErrorRow[] = [
  {
    class: 'batch-too-large',
    by: BY,
    text: [
      new RegExp(
        `^${NO_RATE}.*\\b(?:batch(?:es|ed|ing)?)\\b(?! response).{0,60}\\b(?:too (?:large|big|many|long)|limit|max(?:imum)? (?:size|length)|more than|exceed\\w*|not (?:supported|allowed|enabled))`,
      ),
      new RegExp(
        `^${NO_RATE}.*\\b(too many|max(?:imum)?|exceed\\w*|limit|more than|at most|up to)\\b.{0,40}(\\bbatch)`,
      ),
    ],
  },
  {
    class: 'range-too-large',
    by: BY,
    methods: (method) => LOG_METHODS.test(method),
    text: [
      // In the words of a limit: of blocks, or of what is found in them.
      new RegExp(
        `^${NO_RATE}${NO_HEAD}.*(${BLOCKS}.{0,60}\\b(?:too (?:high|far|broad|many)|(?:bigg|great|wid|long|high)er than|(?:less|fewer|more) than|at most|limit|max|threshold|exceed))`,
      ),
      new RegExp(
        `^${NO_RATE}${NO_HEAD}.*(\\b(?:max\\w*|at most|up to|(?:more|less|fewer) than|exceed\\w*|only|narrow|too many)\\b.{0,60}${BLOCKS})`,
      ),
      new RegExp(
        `^${NO_RATE}.*(\\b(?:too many|more than [\\d,]+|max(?:imum)?) (?:logs|events|records|results)\\b)`,
      ),
      new RegExp(`^${NO_RATE}.*(\\b(?:logs|events|records)\\b.{0,40}\\bexceed)`),
    ],
  },
  {
    class: 'range-too-large',
    by: BY,
    text: [
      ...phrases(`
        this block range | returned more than | too many results | response size | query exceeds limit | try paginating
        active filters exceeded | specify less number of address
        addresses or topics per search position | smaller than size | is too big | too large request
      `),
      /\brange\b.{0,60}\b(?:too (?:large|wide|big|long)|larger than|exceed\w*|is limited|limited to|not supported)\b/,
      /\bresponse (?:is |was )?too (?:large|big)\b/,
      /\branges? (?:over|above|larger|greater)\b/,
      /\blimited to\b.{0,40}\b(?:range|blocks?)\b/,
      /\bfilters.{0,120}current limit is/,
    ],
  },
  { class: 'range-too-large', by: BY, codes: [-32614] },
  { class: 'range-too-large', by: BY, statuses: [413] },
];
