/** An upstream as a JSON object: the body of a call, or an entry in the file that keeps the lists. */

import { DEFAULT_POOL } from '../../events.ts';
import { HIDDEN } from '../../secret-texts.ts';
import type { UpstreamSpec } from '../../upstreams/upstream.ts';
import { closestName } from '../closest-name.ts';
import { shownJson } from '../secrecy.ts';
import type { UpstreamEntry } from './upstream-list.ts';
import type { JsonForm, UpstreamOption } from './upstream-option.ts';
import { OPTION_NAMES, UPSTREAM_OPTIONS } from './upstream-options.ts';

const KEYS = ['url', 'pool', 'tier', 'draining', ...OPTION_NAMES];

/** Converts a JSON value to the text after the `=` in a list; undefined for what can't be there. */
const TO_TEXT: Readonly<Record<JsonForm, (value: unknown) => string | undefined>> = {
  text: (value) => (typeof value === 'string' && value !== '' && !/\s/.test(value) ? value : undefined),
  number: (value) => (typeof value === 'number' ? String(value) : undefined),
  boolean: (value) => (typeof value === 'boolean' ? String(value) : undefined),
};

/**
 * Converts such an object to an entry of a list, so that both are checked by the same rules. `where` names it in a
 * problem. Returns a problem, which shows no value that may be secret, for anything else.
 */
export function readServerEntry(value: unknown, where: string): UpstreamEntry | string {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return `${where}: it is no object; allowed: {"url": "https://…", …}`;
  const fields = new Map<string, unknown>(Object.entries(value));
  const unknown = [...fields.keys()].find((key) => !KEYS.includes(key));
  if (unknown !== undefined) return `${where}: ${unknownKey(unknown)}; allowed: ${KEYS.join(', ')}`;
  const url = TO_TEXT.text(fields.get('url'));
  if (url === undefined) return `${where}: "url" is no URL; allowed: a text without blanks`;
  const pool = fields.get('pool');
  if (pool !== undefined && (typeof pool !== 'string' || pool === ''))
    return `${where}: "pool": ${shownJson(pool)} is not allowed; allowed: the name of a pool`;
  const tier = fields.get('tier') ?? 'primary';
  if (tier !== 'primary' && tier !== 'fallback')
    return `${where}: "tier": ${shownJson(tier)} is not allowed; allowed: "primary" or "fallback"`;
  const draining = fields.get('draining') ?? false;
  if (typeof draining !== 'boolean')
    return `${where}: "draining": ${shownJson(draining)} is not allowed; allowed: true or false`;
  const words = [url];
  for (const option of UPSTREAM_OPTIONS) {
    const { name, allowed } = option;
    if (!fields.has(name)) continue;
    const given = fields.get(name);
    const texts = textsOf(option, given);
    const isQuoted = typeof given === 'string' && option.json !== 'text';
    const value = option.mask ? HIDDEN : shownJson(given);
    if (!texts)
      return `${where}: "${name}": ${value} is not allowed${isQuoted ? ' as a text' : ''}; allowed: ${allowed}${isQuoted ? ', without quotes' : ''}`;
    words.push(...texts.map((text) => `${name}=${text}`));
  }
  return {
    text: words.join(' '),
    tier,
    where,
    ...(pool === undefined || pool === DEFAULT_POOL ? {} : { pool }),
    ...(draining ? { draining } : {}),
  };
}

/** Undefined when the value is not allowed. */
function textsOf({ json, repeatable }: UpstreamOption, value: unknown): string[] | undefined {
  const values: unknown[] = repeatable && Array.isArray(value) ? value : [value];
  const texts = values.map(TO_TEXT[json]).filter((text) => text !== undefined);
  return texts.length === values.length ? texts : undefined;
}

/** What does not look like a key may be a value in the wrong place. */
function unknownKey(key: string): string {
  if (!/^[A-Za-z]\w{0,20}$/.test(key)) return 'it has an unknown key';
  const closest = closestName(key, KEYS);
  return `it has an unknown key "${key}"${closest === undefined ? '' : ` (${closest}?)`}`;
}

/** The object that `readServerEntry` turns into this upstream again. It holds the URL with its secrets. */
export function toServerEntry(spec: UpstreamSpec): Readonly<Record<string, unknown>> {
  const { url, pool, tier, draining } = spec;
  const options = UPSTREAM_OPTIONS.flatMap(({ name, repeatable, write }) => {
    const values = write(spec);
    return values.length === 0 ? [] : [[name, repeatable ? values : values[0]] as const];
  });
  return {
    url: url.href,
    ...(pool === undefined ? {} : { pool }),
    tier,
    ...Object.fromEntries(options),
    ...(draining ? { draining } : {}),
  };
}

/** All that was said of an upstream as a text, to compare it with another; holds secrets. */
export function statementOf(spec: UpstreamSpec): string {
  return JSON.stringify([toServerEntry(spec), spec.ca?.pem]);
}
