import { isIP } from 'node:net';
import { shownValue } from './layer.ts';
import { isLoopback } from './loopback.ts';
import type { Key, Setting } from './settings.ts';
import type { Checked } from './values.ts';

type Settings = Pick<Checked, 'found' | 'values'>;

/** The listeners that may not share a port with the admin listener. */
const OTHERS = [
  { key: 'port', name: 'PORT' },
  { key: 'httpRedirectPort', name: 'HTTP_REDIRECT_PORT' },
] as const satisfies readonly { key: Key; name: Setting['name'] }[];

/** What keeps the admin port from being opened as asked for. */
export function adminProblems({ found, values }: Settings): string[] {
  const { adminPort, adminHost } = values;
  if (adminPort === undefined || adminHost === undefined) return [];
  return [...openProblems(found, adminHost), ...portProblems({ found, values }, adminPort, adminHost)];
}

function openProblems(found: Checked['found'], host: string): string[] {
  if (isLoopback(host) || found.has('adminToken')) return [];
  const shown = shownValue(found.get('adminHost')?.raw ?? '');
  return [
    `ADMIN_HOST (${found.get('adminHost')?.source}): ${shown} can be reached from elsewhere and there is no ADMIN_TOKEN; allowed: a loopback address such as 127.0.0.1, or any with ADMIN_TOKEN`,
  ];
}

function portProblems({ found, values }: Settings, port: number, adminHost: string): string[] {
  if (port === 0 || values.host === undefined || !overlap(values.host, adminHost)) return [];
  return OTHERS.flatMap(({ key, name }) => {
    if (values[key] !== port) return [];
    return [
      `ADMIN_PORT (${found.get('adminPort')?.source}): ${shownValue(String(port))} is ${name}; allowed: another port, or off`,
    ];
  });
}

/** Whether one port can't be listened on at both hosts. Of names other than localhost only the system knows. */
function overlap(one: string, other: string): boolean {
  if (one === other || covers(one, other) || covers(other, one)) return true;
  return isLoopback(one) && isLoopback(other) && (isIP(one) === 0 || isIP(other) === 0);
}

function covers(every: string, host: string): boolean {
  if (every === '0.0.0.0') return isIP(host) !== 6;
  return isIP(every) === 6 && /^[0:]+$/.test(every);
}
