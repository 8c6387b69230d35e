/** What operators can change, each as a question of the dialog. */

import { call, serverPath } from './api.js';
import { h, select } from './dom.js';
import { counted, list } from './format.js';
import { lossOf } from './pool-states.js';
import { reasonOf } from './words.js';

/** @import { Answer } from './api.js' */
/** @import { Row } from './contract.js' */
/** @import { Confirmation, Outcome } from './dialog.js' */
/** @import { Store } from './store.js' */

export class Actions {
  /** @type {Confirmation} */
  #dialog;
  /** @type {Store} */
  #store;

  /**
   * @param {Confirmation} dialog
   * @param {Store} store
   */
  constructor(dialog, store) {
    this.#dialog = dialog;
    this.#store = store;
  }

  /** @param {Row} row */
  drain(row) {
    const { name, state } = row;
    const isBack = state === 'draining';
    this.#dialog.open({
      title: isBack ? `Take ${name} back` : `Drain ${name}`,
      sentence: isBack
        ? `${name} will get requests again.`
        : `${name} will get no new requests. Those in flight finish, and it stays out until it is taken back.`,
      action: isBack ? 'Take back' : 'Drain',
      ...(isBack ? {} : lossOf(row, this.#store)),
      run: async () => {
        const answer = await call('PATCH', serverPath(name), { draining: !isBack });
        return this.#changed(answer, (/** @type {Row} */ changed) =>
          changed.state === 'draining'
            ? `${name} gets no new requests; ${counted(changed.connections, 'attempt')} in flight.`
            : `${name} was taken back; it ${reasonOf(changed)}.`,
        );
      },
    });
  }

  /**
   * @param {Row} row
   * @param {() => HTMLElement | null} after what has the focus when its button is gone
   */
  release({ name, ...row }, after) {
    this.#dialog.open({
      title: `Release ${name}`,
      sentence: `${name} ${reasonOf(row)}. It will be asked again at once, before its time is over.`,
      action: 'Release',
      after,
      run: async () =>
        this.#changed(await call('POST', serverPath(name, '/release')), (row) => `${name} ${reasonOf(row)}.`),
    });
  }

  /** @param {Row} row */
  weigh({ name, weight }) {
    const control = h('input', { type: 'number', min: 1, max: 1000, step: 1, required: true, value: weight });
    control.inputMode = 'numeric';
    this.#dialog.open({
      title: `Weight of ${name}`,
      sentence: `Where the strategy goes by weights, ${name} gets its share of requests by this one. It is ${weight} now.`,
      action: 'Set weight',
      fields: [{ name: 'weight', label: 'Weight', hint: '1 to 1000', control }],
      run: async (values) =>
        this.#changed(
          await call('PATCH', serverPath(name), { weight: Number(values['weight']) }),
          (row) => `The weight of ${name} is ${row.weight}; it was ${weight}.`,
        ),
    });
  }

  /**
   * @param {Row} row
   * @param {() => HTMLElement | null} after
   */
  remove(row, after) {
    const { name, tier, pool } = row;
    this.#dialog.open({
      title: `Remove ${name}`,
      sentence: `${name}, a ${tier}${pool === undefined ? '' : ` of ${pool}`}, will get no new requests and leave its list, with its figures. Those in flight finish.`,
      action: `Remove ${name}`,
      ...lossOf(row, this.#store),
      isGrave: true,
      after,
      run: async () => {
        const answer = await call('DELETE', serverPath(name));
        if (answer.ok) this.#store.removeRow(name);
        return outcomeOf(answer, () => `${name} was removed.`);
      },
    });
  }

  /** @param {string} pool its name, also where there is only one */
  add(pool) {
    const { pools } = this.#store.about;
    const plain = { autocomplete: 'off', spellcheck: 'false', autocapitalize: 'off' };
    const url = h('input', { type: 'text', inputmode: 'url', required: true, ...plain });
    const poolControl = select(pools.map((each) => [each.pool, `${each.pool} (${each.path})`]));
    poolControl.value = pool;
    const tier = select([
      ['primary', 'primary'],
      ['fallback', 'fallback'],
    ]);
    this.#dialog.open({
      title: 'Add an upstream',
      sentence:
        'It gets requests from the next one on. It is lost at a restart unless PERSIST_SERVERS is set. ' +
        'Its options, such as rps, account and header, are set in the settings.',
      action: 'Add',
      fields: [
        { name: 'url', label: 'URL', hint: 'may hold a key; it is not shown again', control: url },
        { name: 'name', label: 'Name', hint: 'optional', control: h('input', { type: 'text', ...plain }) },
        { name: 'tier', label: 'Tier', control: tier },
        {
          name: 'weight',
          label: 'Weight',
          hint: '1 to 1000',
          control: h('input', { type: 'number', min: 1, max: 1000, step: 1, value: 1 }),
        },
        ...(pools.length > 1 ? [{ name: 'pool', label: 'Pool', control: poolControl }] : []),
      ],
      check: ({ url: text = '' }) => wrongUrl(text.trim()),
      run: async (values) =>
        outcomeOf(await call('POST', 'servers', entryOf({ pool, ...values })), addedText),
    });
  }

  /** @param {string} pool */
  strategy(pool) {
    const { pools, strategies } = this.#store.about;
    const now = pools.find((each) => each.pool === pool)?.strategy ?? '';
    const where = pools.length > 1 ? ` in ${pool}` : '';
    const control = select(strategies.map((name) => [name, name]));
    control.value = now;
    this.#dialog.open({
      title: `Strategy${where}`,
      sentence: `It sets in which order upstreams are asked${where}, from the next request on. It is ${now} now.`,
      action: 'Set strategy',
      fields: [{ name: 'strategy', label: 'Strategy', control }],
      run: async ({ strategy }) => {
        const answer = await call('PUT', 'strategy', { strategy, pool });
        return outcomeOf(
          answer,
          (/** @type {{ strategy: string }} */ body) =>
            `The strategy${where} is ${body.strategy}; it was ${now}.`,
        );
      },
    });
  }

  reload() {
    this.#dialog.open({
      title: 'Reload the settings',
      sentence:
        'The settings are read anew, and hold from the next request on. When one is wrong, nothing changes.',
      action: 'Reload',
      run: async () => outcomeOf(await call('POST', 'reload'), reloadedText),
    });
  }

  testAlert() {
    const { notifiers } = this.#store.about;
    this.#dialog.open({
      title: 'Send a test alert',
      sentence: `A test alert goes to ${list(notifiers)}.`,
      action: 'Send',
      run: async () =>
        outcomeOf(
          await call('POST', 'alerts/test'),
          (/** @type {{ sent: string[] }} */ body) => `It was sent to ${list(body.sent)}.`,
        ),
    });
  }

  /**
   * @param {Answer} answer
   * @param {(row: Row) => string} words
   */
  #changed(answer, words) {
    if (answer.ok) this.#store.replaceRow(answer.body);
    return outcomeOf(answer, words);
  }
}

/**
 * @template Body what a success answers
 * @param {Answer} answer
 * @param {(body: Body) => string} words of a success
 * @returns {Outcome}
 */
function outcomeOf({ ok, status, body, problem }, words) {
  const said = body === undefined ? '' : `\n${JSON.stringify(body, null, 2)}`;
  return { ok, text: ok ? words(body) : problem, answer: status === 0 ? '' : `${status}${said}` };
}

/** @param {string} url */
function wrongUrl(url) {
  if (!/^https?:\/\//i.test(url)) return 'The URL must begin with http:// or https://.';
  return URL.canParse(url) ? '' : 'The URL is none: is there a host, and no blank in it?';
}

/** @param {Record<string, string>} values */
function entryOf({ url = '', name = '', tier, weight = '', pool }) {
  return {
    url: url.trim(),
    tier,
    ...(name.trim() === '' ? {} : { name: name.trim() }),
    ...(weight === '' ? {} : { weight: Number(weight) }),
    ...(pool === 'default' ? {} : { pool }),
  };
}

/** @param {Row} row */
function addedText({ name, tier, weight, pool }) {
  return `${name} was added${pool === undefined ? '' : ` to ${pool}`} as a ${tier} with weight ${weight}.`;
}

/** @param {{ changed: string[], restart: string[] }} body */
function reloadedText({ changed, restart }) {
  const now = changed.length === 0 ? 'Nothing has changed.' : `These hold now: ${list(changed, 20)}.`;
  return restart.length === 0 ? now : `${now} These need a restart: ${list(restart, 20)}.`;
}
