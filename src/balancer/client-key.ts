/** Tells clients apart, so that one can't take another's share. */

import type { Origin } from '../http/request-headers.ts';

/** The client's address, or with IPv6 its first 64 bits: one subscriber gets a network of that size (RFC 6177). */
export function clientKey({ address }: Pick<Origin, 'address'>): string {
  if (!address.includes(':')) return address;
  const [before = '', after] = address.split('::');
  const groups = before === '' ? [] : before.split(':');
  if (after !== undefined) {
    const last = after === '' ? [] : after.split(':');
    while (groups.length + last.length < 8) groups.push('0');
    groups.push(...last);
  }
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
