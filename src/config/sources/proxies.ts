/**
 * The proxy for webhooks, by the variables that other programs read, too: HTTPS_PROXY, HTTP_PROXY and NO_PROXY. They are
 * no settings of ours: one that is wrong is a problem only where a webhook needs it.
 */

import { maskUrl } from '../../masking.ts';
import type { Proxies } from '../../notifiers/notifier.ts';
import { isUserInfoDecodable } from '../user-info.ts';

const VARIABLES = { http: 'HTTP_PROXY', https: 'HTTPS_PROXY', except: 'NO_PROXY' } as const;
type ProxyKey = keyof typeof VARIABLES;

/** What one source says of proxies. */
export type StatedProxies = ReadonlyMap<ProxyKey, StatedProxy>;

interface StatedProxy {
  readonly name: string;
  readonly source: string;
  readonly value: string;
}

/** In lower case first, as curl does; an empty value counts as not set. */
export function readProxies(
  variables: Readonly<Record<string, string | undefined>>,
  sourceOf: (variable: string) => string,
): StatedProxies {
  const stated = new Map<ProxyKey, StatedProxy>();
  // The keys of an object literal.
  for (const key of Object.keys(VARIABLES) as ProxyKey[]) {
    for (const name of [VARIABLES[key].toLowerCase(), VARIABLES[key]]) {
      const value = (variables[name] ?? '').trim();
      if (value !== '' && !stated.has(key)) stated.set(key, { name, value, source: sourceOf(name) });
    }
  }
  return stated;
}

export interface CheckedProxies {
  /** Undefined when no webhook goes through one. */
  readonly proxies: Proxies | undefined;
  readonly problems: readonly string[];
}

/**
 * The first source that states one wins.
 *
 * @param webhooks the URLs that are called
 */
export function checkProxies(
  bySource: readonly StatedProxies[],
  webhooks: readonly string[],
): CheckedProxies {
  const problems: string[] = [];
  const first = (key: ProxyKey) =>
    bySource.map((stated) => stated.get(key)).find((each) => each !== undefined);
  const proxyFor = (scheme: 'http' | 'https') => {
    const stated = first(scheme);
    if (!stated || !webhooks.some((url) => url.toLowerCase().startsWith(`${scheme}:`))) return undefined;
    const address = addressOf(stated.value);
    if (address === undefined)
      problems.push(
        `${stated.name} (${stated.source}): ${maskUrl(stated.value)} is no proxy; allowed: an http or https URL such as http://proxy.example:3128`,
      );
    return address;
  };
  const [http, https] = [proxyFor('http'), proxyFor('https')];
  const isUsed = http !== undefined || https !== undefined;
  const proxies = isUsed ? { http, https, except: first('except')?.value ?? '' } : undefined;
  return { proxies, problems };
}

/** As a URL; `proxy.example:3128` is one, too, as for curl. Undefined when it is none. */
function addressOf(value: string): string | undefined {
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`;
  if (!/^https?:\/\/[^\s]+$/i.test(text) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  return isUserInfoDecodable(url) ? url.href : undefined;
}
