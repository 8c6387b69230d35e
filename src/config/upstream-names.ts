/** What an upstream may be called, and the name that is made of its URL where none is given. */

/** They stand in header lines, metrics, paths of the admin port and messages. */
const MAX_NAME_LENGTH = 64;

/** Says why a text can't be a name; undefined when it can. */
export function whatIsWrongWithName(name: string): string | undefined {
  if (name.length > MAX_NAME_LENGTH)
    return `has a name of ${name.length} characters; allowed: up to ${MAX_NAME_LENGTH}`;
  const isName = /^[A-Za-z0-9._-]+$/.test(name) && /[A-Za-z0-9]/.test(name);
  return isName
    ? undefined
    : 'has a name that is not allowed; allowed: letters, digits, ".", "_" and "-", at least one letter or digit';
}

/** `eth.example`, `127.0.0.1-8545` (a default port is left out), `0-1-8545` for `[::1]:8545`; `-2` and so on when it is taken. */
export function freeName(url: URL, taken: ReadonlySet<string>): string {
  const wanted = hostOf(url);
  let name = wanted.slice(0, MAX_NAME_LENGTH);
  for (let number = 2; taken.has(name); number++)
    name = `${wanted.slice(0, MAX_NAME_LENGTH - 1 - String(number).length)}-${number}`;
  return name;
}

function hostOf(url: URL): string {
  const host = url.hostname
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/^::/, '0::')
    .replace(/::$/, '::0')
    .replaceAll(/:+/g, '-');
  return url.port === '' ? host : `${host}-${url.port}`;
}
