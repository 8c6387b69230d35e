/** Checks the names of upstreams, and derives one from the URL if none is given. */

import { refusedValue } from './upstream-option.ts';

/** Names appear in headers, metrics, paths of the admin port and messages. */
const MAX_NAME_LENGTH = 64;

/**
 * Why a text can't be the name of the upstream with this URL; undefined when it can. The colon of a port and the
 * brackets of an IPv6 address are only allowed in a name that could be derived from the URL: persisted lists hold such.
 */
export function nameProblem(name: string, url: URL | undefined): string | undefined {
  if (name.length > MAX_NAME_LENGTH)
    return `has a name of ${name.length} characters; allowed: up to ${MAX_NAME_LENGTH}`;
  const isName = /^[A-Za-z0-9._-]+$/.test(name) && /[A-Za-z0-9]/.test(name);
  if (isName || (url && isFromUrl(url, name))) return undefined;
  return refusedValue('name', name, 'letters, digits, ".", "_" and "-", at least one letter or digit');
}

/** Host and port as the URL has them, `localhost:8545`, `eth.example`, `[::1]:8545`; with `-2` and so on if that is taken. */
export class UniqueNames {
  readonly #taken: Set<string>;
  /** By host: all smaller numbers are taken. */
  readonly #numbers = new Map<string, number>();

  constructor(taken: Iterable<string>) {
    this.#taken = new Set(taken);
  }

  take(url: URL): string {
    let number = this.#numbers.get(url.host) ?? 1;
    while (this.#taken.has(nameFromUrl(url, number))) number += 1;
    const name = nameFromUrl(url, number);
    this.#taken.add(name);
    this.#numbers.set(url.host, number + 1);
    return name;
  }
}

function isFromUrl(url: URL, name: string): boolean {
  const number = Number(/-(\d{1,4})$/.exec(name)?.[1] ?? 1);
  return name === nameFromUrl(url, 1) || (number > 1 && name === nameFromUrl(url, number));
}

/** Number 1 is the host and port alone. */
function nameFromUrl({ host }: URL, number: number): string {
  const end = number === 1 ? '' : `-${number}`;
  return host.slice(0, MAX_NAME_LENGTH - end.length) + end;
}
