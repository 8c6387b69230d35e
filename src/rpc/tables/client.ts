/** Rows for calls that are the caller's own mistake, or too slow for the node. */

import { type ErrorRow, phrases } from '../error-rows.ts';

const BY = ['gateway', 'node'] as const;

/** The call took longer than this node allows. */
export const TIMEOUT_ROWS: readonly ErrorRow[] = [
  {
    class: 'node-timeout',
    by: BY,
    text: [
      ...phrases('deadline exceeded | query has exceeded | took too long | timeout_error'),
      /(?<!\b(?:gateway|connect|connection) )\b(?:timed out|time-?out)\b/,
    ],
  },
];

/** The caller's own mistake, whichever upstream is asked. */
export const CLIENT_ROWS: readonly ErrorRow[] = [
  // A plain -32602 or -32600 is not here: what one node client refuses another may accept.
  {
    class: 'client-error',
    by: [...BY, 'mempool'],
    codes: [-32600, -32602],
    text: phrases(`
      param is required | invalid request | validation errors | invalid argument | invalid params
      bad request input parameters | cannot unmarshal hex string | failed to parse
    `),
  },
  { class: 'client-error', by: BY, codes: [-32700] },
  // Solana asks for `maxSupportedTransactionVersion`.
  { class: 'client-error', by: BY, text: ['not supported by the requesting client'] },
  // NEAR's causes.
  {
    class: 'client-error',
    by: BY,
    text: [
      /\brequest_validation_error\b/,
      /\b(?:unknown|invalid)_(?:account|access_key)\b|\bno_contract_code\b/,
    ],
  },
];
