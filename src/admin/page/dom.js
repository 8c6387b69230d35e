/** Makes and changes elements. What is given as text becomes text, never markup. */

/** @typedef {Node | string} Child */
/** @typedef {Record<string, string | boolean | number | ((event: never) => void)>} Props */

/**
 * An element with attributes (`true`: without a value, `false`: left out) and listeners (`onclick`).
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Props} [props]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === 'function')
      element.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    else setAttribute(element, name, value);
  }
  element.append(...children);
  return element;
}

/**
 * @param {Element} element
 * @param {string} name
 * @param {string | number | boolean} value `false` removes it
 */
export function setAttribute(element, name, value) {
  if (value === false) element.removeAttribute(name);
  else {
    const text = value === true ? '' : String(value);
    if (element.getAttribute(name) !== text) element.setAttribute(name, text);
  }
}

/**
 * Changes a text in place: a selection in it and the focus around it stay.
 * @param {Element} element that holds nothing else
 * @param {string} text
 */
export function setText(element, text) {
  const { firstChild } = element;
  if (firstChild instanceof Text && firstChild === element.lastChild) {
    if (firstChild.data !== text) firstChild.data = text;
  } else if (text !== '' || firstChild) element.textContent = text;
}

/**
 * Shows or hides; what has the focus stays until the focus is elsewhere.
 * @param {HTMLElement} element
 * @param {boolean} isShown
 */
export function setShown(element, isShown) {
  if (!isShown && element.contains(document.activeElement)) return;
  if (element.hidden === isShown) element.hidden = !isShown;
}

/**
 * Makes the children of an element those of the items, in their order. An element stays with its key, and is not moved
 * while its neighbours are the same, so that it keeps its focus.
 * @template T
 * @template {{ element: HTMLElement }} V
 * @param {{ parent: HTMLElement, views: Map<string, V>, keyOf: (item: T) => string, make: (item: T) => V }} list
 * @param {readonly T[]} items
 * @param {(view: V, item: T) => void} update
 */
export function updateList({ parent, views, keyOf, make }, items, update) {
  const wanted = new Set(items.map(keyOf));
  for (const [key, view] of views) {
    if (wanted.has(key)) continue;
    view.element.remove();
    views.delete(key);
  }
  let next = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    const view = views.get(key) ?? make(item);
    views.set(key, view);
    if (view.element === next) next = next.nextElementSibling;
    else parent.insertBefore(view.element, next);
    update(view, item);
  }
}

/**
 * An element of the document that is always there.
 * @param {string} id
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`index.html has no #${id}`);
  return element;
}

/**
 * A label with its control under it.
 * @param {string} text
 * @param {HTMLElement} control
 * @param {string} [hint]
 */
export function labelled(text, control, hint = '') {
  const said = hint === '' ? [] : [h('small', {}, hint)];
  return h('label', { class: 'field' }, h('span', {}, text, ...said), control);
}

/**
 * @param {readonly (readonly [value: string, text: string])[]} choices
 * @param {Props} [props]
 */
export function select(choices, props = {}) {
  return h('select', props, ...options(choices));
}

/** @param {readonly (readonly [value: string, text: string])[]} choices */
export function options(choices) {
  return choices.map(([value, text]) => h('option', { value }, text));
}

/**
 * Changes the choices of a list. What is chosen stays so; when it is no longer among them, as one that can't be chosen again.
 * @param {HTMLSelectElement} list
 * @param {readonly (readonly [value: string, text: string])[]} choices
 */
export function setChoices(list, choices) {
  const { value } = list;
  const isGone = list.options.length > 0 && !choices.some(([each]) => each === value);
  const gone = isGone ? [h('option', { value, disabled: true }, `${value} is gone`)] : [];
  list.replaceChildren(...gone, ...options(choices));
  if (value !== '') list.value = value;
}

/**
 * What is chosen in a list though it is gone; undefined when it is there.
 * @param {HTMLSelectElement} list
 */
export function goneIn({ selectedOptions: [chosen] }) {
  return chosen?.disabled ? chosen.value : undefined;
}
