/** The calls of the admin port, relative to this page's address. */

/** @import { History } from './contract.js' */

/**
 * @typedef {object} Answer
 * @property {boolean} ok
 * @property {number} status 0 when there was no answer
 * @property {any} body parsed JSON; undefined without any
 * @property {string} text its source
 * @property {string} problem what is wrong; empty when nothing is
 */

/**
 * Without credentials, query and fragment: a URL with credentials may not be fetched.
 * @param {string} path
 */
export function urlOf(path) {
  const base = new URL('.', location.href);
  base.username = '';
  base.password = '';
  return new URL(path, base).href;
}

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @returns {Promise<Answer>}
 */
export function call(method, path, body) {
  return send(method, path, body === undefined ? {} : { body: JSON.stringify(body) });
}

/**
 * @param {string} method
 * @param {string} path
 * @param {{ body?: string, signal?: AbortSignal }} more `body`: JSON, sent as it is
 * @returns {Promise<Answer>}
 */
export async function send(method, path, more) {
  const headers = { 'Content-Type': 'application/json' };
  try {
    const response = await fetch(urlOf(path), {
      method,
      cache: 'no-store',
      ...(method === 'GET' ? {} : { headers }),
      ...more,
    });
    return await read(response);
  } catch {
    const problem = 'The load balancer did not answer, so it is not known whether this was done.';
    return { ok: false, status: 0, body: undefined, text: '', problem };
  }
}

/**
 * @param {Response} response
 * @returns {Promise<Answer>}
 */
async function read(response) {
  const { ok, status } = response;
  const text = await response.text();
  /** @type {any} */
  let body;
  try {
    body = text === '' ? undefined : JSON.parse(text);
  } catch {
    // Something before the daemon has answered in its place.
    return {
      ok: false,
      status,
      body: undefined,
      text,
      problem: `The answer has status ${status} and is no JSON.`,
    };
  }
  const problem = ok ? '' : (body?.detail ?? body?.title ?? `The answer has status ${status}.`);
  return { ok, status, body, text, problem: String(problem) };
}

/** @returns {Promise<History | undefined>} undefined when it can't be had */
export async function fetchHistory() {
  const { ok, body } = await call('GET', 'history');
  return ok ? body : undefined;
}

/**
 * @param {string} name of an upstream
 * @param {string} [more]
 */
export function serverPath(name, more = '') {
  return `servers/${encodeURIComponent(name)}${more}`;
}
