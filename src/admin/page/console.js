/** Sends a JSON-RPC call, through the balancer or to one upstream, and shows who answered what. */

import { send } from './api.js';
import { callBody, callOf, errorsIn } from './call-text.js';
import { goneIn, h, labelled, setChoices, setShown, setText } from './dom.js';
import { counted, ms } from './format.js';
import { indented, memberText } from './json-text.js';
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
const STOPPED = 'Stopped: an upstream may have got it all the same.';

export class Console {
  #store;
  #targets = h('select', { onchange: () => this.#updateTargets() });
  #pool = h('select', { onchange: () => this.#choosePool() });
  #method = h('input', {
    type: 'text',
    list: 'methods',
    required: true,
    value: 'eth_blockNumber',
    autocomplete: 'off',
    spellcheck: 'false',
    autocapitalize: 'off',
  });
  #params = h(
    'textarea',
    { rows: 2, spellcheck: 'false', autocapitalize: 'off', oninput: () => this.#updateMethod() },
    '[]',
  );
  #send = h('button', { type: 'submit', class: 'main' }, 'Send');
  #stop = h('button', { type: 'button', hidden: true, onclick: () => this.#underWay?.abort() }, 'Stop');
  #summary = h('p', { class: 'outcome', role: 'status', hidden: true });
  #attempts = h('ol', { class: 'attempts', hidden: true });
  #answer = h('pre', { tabindex: 0, 'aria-label': 'Answer', hidden: true });
  #poolField = labelled('Pool', this.#pool);
  #methodField = labelled('Method', this.#method, ' ');
  #known = '';
  /** @type {AbortController | undefined} of the call that waits for its answer */
  #underWay;

  /**
   * @param {HTMLElement} parent
   * @param {Store} store
   */
  constructor(parent, store) {
    this.#store = store;
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
      this.#stop,
      h('datalist', { id: 'methods' }, ...METHODS.map((value) => h('option', { value }))),
    );
    parent.append(form, this.#summary, this.#attempts, this.#answer);
  }

  /** Only the choices follow what happens: what was typed and answered stays. */
  update() {
    const { rows, about } = this.#store;
    this.#updateSend();
    const known = JSON.stringify([
      about.pools.map(({ pool }) => pool),
      rows.map(({ name, pool }) => [name, pool]),
    ]);
    if (known === this.#known) return;
    this.#known = known;
    this.#updatePools();
    this.#updateTargets();
  }

  #updateSend() {
    this.#send.disabled = this.#underWay !== undefined || this.#store.lostAtMs !== undefined;
  }

  #updatePools() {
    const { pools } = this.#store.about;
    setChoices(
      this.#pool,
      pools.map(({ pool, path }) => [pool, `${pool} (${path})`]),
    );
    setShown(this.#poolField, this.#pool.options.length > 1);
  }

  #choosePool() {
    this.#updatePools();
    this.#targets.replaceChildren();
    this.#updateTargets();
  }

  #updateTargets() {
    const { rows, about } = this.#store;
    const own = rows.filter((row) => about.pools.length === 1 || poolOf(row) === this.#pool.value);
    setChoices(this.#targets, [
      [BALANCER, 'the load balancer, as a client'],
      ...own.map(({ name }) => /** @type {[string, string]} */ ([name, `${name} alone`])),
    ]);
  }

  /** A whole request, or a batch, has its own. */
  #updateMethod() {
    const asked = callOf('', this.#params.value);
    const whole = typeof asked === 'object' ? asked.whole : '';
    this.#method.disabled = whole !== '';
    const hint = this.#methodField.querySelector('small');
    if (hint) setText(hint, whole === '' ? '' : `that of the ${whole}`);
  }

  /** @param {SubmitEvent} event */
  async #submit(event) {
    event.preventDefault();
    if (this.#underWay) return;
    const gone = goneIn(this.#pool) ?? goneIn(this.#targets);
    if (gone !== undefined)
      return this.#tell(`${gone} is gone: choose where to send it. Nothing was sent.`, 'bad');
    const asked = callOf(this.#method.value.trim(), this.#params.value);
    if (typeof asked === 'string') return this.#tell(asked, 'bad');
    const { value: pool } = this.#pool;
    const { value: upstream } = this.#targets;
    const body = callBody(asked.json, upstream === BALANCER ? { pool } : { pool, upstream });
    this.#tell(['Waiting for an answer …', asked.taken].filter(Boolean).join(' '), 'good');
    const { signal } = this.#begin();
    const answer = await send('POST', 'call', { body, signal });
    this.#end();
    if (answer.ok) this.#show(answer, asked.taken);
    else this.#tell(signal.aborted ? STOPPED : answer.problem, 'bad');
  }

  #begin() {
    const underWay = new AbortController();
    this.#underWay = underWay;
    this.#updateSend();
    setShown(this.#stop, true);
    return underWay;
  }

  #end() {
    this.#underWay = undefined;
    this.#updateSend();
    if (document.activeElement === this.#stop) this.#send.focus();
    setShown(this.#stop, false);
  }

  /**
   * @param {import('./api.js').Answer} received
   * @param {string} taken
   */
  #show({ body, text: source }, taken) {
    /** @type {CallAnswer} */
    const answer = body;
    const { text, cut, attempts, problem } = answer;
    const isError = errorOf(answer) !== '';
    const isBad = problem !== null || (isError && answer.answered_by === null);
    const said = [summaryOf(answer), taken].filter(Boolean).join('; ');
    this.#tell(said, isBad ? 'bad' : isError ? 'warn' : 'good');
    const lines = attempts.map((each) =>
      h('li', {}, `${each.upstream}: ${resultOf(each.result)}, ${ms(each.ms)}`),
    );
    this.#attempts.replaceChildren(...lines);
    setShown(this.#attempts, attempts.length > 0);
    const json = memberText(source, 'answer');
    const shown = json === undefined ? (text ?? '') : indented(json);
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
  const facts = [status === null ? '' : `status ${status}`, id === null ? '' : `request ${id}`]
    .filter(Boolean)
    .join(', ');
  return [facts === '' ? by : `${by} (${facts})`, problem ?? ''].filter(Boolean).join(': ');
}

/**
 * The error that an answer has, in words; empty when it has none.
 * @param {CallAnswer} answer
 */
function errorOf({ answer, status }) {
  return errorsIn(answer) || (status !== null && status >= 400 ? 'an error' : '');
}
