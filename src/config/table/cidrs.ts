/** The value type for lists of networks and addresses. */

import { isIP } from 'node:net';
import { z } from 'zod';

/** Words for networks: this machine, and the private networks of RFC 1918 and RFC 4193. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  private: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
};

/** Networks and single addresses, separated by commas or blanks; the value has all of them as `ADDRESS/BITS`. */
export function cidrs() {
  const schema = z
    .string()
    .transform((input) => input.split(/[\s,]+/).filter((entry) => entry !== ''))
    .refine((entries) => entries.length > 0, 'names no network')
    .transform((entries, context): readonly string[] => {
      const networks = entries.flatMap((entry) => WORDS[entry.toLowerCase()] ?? networkOf(entry) ?? []);
      if (entries.every((entry) => isWord(entry) || networkOf(entry))) return [...new Set(networks)];
      context.addIssue({ code: 'custom', message: 'is no list of networks' });
      return z.NEVER;
    });
  return {
    schema,
    allowed:
      'networks such as 10.0.0.0/8 or fd00::/8, single addresses, and the words loopback and private, separated by commas',
  };
}

function isWord(entry: string): boolean {
  return Object.hasOwn(WORDS, entry.toLowerCase());
}

/** `10.0.0.0/8`, or `10.0.0.1/32` for a single address; undefined for anything else. */
function networkOf(entry: string): string | undefined {
  const [address = '', bits, ...rest] = entry.split('/');
  const version = address.includes('%') ? 0 : isIP(address);
  const maxBits = version === 4 ? 32 : 128;
  if (version === 0 || rest.length > 0) return undefined;
  if (bits === undefined) return `${address}/${maxBits}`;
  return /^\d{1,3}$/.test(bits) && Number(bits) <= maxBits ? `${address}/${Number(bits)}` : undefined;
}
