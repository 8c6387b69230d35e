/** The authority of a URL or a Host line: a registered name, an IPv4 or a bracketed IPv6 address, and a port. */

/** Names and addresses as they are written in practice. */
const COMMON = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?$/i;
/** All that RFC 3986, section 3.2.2, allows without a user-info, including an empty name. */
const ALLOWED = /^(?:\[[0-9a-f:.]+\]|[\w.~!$&'()*+,;=%-]*)(?::\d{0,5})?$/i;

export interface Authority {
  /** With the brackets of an IPv6 address. */
  readonly host: string;
  readonly port: string | undefined;
}

/** Reads an authority of the common form; undefined for anything else. */
export function readAuthority(text: string): Authority | undefined {
  const [, host, port] = COMMON.exec(text) ?? [];
  return host === undefined ? undefined : { host, port };
}

/** Whether a client may name this as the host of its request. */
export function isAllowedAuthority(text: string): boolean {
  return ALLOWED.test(text);
}
