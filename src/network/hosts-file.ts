/** The system's file of host names and addresses (hosts(5)), read again when it has changed. */

import { readFileSync, statSync } from 'node:fs';
import { isIP } from 'node:net';

export class HostsFile {
  readonly #file: string;
  #version = '';
  #addresses: ReadonlyMap<string, readonly string[]> = new Map();

  constructor(file: string) {
    this.#file = file;
  }

  /**
   * The addresses of a name in lower case, in the file's order; none when the file does not have it, or there is no
   * file. Throws the system's error when the file exists but can't be read, as when descriptors run out.
   */
  find(name: string): readonly string[] {
    const stats = statSync(this.#file, { throwIfNoEntry: false });
    const version = stats ? `${stats.mtimeMs} ${stats.size} ${stats.ino}` : '';
    if (version !== this.#version) {
      this.#addresses = stats ? parseHosts(readFileSync(this.#file, 'utf8')) : new Map();
      this.#version = version;
    }
    return this.#addresses.get(name) ?? [];
  }
}

/** `ADDRESS NAME ALIAS…` on each line, `#` starts a comment. */
export function parseHosts(text: string): Map<string, string[]> {
  const addresses = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address = '', ...names] = (line.split('#')[0] ?? '').trim().split(/\s+/);
    if (isIP(address) === 0) continue;
    for (const name of names.map((each) => each.toLowerCase())) {
      const known = addresses.get(name);
      if (!known) addresses.set(name, [address]);
      else if (!known.includes(address)) known.push(address);
    }
  }
  return addresses;
}
