/** Finds what prevents the admin port from being opened as configured. */

import { isIP } from 'node:net';
import { isLoopback } from '../loopback.ts';
import { shownValue } from '../secrecy.ts';
import type { Key, Setting } from '../table/settings.ts';
import type { CheckedSettings } from '../values.ts';

type Settings = Pick<CheckedSettings, 'raw' | 'values'>;

/** The listeners that must not share a port with the admin listener. */
const OTHER_LISTENERS = [
  { key: 'port', name: 'PORT' },
  { key: 'httpRedirectPort', name: 'HTTP_REDIRECT_PORT' },
] as const satisfies readonly { key: Key; name: Setting['name'] }[];

export function adminProblems({ raw, values }: Settings): string[] {
  const { adminPort, adminHost } = values;
  if (adminPort === undefined || adminHost === undefined) return [];
  return [...openProblems(raw, adminHost), ...portProblems({ raw, values }, adminPort, adminHost)];
}

function openProblems(raw: CheckedSettings['raw'], host: string): string[] {
  if (isLoopback(host) || raw.has('adminToken')) return [];
  const shown = shownValue(raw.get('adminHost')?.value ?? '');
  return [
    `ADMIN_HOST (${raw.get('adminHost')?.source}): ${shown} can be reached from elsewhere and there is no ADMIN_TOKEN; allowed: a loopback address such as 127.0.0.1, or any with ADMIN_TOKEN`,
  ];
}

function portProblems({ raw, values }: Settings, port: number, adminHost: string): string[] {
  if (port === 0 || values.host === undefined || !overlap(values.host, adminHost)) return [];
  return OTHER_LISTENERS.flatMap(({ key, name }) => {
    if (values[key] !== port) return [];
    return [
      `ADMIN_PORT (${raw.get('adminPort')?.source}): ${shownValue(String(port))} is ${name}; allowed: another port, or off`,
    ];
  });
}

/** Whether one port can't be listened on at both hosts. Names other than localhost are left to the system. */
function overlap(one: string, other: string): boolean {
  if (one === other || covers(one, other) || covers(other, one)) return true;
  return isLoopback(one) && isLoopback(other) && (isIP(one) === 0 || isIP(other) === 0);
}

function covers(wildcard: string, host: string): boolean {
  if (wildcard === '0.0.0.0') return isIP(host) !== 6;
  return isIP(wildcard) === 6 && /^[0:]+$/.test(wildcard);
}
