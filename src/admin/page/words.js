/** The words for states, reasons and results. Pure. */

/** Why an upstream is out, after its name: "alchemy is rate-limited". */
const REASONS = {
  refused: 'refuses connections',
  dns: 'has no address',
  tls: 'fails at TLS',
  'connect-timeout': 'takes no connections',
  timeout: 'does not answer in time',
  reset: 'breaks connections off',
  cut: 'cuts answers short',
  'bad-http': 'speaks no valid HTTP',
  status: 'answers with errors',
  'not-an-answer': 'gives no valid answers',
  'upstream-broken': 'is broken',
  'rate-limited': 'is rate-limited',
  plan: 'says that our plan is used up',
  auth: 'refuses our key',
  'method-unsupported': 'lacks a method',
  'probe-failed': 'fails its health checks',
  'wrong-chain': 'is on the wrong chain',
};

/** What a failed attempt met, after a number: "12 rate-limited". */
const FAILURES = {
  refused: 'connection refused',
  dns: 'no address',
  tls: 'TLS failed',
  'connect-timeout': 'no connection in time',
  timeout: 'timed out',
  reset: 'broken off',
  cut: 'cut short',
  'bad-http': 'no valid HTTP',
  status: 'error status',
  'not-an-answer': 'no valid answer',
  'upstream-broken': 'upstream broken',
  'rate-limited': 'rate-limited',
  plan: 'plan refused',
  auth: 'key refused',
  'method-unsupported': 'method unsupported',
};

const RESULTS = {
  answered: 'answered',
  inconclusive: 'answered, another may know more',
  'client-left': 'the client left',
  superseded: 'another was quicker',
  'out-of-time': 'the time for the request was over',
  shortage: 'this machine ran short of something',
};

/**
 * @param {Record<string, string>} table
 * @param {string} word shown as it is when it is not in the table: a daemon may be newer than this page
 */
function found(table, word) {
  return Object.hasOwn(table, word) ? (table[word] ?? word) : word;
}

/** @param {{ state: string, reason: string | null }} row */
export function reasonOf({ state, reason }) {
  if (state === 'draining') return 'is drained';
  if (reason !== null) return found(REASONS, reason);
  return state === 'down' ? 'is down' : state === 'quarantined' ? 'is quarantined' : 'is usable';
}

/**
 * Of several: "fails its health checks" becomes "fail their health checks".
 * @param {string} words of one
 */
export function pluralOf(words) {
  const [verb = '', ...rest] = words.split(' ');
  const verbs = found({ is: 'are', has: 'have', does: 'do' }, verb);
  return [verbs === verb ? verb.replace(/s$/, '') : verbs, ...rest].join(' ').replace(' its ', ' their ');
}

/** @param {string} reason */
export function failureOf(reason) {
  return found(FAILURES, reason);
}

/** @param {string} result of an attempt */
export function resultOf(result) {
  return found({ ...FAILURES, ...RESULTS }, result);
}

/** What a budget's limit comes from. */
export const SOURCES = { learnt: 'learnt', rps: 'configured', headers: 'told by the upstream' };
