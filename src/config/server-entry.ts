import type { UpstreamSpec } from '../upstreams/upstream.ts';
import { nearest } from './nearest.ts';
import type { WrittenUpstream } from './upstream-list.ts';
import type { JsonForm, UpstreamOption } from './upstream-option.ts';
import { OPTION_NAMES, UPSTREAM_OPTIONS } from './upstream-options.ts';

/** An upstream as a JSON object: the body of a call, or an entry of the file that keeps the lists. */

const KEYS = ['url', 'tier', 'draining', ...OPTION_NAMES];

/** How values of JSON become what stands behind the `=` in a list; undefined for what can't stand there. */
const TEXTS: Readonly<Record<JsonForm, (value: unknown) => string | undefined>> = {
  text: (value) => (typeof value === 'string' && value !== '' && !/\s/.test(value) ? value : undefined),
  number: (value) => (typeof value === 'number' ? String(value) : undefined),
  boolean: (value) => (typeof value === 'boolean' ? String(value) : undefined),
};

/**
 * Turns such an object into what a list holds, so that both are checked by the same rules. `where` names it
 * in a problem. Returns the problem when it has no such form; none shows a value.
 */
export function readServerEntry(value: unknown, where: string): WrittenUpstream | string {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return `${where}: it is no object; allowed: {"url": "https://…", …}`;
  const fields = new Map<string, unknown>(Object.entries(value));
  const unknown = [...fields.keys()].find((key) => !KEYS.includes(key));
  if (unknown !== undefined) return `${where}: ${unknownKey(unknown)}; allowed: ${KEYS.join(', ')}`;
  const url = TEXTS.text(fields.get('url'));
  if (url === undefined) return `${where}: "url" is no URL; allowed: a text without blanks`;
  const tier = fields.get('tier') ?? 'primary';
  if (tier !== 'primary' && tier !== 'fallback')
    return `${where}: "tier" is not allowed; allowed: "primary" or "fallback"`;
  const draining = fields.get('draining') ?? false;
  if (typeof draining !== 'boolean') return `${where}: "draining" is not allowed; allowed: true or false`;
  const words = [url];
  for (const option of UPSTREAM_OPTIONS) {
    const { name, allowed } = option;
    if (!fields.has(name)) continue;
    const texts = textsOf(option, fields.get(name));
    if (!texts) return `${where}: "${name}" is not allowed; allowed: ${allowed}`;
    words.push(...texts.map((text) => `${name}=${text}`));
  }
  return { text: words.join(' '), tier, where, ...(draining ? { draining } : {}) };
}

/** Undefined where it is not allowed. */
function textsOf({ json, repeatable }: UpstreamOption, value: unknown): string[] | undefined {
  const values: unknown[] = repeatable && Array.isArray(value) ? value : [value];
  const texts = values.map(TEXTS[json]).filter((text) => text !== undefined);
  return texts.length === values.length ? texts : undefined;
}

/** What has another form than a key may be a value that slipped in. */
function unknownKey(key: string): string {
  if (!/^[A-Za-z]\w{0,20}$/.test(key)) return 'it has an unknown key';
  const meant = nearest(key, KEYS);
  return `it has an unknown key "${key}"${meant === undefined ? '' : ` (${meant}?)`}`;
}

/** The object of which `readServerEntry` makes this upstream again. It holds the URL with its secrets. */
export function toServerEntry(spec: UpstreamSpec): Readonly<Record<string, unknown>> {
  const { url, tier, draining } = spec;
  const options = UPSTREAM_OPTIONS.flatMap(({ name, repeatable, written }) => {
    const values = written(spec);
    return values.length === 0 ? [] : [[name, repeatable ? values : values[0]] as const];
  });
  return { url: url.href, tier, ...Object.fromEntries(options), ...(draining ? { draining } : {}) };
}
