/** What an upstream may be called, and the name that is made of its URL where none is given. */

/** They stand in header lines, metrics, paths of the admin port and messages. */
const MAX_NAME_LENGTH = 64;

/**
 * Says why a text can't be the name of the upstream with this URL; undefined when it can. The colon of a port and the
 * brackets of an IPv6 address stand only in a name that could have been made of the URL: kept lists hold those.
 */
export function whatIsWrongWithName(name: string, url: URL | undefined): string | undefined {
  if (name.length > MAX_NAME_LENGTH)
    return `has a name of ${name.length} characters; allowed: up to ${MAX_NAME_LENGTH}`;
  const isName = /^[A-Za-z0-9._-]+$/.test(name) && /[A-Za-z0-9]/.test(name);
  if (isName || (url && isMadeOf(url, name))) return undefined;
  return 'has a name that is not allowed; allowed: letters, digits, ".", "_" and "-", at least one letter or digit';
}

/** Host and port as the URL has them, `localhost:8545`, `eth.example`, `[::1]:8545`; with `-2` and so on when it is taken. */
export function freeName(url: URL, taken: ReadonlySet<string>): string {
  let name = madeName(url, 1);
  for (let number = 2; taken.has(name); number++) name = madeName(url, number);
  return name;
}

function isMadeOf(url: URL, name: string): boolean {
  const number = Number(/-(\d{1,4})$/.exec(name)?.[1] ?? 1);
  return name === madeName(url, 1) || (number > 1 && name === madeName(url, number));
}

/** The first one is the host and port alone. */
function madeName({ host }: URL, number: number): string {
  const end = number === 1 ? '' : `-${number}`;
  return host.slice(0, MAX_NAME_LENGTH - end.length) + end;
}
