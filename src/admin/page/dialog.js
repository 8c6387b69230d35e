/** One dialog for all changes: says what will be done, does it when that is confirmed, and shows what the API answered. */

import { h, labelled, setText } from './dom.js';

/** @typedef {{ name: string, label: string, hint?: string, control: HTMLInputElement | HTMLSelectElement }} Field */
/** @typedef {{ ok: boolean, text: string, answer?: string }} Outcome */

/**
 * @typedef {object} Question
 * @property {string} title
 * @property {string} sentence what it will do
 * @property {string} action the words on the button
 * @property {boolean} [isGrave]
 * @property {string} [warning] what it does to clients
 * @property {(values: Record<string, string>) => string} [check] what is wrong with the values; empty when nothing is
 * @property {Field[]} [fields]
 * @property {(values: Record<string, string>) => Promise<Outcome>} run
 * @property {() => HTMLElement | null} [after] what gets the focus when the button that opened it is gone
 */

export class Confirmation {
  #title = h('h2', { id: 'dialog-title' });
  #sentence = h('p', { id: 'dialog-sentence' });
  #warning = h('p', { id: 'dialog-warning', class: 'warning' });
  #fields = h('div', { class: 'fields' });
  #outcome = h('p', { class: 'outcome', role: 'status' });
  #answer = h('pre', { tabindex: 0, 'aria-label': 'Answer of the API' });
  #answerBox = h('details', {}, h('summary', {}, 'Answer of the API'), this.#answer);
  #cancel = h('button', { type: 'button', onclick: () => this.#dialog.close() }, 'Cancel');
  #confirm = h('button', { type: 'submit', class: 'main' });
  #dialog;
  /** @type {Question | undefined} */
  #question;
  /** @type {Element | null} */
  #opener = null;

  constructor() {
    const buttons = h('div', { class: 'buttons' }, this.#cancel, this.#confirm);
    const form = h('form', { onsubmit: (/** @type {SubmitEvent} */ event) => this.#submit(event) });
    form.append(this.#title, this.#sentence, this.#warning, this.#fields);
    form.append(this.#outcome, this.#answerBox, buttons);
    this.#dialog = h(
      'dialog',
      { 'aria-labelledby': 'dialog-title', 'aria-describedby': 'dialog-sentence dialog-warning' },
      form,
    );
    this.#dialog.addEventListener('close', () => this.#giveFocusBack());
    document.body.append(this.#dialog);
  }

  /** @param {Question} question */
  open(question) {
    this.#question = question;
    this.#opener = document.activeElement;
    setText(this.#title, question.title);
    setText(this.#sentence, question.sentence);
    this.#sentence.hidden = false;
    setText(this.#warning, question.warning ?? '');
    this.#warning.hidden = question.warning === undefined;
    setText(this.#confirm, question.action);
    setText(this.#cancel, 'Cancel');
    this.#confirm.hidden = false;
    this.#confirm.disabled = false;
    this.#confirm.classList.toggle('grave', question.isGrave ?? false);
    this.#showOutcome({ ok: true, text: '' });
    const fields = question.fields ?? [];
    this.#fields.replaceChildren(...fields.map(({ label, control, hint }) => labelled(label, control, hint)));
    this.#fields.hidden = fields.length === 0;
    this.#dialog.showModal();
    (fields[0]?.control ?? this.#cancel).focus();
  }

  /** @param {SubmitEvent} event */
  async #submit(event) {
    event.preventDefault();
    const question = this.#question;
    if (!question || this.#confirm.disabled) return;
    const fields = question.fields ?? [];
    const values = Object.fromEntries(fields.map(({ name, control }) => [name, control.value]));
    const wrong = question.check?.(values) ?? '';
    if (wrong !== '') return this.#showOutcome({ ok: false, text: wrong });
    this.#confirm.disabled = true;
    const outcome = await question.run(values);
    // It was closed meanwhile, or asks something else.
    if (this.#question !== question) return;
    this.#confirm.disabled = false;
    this.#showOutcome(outcome);
    if (!outcome.ok) return;
    // What it says of the present is past.
    this.#sentence.hidden = true;
    this.#warning.hidden = true;
    this.#fields.hidden = true;
    this.#confirm.hidden = true;
    setText(this.#cancel, 'Close');
    this.#cancel.focus();
  }

  /** @param {Outcome} outcome */
  #showOutcome({ ok, text, answer = '' }) {
    setText(this.#outcome, text);
    this.#outcome.hidden = text === '';
    this.#outcome.className = ok ? 'outcome good' : 'outcome bad';
    setText(this.#answer, answer);
    this.#answerBox.hidden = answer === '';
    this.#answerBox.open = false;
  }

  #giveFocusBack() {
    const { after } = this.#question ?? {};
    this.#question = undefined;
    // A key that was typed must not stay.
    this.#fields.replaceChildren();
    const opener = this.#opener;
    const isThere = opener instanceof HTMLElement && opener.isConnected && opener.checkVisibility();
    (isThere ? opener : after?.())?.focus();
  }
}
