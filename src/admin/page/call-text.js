/** What the console sends, in the words of who wrote it, and what is said of an answer. Pure. */

import { counted } from './format.js';

/**
 * @typedef {object} Asked
 * @property {string} json the call, with its parameters as they were written
 * @property {'request' | 'batch' | ''} whole whether it has methods of its own
 * @property {string} taken what was taken for what, where that may be in doubt; else empty
 */

/**
 * @param {string} method
 * @param {string} written what was entered as parameters
 * @returns {Asked | string} or what is wrong
 */
export function callOf(method, written) {
  const json = written.trim() === '' ? '[]' : written.trim();
  /** @type {unknown} */
  let parsed;
  try {
    parsed = JSON.parse(json);
  } catch (error) {
    return `The parameters are no JSON: ${error instanceof Error ? error.message : error}`;
  }
  if (typeof parsed !== 'object' || parsed === null) return 'The parameters must be a JSON array or object.';
  const items = Array.isArray(parsed) ? parsed : [parsed];
  if (Array.isArray(parsed) && items.length > 0 && items.every(hasMethod))
    return { json, whole: 'batch', taken: `sent as a batch of ${items.length}` };
  if (!Array.isArray(parsed) && 'jsonrpc' in parsed)
    return { json, whole: 'request', taken: 'sent as a whole request' };
  const taken = items.some(hasMethod)
    ? `sent as the parameters of ${method}: a whole request has "jsonrpc", and each of a batch a "method"`
    : '';
  return { json: `{"method":${JSON.stringify(method)},"params":${json}}`, whole: '', taken };
}

/** @param {unknown} item */
function hasMethod(item) {
  return typeof item === 'object' && item !== null && !Array.isArray(item) && 'method' in item;
}

/**
 * The body of `POST /call`.
 * @param {string} json the call
 * @param {{ pool: string, upstream?: string }} where
 */
export function callBody(json, where) {
  return `{"call":${json},${JSON.stringify(where).slice(1)}`;
}

/**
 * The errors in an answer, in words; empty when there are none.
 * @param {unknown} answer parsed
 */
export function errorsIn(answer) {
  const items = Array.isArray(answer) ? answer : [answer];
  const errors = items.flatMap(errorOf);
  if (errors.length === 0) return '';
  if (Array.isArray(answer)) return `${counted(errors.length, 'error')} of ${items.length}`;
  const [error] = errors;
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return `an error${typeof code === 'number' ? ` (${code})` : ''}`;
}

/**
 * @param {unknown} item
 * @returns {unknown[]} the one that it has
 */
function errorOf(item) {
  return typeof item === 'object' && item !== null && 'error' in item && item.error !== null
    ? [item.error]
    : [];
}
