import type { UpstreamSpec } from '../upstreams/upstream.ts';
import { nearest } from './nearest.ts';
import type { WrittenUpstream } from './upstream-list.ts';

/** An upstream as a JSON object: the body of a call, or an entry of the file that keeps the lists. */

const KEYS = ['url', 'name', 'tier', 'weight', 'draining', 'host', 'ca', 'insecure'] as const;

/** How a value of JSON becomes the value of an option in a list; undefined when it can't be one. */
type ToOption = (value: unknown) => string | undefined;

const word: ToOption = (value) =>
  typeof value === 'string' && value !== '' && !/\s/.test(value) ? value : undefined;
const OPTIONS: Readonly<Record<'name' | 'weight' | 'host' | 'ca' | 'insecure', [ToOption, allowed: string]>> =
  {
    name: [word, 'up to 64 letters, digits, ".", "_" and "-"'],
    weight: [(value) => (typeof value === 'number' ? String(value) : undefined), 'a whole number'],
    host: [word, '"keep"'],
    ca: [word, 'the name of a file, without blanks'],
    insecure: [(value) => (typeof value === 'boolean' ? String(value) : undefined), 'true or false'],
  };

/**
 * Turns such an object into what a list holds, so that both are checked by the same rules. `where` names it
 * in a problem. Returns the problem when it has no such form; none shows a value.
 */
export function readServerEntry(value: unknown, where: string): WrittenUpstream | string {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return `${where}: it is no object; allowed: {"url": "https://…", …}`;
  const fields = new Map<string, unknown>(Object.entries(value));
  const unknown = [...fields.keys()].find((key) => !KEYS.some((known) => known === key));
  if (unknown !== undefined) return `${where}: ${unknownKey(unknown)}; allowed: ${KEYS.join(', ')}`;
  const url = word(fields.get('url'));
  if (url === undefined) return `${where}: "url" is no URL; allowed: a text without blanks`;
  const tier = fields.get('tier') ?? 'primary';
  if (tier !== 'primary' && tier !== 'fallback')
    return `${where}: "tier" is not allowed; allowed: "primary" or "fallback"`;
  const draining = fields.get('draining') ?? false;
  if (typeof draining !== 'boolean') return `${where}: "draining" is not allowed; allowed: true or false`;
  const words = [url];
  for (const [key, [toOption, allowed]] of Object.entries(OPTIONS)) {
    if (!fields.has(key)) continue;
    const option = toOption(fields.get(key));
    if (option === undefined) return `${where}: "${key}" is not allowed; allowed: ${allowed}`;
    words.push(`${key}=${option}`);
  }
  return { text: words.join(' '), tier, where, ...(draining ? { draining } : {}) };
}

/** What has another form than a key may be a value that slipped in. */
function unknownKey(key: string): string {
  if (!/^[A-Za-z]\w{0,20}$/.test(key)) return 'it has an unknown key';
  const meant = nearest(key, KEYS);
  return `it has an unknown key "${key}"${meant === undefined ? '' : ` (${meant}?)`}`;
}

/** The object of which `readServerEntry` makes this upstream again. It holds the URL with its secrets. */
export function toServerEntry(spec: UpstreamSpec): Readonly<Record<string, unknown>> {
  const { url, name, tier, weight, draining, keepsHost, ca, insecure } = spec;
  return {
    url: url.href,
    name,
    tier,
    weight,
    ...(draining ? { draining } : {}),
    ...(keepsHost ? { host: 'keep' } : {}),
    ...(ca ? { ca: ca.file } : {}),
    ...(insecure ? { insecure } : {}),
  };
}
