/** Reads API_KEYS: `NAME:KEY rps=50 methods=eth_*,net_*` for each client. */

import { z } from 'zod';
import type { ApiKey } from '../clients/client.ts';
import { MAX_KEY_LENGTH } from '../clients/known-keys.ts';
import { OWN_PATHS } from '../http/target.ts';
import { HIDDEN, secretForms } from '../secret-texts.ts';
import { closestName } from './closest-name.ts';
import { hasManyDigits } from './secrecy.ts';
import { MAX_CLIENT_RPS, METHOD_PATTERN } from './table/client-values.ts';

const NAME = /^[\w.-]{1,64}$/;
/** What stands in a path, in a header line and in a login as it is. */
const KEY = /^(?!\.{1,2}$)[\w.~!$&()*+;=:@-]+$/;
/** A shorter key can be guessed by trying. */
const SAFE_LENGTH = 16;

/**
 * A comma without a blank goes on with the list of methods before it, unless a name and a colon follow: no method has a
 * colon.
 */
const SEPARATOR = /,(?=\s|,|[\w.-]*:|$)/;

export function apiKeys() {
  const schema = z.string().transform((text, context): readonly ApiKey[] => {
    const entries = text
      .split(SEPARATOR)
      .map((entry) => entry.trim())
      .filter((entry) => entry !== '');
    const problems: string[] = entries.length === 0 ? ['names no key'] : [];
    // Not with its name, in whose place somebody may have put the key.
    const keys = entries.map((entry, index) =>
      readEntry(entry, (problem) => problems.push(`entry ${index + 1} ${problem}`)),
    );
    problems.push(...repeated(keys));
    if (problems.length > 0) context.addIssue({ code: 'custom', message: problems.join('; ') });
    return keys;
  });
  return {
    schema,
    allowed:
      'NAME:KEY separated by commas, each followed by its options (rps=50, methods=eth_*,net_*), separated by spaces; names and keys are unique',
  };
}

/** No problem shows what may be a key, or a piece of one. */
function readEntry(entry: string, report: (problem: string) => void): ApiKey {
  const [login = '', ...options] = entry.split(/\s+/);
  const colon = login.indexOf(':');
  const name = login.slice(0, Math.max(0, colon));
  const key = login.slice(colon + 1);
  if (colon < 0)
    report('has no colon between name and key (within methods=, commas have no blank after them)');
  else if (!NAME.test(name))
    report('has a name with other signs than up to 64 letters, digits, ".", "_" and "-"');
  else if (!KEY.test(key) || key.length > MAX_KEY_LENGTH)
    report(`has a key with other signs than up to ${MAX_KEY_LENGTH} letters, digits and -._~!$&()*+;=:@`);
  else if (OWN_PATHS.includes(key)) report('has a key that is a path of its own');
  let rps: number | undefined;
  const methods: string[] = [];
  for (const option of options) {
    const [, kind = '', value = ''] = /^(rps|methods)=(.*)$/.exec(option) ?? [];
    if (kind === 'rps' && rps === undefined && isRate(value)) rps = Number(value);
    else if (kind === 'methods' && value.split(',').every((method) => METHOD_PATTERN.test(method)))
      methods.push(...value.split(','));
    else if (kind === '') report(`has something after its key that is no option${optionHint(option)}`);
    else
      report(
        kind === 'rps'
          ? `has an rps= that is no whole number from 1 to ${MAX_CLIENT_RPS}, or more than one`
          : 'has no names in methods=',
      );
  }
  return { name, key, rps, methods: methods.length > 0 ? methods : undefined };
}

function optionHint(option: string): string {
  const closest = closestName(/^([a-z]{1,10})=/.exec(option)?.[1] ?? '', ['rps', 'methods']);
  return closest === undefined ? '' : ` (${closest}=?)`;
}

function isRate(text: string): boolean {
  return /^\d{1,7}$/.test(text) && Number(text) >= 1 && Number(text) <= MAX_CLIENT_RPS;
}

function repeated(keys: readonly ApiKey[]): string[] {
  const problems: string[] = [];
  if (new Set(keys.map(({ name }) => name)).size < keys.length)
    problems.push('two entries have the same name');
  if (new Set(keys.map(({ key }) => key)).size < keys.length) problems.push('two entries have the same key');
  return problems;
}

/** The keys as they may be shown. */
export function shownKeys(keys: readonly ApiKey[]): string {
  return keys
    .map(({ name, rps, methods }) => {
      const limit = rps === undefined ? '' : ` rps=${rps}`;
      return `${name}:${HIDDEN}${limit}${methods ? ` methods=${methods.map(shownMethod).join()}` : ''}`;
    })
    .join(', ');
}

/** A pattern with many digits may be a key whose name was forgotten. */
function shownMethod(pattern: string): string {
  return hasManyDigits(pattern) ? HIDDEN : pattern;
}

export function secretsOfKeys(keys: readonly ApiKey[]): string[] {
  return keys.flatMap(({ key }) => secretForms(key));
}

/** What operators should know of keys that are allowed. Not by their names, in whose place somebody may have put a key. */
export function keyWarnings(keys: readonly ApiKey[]): string[] {
  const short = keys.flatMap(({ key }, index) => (key.length < SAFE_LENGTH ? [index + 1] : []));
  if (short.length === 0) return [];
  return [
    `API_KEYS: keys with fewer than ${SAFE_LENGTH} characters can be guessed: entry ${short.join(', ')}`,
  ];
}
