/** Rows for calls that ask for more than this upstream returns at once: blocks, results, bytes, calls in a batch. */

import { type ErrorRow, NO_RATE, phrases } from '../error-rows.ts';

/** The call was not carried out, another upstream may allow more, and no upstream is blamed. */
const BY = ['gateway', 'node'] as const;

export const SIZE_ROWS: readonly ErrorRow[] = [
  {
    class: 'batch-too-large',
    by: BY,
    text: [
      new RegExp(
        `^${NO_RATE}.*\\b(?:batch(?:es|ed)?)\\b.{0,60}\\b(?:too (?:large|big|many|long)|limit|max(?:imum)? (?:size|length)|more than|exceed\\w*|not (?:supported|allowed|enabled))`,
      ),
      new RegExp(`^${NO_RATE}.*\\b(too many|max(?:imum)?|exceed\\w*|limit)\\b.{0,40}(\\bbatch)`),
    ],
  },
  {
    class: 'range-too-large',
    by: BY,
    text: [
      ...phrases(`
        this block range | exceeds the range | returned more than | exceeds max results
        too many results | too large, max is | response size | response too large
        query exceeds limit | limit the query to | try paginating
        active filters exceeded | specify less number of address
        addresses or topics per search position | smaller than size | logs over more | is too big | too large request
      `),
      /\brange\b.{0,60}\b(?:too (?:large|wide|big|long)|larger than|exceed\w*|is limited|limited to|not supported)\b/,
      /\branges? (?:over|above|larger|greater)\b/,
      /\bmax(?:imum)?\b.{0,20}\brange\b/,
      /\blimited to\b.{0,40}\b(?:range|blocks?)\b/,
      /\bmaximum\b.{0,80}\b(?:blocks distance|requested blocks)\b/,
      /\btoo many (?:requested )?blocks\b/,
      /\bup to a [\d,]+ block range\b/,
      /\bfilters.{0,120}current limit is/,
    ],
  },
  { class: 'range-too-large', by: BY, codes: [-32614] },
  { class: 'range-too-large', by: BY, statuses: [413] },
];
