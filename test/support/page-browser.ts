import { get, type IncomingMessage } from 'node:http';
import { createContext, runInContext } from 'node:vm';
import { releaseAfterwards } from './leftovers.ts';

/** As much of an element as the live page uses. Text is text: nothing is ever parsed. */
export class PageElement {
  readonly tag: string;
  readonly children: (PageElement | string)[] = [];
  readonly #listeners: (() => void)[] = [];
  className = '';
  hidden = false;
  type = '';

  constructor(tag: string) {
    this.tag = tag;
  }

  get textContent(): string {
    return this.children.map((child) => (typeof child === 'string' ? child : child.textContent)).join(' ');
  }

  set textContent(text: string) {
    this.replaceChildren(...(text === '' ? [] : [text]));
  }

  get childElementCount(): number {
    return this.children.length;
  }

  append(...children: (PageElement | string)[]): void {
    this.children.push(...children);
  }

  prepend(child: PageElement): void {
    this.children.unshift(child);
  }

  replaceChildren(...children: (PageElement | string)[]): void {
    this.children.splice(0, this.children.length, ...children);
  }

  addEventListener(_: 'click', listener: () => void): void {
    this.#listeners.push(listener);
  }

  click(): void {
    for (const listener of this.#listeners) listener();
  }

  /** All elements of a tag within this one. */
  all(tag: string): PageElement[] {
    const inner = this.children.flatMap((child) => (typeof child === 'string' ? [] : child.all(tag)));
    return this.tag === tag ? [this, ...inner] : inner;
  }
}

/** The live page's script, run with this address as the page's. */
export class PageBrowser {
  readonly #elements = new Map<string, PageElement>();

  constructor(url: string, script: string) {
    const { fetch, performance, setTimeout } = globalThis;
    const open = (path: string) => new Events(`${url}/${path}`);
    const context = createContext({
      document: {
        hidden: false,
        getElementById: (id: string) => this.at(id),
        createElement: (tag: string) => new PageElement(tag),
      },
      fetch: (path: string, options: RequestInit) => fetch(`${url}/${path}`, options),
      // `new EventSource(path)` gives what the constructor returns.
      EventSource: function EventSource(path: string) {
        return open(path);
      },
      // The next look comes soon, so that a test does not wait for it.
      setTimeout: (run: () => void) => setTimeout(run, 20).unref(),
      performance,
    });
    runInContext(script, context);
  }

  at(id: string): PageElement {
    const known = this.#elements.get(id) ?? new PageElement(id);
    this.#elements.set(id, known);
    return known;
  }
}

/** As much of an EventSource as the page uses. It does not connect anew. */
class Events {
  readonly #listeners = new Map<string, (event: { type: string; data: string }) => void>();

  constructor(url: string) {
    const request = get(url, (response) => this.#read(response)).on('error', () => {});
    releaseAfterwards(() => request.destroy());
  }

  addEventListener(type: string, listener: (event: { type: string; data: string }) => void): void {
    this.#listeners.set(type, listener);
  }

  #read(response: IncomingMessage): void {
    let text = '';
    response.setEncoding('utf8').on('error', () => {});
    response.on('data', (chunk: string) => {
      text += chunk;
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const [, type = '', data = ''] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? [];
        this.#listeners.get(type)?.({ type, data });
      }
    });
  }
}
