/** Sends a JSON-RPC call, through the balancer or to one upstream, and shows who answered what. */

import { call } from './api.js';
import { h, labelled, options, setShown, setText } from './dom.js';
import { counted, ms } from './format.js';
import { poolOf } from './store.js';
import { resultOf } from './words.js';

/** @import { CallAnswer } from './contract.js' */
/** @import { Store } from './store.js' */

const METHODS = [
  'eth_blockNumber',
  'eth_chainId',
  'eth_syncing',
  'eth_gasPrice',
  'eth_getBalance',
  'eth_getBlockByNumber',
  'eth_getLogs',
  'eth_getTransactionReceipt',
  'net_peerCount',
  'net_version',
  'web3_clientVersion',
];
const BALANCER = '';

export class Console {
  #store;
  #targets = h('select');
  #pool = h('select', { onchange: () => this.#updateTargets(true) });
  #method = h('input', { type: 'text', list: 'methods', required: true, value: 'eth_blockNumber' });
  #params = h(
    'textarea',
    { rows: 2, spellcheck: 'false', autocapitalize: 'off', oninput: () => this.#updateMethod() },
    '[]',
  );
  #send = h('button', { type: 'submit', class: 'main' }, 'Send');
  #summary = h('p', { class: 'outcome', role: 'status', hidden: true });
  #attempts = h('ol', { class: 'attempts', hidden: true });
  #answer = h('pre', { tabindex: 0, 'aria-label': 'Answer', hidden: true });
  #isAsking = false;
  #poolField = labelled('Pool', this.#pool);
  #methodField = labelled('Method', this.#method, ' ');
  #known = '';

  /**
   * @param {HTMLElement} parent
   * @param {Store} store
   */
  constructor(parent, store) {
    this.#store = store;
    for (const [name, value] of [
      ['autocomplete', 'off'],
      ['spellcheck', 'false'],
      ['autocapitalize', 'off'],
    ])
      this.#method.setAttribute(name ?? '', value ?? '');
    const form = h('form', {
      class: 'call',
      onsubmit: (/** @type {SubmitEvent} */ event) => this.#submit(event),
    });
    form.append(
      this.#poolField,
      labelled('Send to', this.#targets),
      this.#methodField,
      labelled('Parameters', this.#params, 'JSON; or a whole request, or a batch'),
      this.#send,
      h('datalist', { id: 'methods' }, ...METHODS.map((value) => h('option', { value }))),
    );
    parent.append(form, this.#summary, this.#attempts, this.#answer);
  }

  /** Only the choices follow what happens: what was typed and answered stays. */
  update() {
    const { rows, about, lostAtMs } = this.#store;
    this.#send.disabled = this.#isAsking || lostAtMs !== undefined;
    const known = JSON.stringify([
      about.pools.map(({ pool }) => pool),
      rows.map(({ name, pool }) => [name, pool]),
    ]);
    if (known === this.#known) return;
    this.#known = known;
    const { value } = this.#pool;
    this.#pool.replaceChildren(...options(about.pools.map(({ pool, path }) => [pool, `${pool} (${path})`])));
    if (about.pools.some(({ pool }) => pool === value)) this.#pool.value = value;
    setShown(this.#poolField, about.pools.length > 1);
    this.#updateTargets(false);
  }

  /** @param {boolean} isAnew */
  #updateTargets(isAnew) {
    const { rows, about } = this.#store;
    const own = rows.filter((row) => about.pools.length === 1 || poolOf(row) === this.#pool.value);
    const { value } = this.#targets;
    /** @type {[string, string][]} */
    const choices = [
      [BALANCER, 'the load balancer, as a client'],
      ...own.map(({ name }) => /** @type {[string, string]} */ ([name, `${name} alone`])),
    ];
    this.#targets.replaceChildren(...options(choices));
    if (!isAnew && own.some(({ name }) => name === value)) this.#targets.value = value;
  }

  /** A whole request, or a batch, has its own. */
  #updateMethod() {
    const asked = callOf('', this.#params.value);
    const isWhole = typeof asked === 'object' && !('method' in asked && asked.method === '');
    this.#method.disabled = isWhole;
    const hint = this.#methodField.querySelector('small');
    if (hint)
      setText(hint, isWhole ? (Array.isArray(asked) ? 'that of the batch' : 'that of the request') : '');
  }

  /** @param {SubmitEvent} event */
  async #submit(event) {
    event.preventDefault();
    if (this.#send.disabled) return;
    const asked = callOf(this.#method.value.trim(), this.#params.value);
    if (typeof asked === 'string') return this.#tell(asked, 'bad');
    const upstream = this.#targets.value;
    this.#isAsking = true;
    this.update();
    this.#tell('Waiting for an answer …', 'good');
    const { ok, body, problem } = await call('POST', 'call', {
      call: asked,
      pool: this.#pool.value,
      ...(upstream === BALANCER ? {} : { upstream }),
    });
    this.#isAsking = false;
    this.update();
    if (ok) this.#show(body);
    else this.#tell(problem, 'bad');
  }

  /** @param {CallAnswer} answer */
  #show(answer) {
    const { answer: parsed, text, cut, attempts, problem } = answer;
    const isError = errorOf(answer) !== '';
    const isBad = problem !== null || (isError && answer.answered_by === null);
    this.#tell(summaryOf(answer), isBad ? 'bad' : isError ? 'warn' : 'good');
    const lines = attempts.map((each) =>
      h('li', {}, `${each.upstream}: ${resultOf(each.result)}, ${ms(each.ms)}`),
    );
    this.#attempts.replaceChildren(...lines);
    setShown(this.#attempts, attempts.length > 0);
    const shown = parsed === undefined ? (text ?? '') : JSON.stringify(parsed, null, 2);
    setText(this.#answer, cut ? `${shown}\n… cut off here, it is longer than 64 kB` : shown);
    setShown(this.#answer, shown !== '');
  }

  /**
   * @param {string} text
   * @param {'good' | 'warn' | 'bad'} level
   */
  #tell(text, level) {
    setText(this.#summary, text);
    this.#summary.className = `outcome ${level}`;
    setShown(this.#summary, true);
    setShown(this.#attempts, false);
    setShown(this.#answer, false);
  }
}

/**
 * @param {string} method
 * @param {string} params
 * @returns {object | string} the call, or what is wrong
 */
function callOf(method, params) {
  /** @type {unknown} */
  let parsed;
  try {
    parsed = JSON.parse(params.trim() === '' ? '[]' : params);
  } catch (error) {
    return `The parameters are no JSON: ${error instanceof Error ? error.message : error}`;
  }
  if (typeof parsed !== 'object' || parsed === null) return 'The parameters must be a JSON array or object.';
  return isWhole(parsed) ? parsed : { method, params: parsed };
}

/** @param {object} parsed */
function isWhole(parsed) {
  const [first] = Array.isArray(parsed) ? parsed : [parsed];
  return typeof first === 'object' && first !== null && 'method' in first;
}

/** @param {CallAnswer} answer */
function summaryOf(answer) {
  const { status, ms: took, answered_by: who, attempts, request_id: id, problem } = answer;
  const error = errorOf(answer);
  const tries = attempts.length > 1 ? `, at attempt ${attempts.length}` : '';
  const times = attempts.length > 0 ? `${counted(attempts.length, 'attempt')}, ` : '';
  // Parts of an answer may come from several.
  const whole = error === '' && problem === null ? 'It was answered' : 'No upstream answered';
  const by =
    who === null
      ? `${whole}: ${times}${ms(took)}`
      : `${who} answered${error === '' ? '' : ` with ${error}`} in ${ms(took)}${tries}`;
  const facts = [status > 0 ? `status ${status}` : '', id === null ? '' : `request ${id}`]
    .filter(Boolean)
    .join(', ');
  return [facts === '' ? by : `${by} (${facts})`, problem ?? ''].filter(Boolean).join(': ');
}

/**
 * The error that an answer has, in words; empty when it has none.
 * @param {CallAnswer} answer
 */
function errorOf({ answer, status }) {
  const all = Array.isArray(answer) ? answer : [answer];
  const errors = all.flatMap((each) =>
    typeof each === 'object' && each !== null && 'error' in each && each.error ? [each.error] : [],
  );
  if (errors.length > 0 && Array.isArray(answer))
    return `${counted(errors.length, 'error')} of ${all.length}`;
  const [error] = errors;
  if (error !== undefined) return `an error${typeof error.code === 'number' ? ` (${error.code})` : ''}`;
  return status >= 400 ? 'an error' : '';
}
