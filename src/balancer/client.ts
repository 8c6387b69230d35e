import type { Origin } from '../http/request-headers.ts';

/**
 * What tells clients apart where one must not take another's share: the address, of IPv6 its first 64 bits, since
 * a network of that size is what one subscriber gets (RFC 6177).
 */
export function clientOf({ address }: Pick<Origin, 'address'>): string {
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
