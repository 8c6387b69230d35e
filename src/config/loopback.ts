/** Tells which hosts only this machine can reach. */

import { isIPv4, isIPv6 } from 'node:net';

/**
 * Whether only this machine can reach a listener on this host: `localhost`, 127.0.0.0/8 or `::1`, an IPv6 address
 * without its brackets. False for any other name, whatever it resolves to: others decide that.
 */
export function isLoopback(host: string): boolean {
  if (host.toLowerCase() === 'localhost') return true;
  if (isIPv4(host)) return host.startsWith('127.');
  // With a zone it is another address than ::1.
  return isIPv6(host) && !host.includes('%') && new URL(`http://[${host}]`).hostname === '[::1]';
}
