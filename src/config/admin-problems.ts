import { isIP } from 'node:net';
import { type Found, shownValue } from './layer.ts';
import { isLoopback } from './loopback.ts';
import { type Key, type Setting, schema } from './settings.ts';

type Settings = ReadonlyMap<Key, Found>;

/** The listeners that may not share a port with the admin listener. */
const OTHERS = [
  { key: 'port', name: 'PORT' },
  { key: 'httpRedirectPort', name: 'HTTP_REDIRECT_PORT' },
] as const satisfies readonly { key: Key; name: Setting['name'] }[];

/** What keeps the admin port from being opened as asked for. */
export function adminProblems(found: Settings): string[] {
  const port = schema.shape.adminPort.safeParse(found.get('adminPort')?.raw);
  const host = schema.shape.adminHost.safeParse(found.get('adminHost')?.raw);
  if (!port.success || port.data === undefined || !host.success) return [];
  return [...openProblems(found, host.data), ...portProblems(found, port.data, host.data)];
}

function openProblems(found: Settings, host: string): string[] {
  if (isLoopback(host) || found.has('adminToken')) return [];
  const shown = shownValue(found.get('adminHost')?.raw ?? '', false);
  return [
    `ADMIN_HOST (${found.get('adminHost')?.source}): ${shown} can be reached from elsewhere and there is no ADMIN_TOKEN; allowed: a loopback address such as 127.0.0.1, or any with ADMIN_TOKEN`,
  ];
}

function portProblems(found: Settings, port: number, adminHost: string): string[] {
  const host = schema.shape.host.safeParse(found.get('host')?.raw);
  if (port === 0 || !host.success || !overlap(host.data, adminHost)) return [];
  return OTHERS.flatMap(({ key, name }) => {
    const other = schema.shape[key].safeParse(found.get(key)?.raw);
    if (!other.success || other.data !== port) return [];
    return [
      `ADMIN_PORT (${found.get('adminPort')?.source}): ${shownValue(String(port), false)} is ${name}; allowed: another port, or off`,
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
