/** Shows of a URL only what can't hold a secret: not its path, query or user-info. */

import { HIDDEN } from './secret-texts.ts';

/** A host without the rest of an authority: a name, an IPv4 address or a bracketed IPv6 one, and a port. */
const HOST = /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i;

/** A host that can't be mistaken for a key: lower case, with a dot and a top-level name, or `localhost`. */
const UNMISTAKABLE_HOST =
  /^(?:localhost|(?:[a-z0-9_-]+\.)+[a-z]{2,12}|\d{1,3}(?:\.\d{1,3}){3})(?::\d{1,5})?$/;

/**
 * Scheme, host and port of a URL, without a default port: `https://eth.example`. Of text that is not a URL it
 * shows the part that must be scheme, host and port, and `***` when that could be a secret.
 * Never throws.
 */
export function maskUrl(url: URL | string): string {
  if (typeof url !== 'string') return url.host === '' ? HIDDEN : `${url.protocol}//${url.host}`;
  const [, scheme = '', slashes = '', authority = '', rest = ''] =
    /^\s*(?:([a-z]{2,6}):(?=[/\\]))?([/\\]*)([^/\\?#\s]*)(.*)$/is.exec(url) ?? [];
  const prefix = scheme === '' ? '' : `${scheme.toLowerCase()}://`;
  // With an @ further on, what looks like the host may be a user and part of a password.
  if (rest.includes('@')) return prefix + HIDDEN;
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  const certain = scheme !== '' && slashes === '//';
  return (
    prefix + ((certain ? HOST : UNMISTAKABLE_HOST).test(host) ? withoutDefaultPort(prefix, host) : HIDDEN)
  );
}

function withoutDefaultPort(prefix: string, host: string): string {
  const parsed = URL.canParse(prefix + host) ? new URL(prefix + host).host : '';
  return prefix === '' || parsed === '' ? host : parsed;
}
