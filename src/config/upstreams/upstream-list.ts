/** Reads lists of upstreams: `URL option=value …`, in which names are unique, and the URLs of each pool. */

import type { Tier } from '../../events.ts';
import { maskUrl } from '../../masking.ts';
import type { BudgetSpec } from '../../pacing/budget.ts';
import type { UpstreamSpec } from '../../upstreams/upstream.ts';
import { closestName } from '../closest-name.ts';
import { isUserInfoDecodable } from '../user-info.ts';
import { UniqueNames } from './upstream-names.ts';
import type { OptionContext, OptionPart } from './upstream-option.ts';
import { OPTION_NAMES, UPSTREAM_OPTIONS } from './upstream-options.ts';

/** Most servers refuse longer URLs: together with a client's target they must fit into a request line. */
const MAX_URL_LENGTH = 4096;

/** One entry of a list, not read yet. */
export interface UpstreamEntry {
  readonly text: string;
  readonly tier: Tier;
  /** Undefined for the pool without a path. */
  readonly pool?: string;
  /** It starts out of service. */
  readonly draining?: true;
  /** Names the entry in a problem: the setting, where it was set, and which entry of it. */
  readonly where: string;
}

interface ParsedEntry extends Omit<UpstreamSpec, 'name'> {
  readonly where: string;
  /** Undefined when the name is to be derived from the URL. */
  readonly name: string | undefined;
}

/**
 * Reads every entry of both lists. Problems show no more of a URL than scheme, host and port. Files are looked up in
 * `folder`, and not read without one. A name that is derived from a URL is none of `taken`; `others` are there already.
 */
export function readUpstreams(
  entries: readonly UpstreamEntry[],
  folder: string | undefined,
  taken: readonly string[] = [],
  others: readonly BudgetSpec[] = [],
): {
  readonly upstreams: readonly UpstreamSpec[];
  readonly problems: readonly string[];
} {
  const problems: string[] = [];
  const parsed = entries.flatMap((entry) => {
    const report = (problem: string) => problems.push(`${entry.where}: ${problem}`);
    const upstream = parseEntry(entry, folder, report);
    return upstream ? [upstream] : [];
  });
  problems.push(...duplicateProblems(parsed), ...ceilingProblems(parsed, others));
  return { upstreams: withNames(parsed, taken), problems };
}

function parseEntry(
  entry: UpstreamEntry,
  folder: string | undefined,
  report: (problem: string) => void,
): ParsedEntry | undefined {
  const [address = '', ...words] = entry.text.split(/\s+/);
  const stray = strayOption(address);
  if (stray !== undefined) {
    report(stray);
    return undefined;
  }
  const about = (problem: string) => report(`${maskUrl(address)} ${problem}`);
  const problem = urlProblem(address);
  const url = problem === undefined ? new URL(address) : undefined;
  const options = readWords(words, about);
  const parts = readOptions(options, { url, given: new Set(options.keys()), folder, report: about });
  if (problem !== undefined) about(problem);
  if (!url) return undefined;
  const { where, tier, pool, draining } = entry;
  const given = { ...(pool === undefined ? {} : { pool }), ...(draining ? { draining } : {}) };
  return { where, tier, url, name: undefined, weight: 1, ...given, ...parts };
}

/**
 * The problem of an entry that is an option of the URL before it, cut off by a comma; undefined for any other. It may be a
 * piece of a query: its value is not shown.
 */
function strayOption(address: string): string | undefined {
  const [, given = ''] = /^([a-z_-]{1,16})=/i.exec(address) ?? [];
  const name = OPTION_NAMES.includes(given) ? given : closestName(given, OPTION_NAMES);
  if (name === undefined) return undefined;
  return `${given}=… is no URL but an option; allowed: a space between a URL and its options (URL ${name}=…), a comma between two upstreams only, %2C for one in a URL`;
}

/** Why a text can't be an upstream's URL; undefined when it can. */
function urlProblem(address: string): string | undefined {
  if (address.length > MAX_URL_LENGTH)
    return `has more than ${MAX_URL_LENGTH} characters; allowed: up to ${MAX_URL_LENGTH}`;
  if (/^["'`]/.test(address)) return 'begins with a quote; allowed: URLs without quotes around them';
  if (/^[[{]/.test(address))
    return 'is JSON; allowed: URLs separated by commas, each followed by its options, separated by spaces';
  if (/^wss?:/i.test(address))
    return 'is a URL for WebSockets; allowed: http://host or https://host, which WebSockets are sent to as well';
  // Stricter than URL, which takes "https:/host" and "https:///host" and makes a host of what follows.
  if (!/^https?:\/\/[^/\\]/i.test(address) || !URL.canParse(address)) {
    return 'is no URL; allowed: http://host or https://host, with port, path and query where needed';
  }
  const url = new URL(address);
  if (address.includes('#')) {
    return 'has a fragment; allowed: a URL without # (a # begins a comment in env files); write %23 for one that belongs to the path or query';
  }
  if (!/^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])$/.test(url.hostname))
    return 'has a host that is no name and no address; allowed: letters, digits, ".", "_" and "-", or an IP address';
  if (url.port === '0') return 'has port 0; allowed: 1 to 65535';
  if (!isUserInfoDecodable(url)) {
    return 'has a user-info with a stray %; allowed: %25 for a % in a user name or password';
  }
  return undefined;
}

type Texts = [string, ...string[]];

/** The known options, in the order of the list. */
function readWords(words: readonly string[], report: (problem: string) => void): ReadonlyMap<string, Texts> {
  const given = new Map<string, Texts>();
  let before = '';
  for (const word of words) {
    const [, name = '', text] = /^([^=]*)=(.*)$/s.exec(word) ?? [];
    const earlier = given.get(name);
    const problem = word.includes('=')
      ? wordProblem(word, name, earlier !== undefined)
      : noOption(word, before);
    before = OPTION_NAMES.includes(name) ? name : '';
    if (problem !== undefined) report(problem);
    else if (text !== undefined) given.set(name, earlier ? [...earlier, text] : [text]);
  }
  return given;
}

/** `before` is the option whose value a space may have ended. */
function noOption(word: string, before: string): string {
  if (isUrl(word)) return ANOTHER_URL;
  const [, name = ''] = /^([a-z]+)(?::|$)/.exec(word) ?? [];
  const meant = OPTION_NAMES.includes(name) ? ` (${name}=…?)` : '';
  const [after, values] = before === '' ? ['', ''] : [` after ${before}=…`, 'values without spaces, and '];
  return `is followed by a word that is no option${meant}${after}; allowed: ${values}${OPTION_NAMES.map((each) => `${each}=…`).join(', ')}`;
}

const ANOTHER_URL =
  'is followed by another URL; allowed: a comma between two URLs; in a JSON list, a text for each URL';

function isUrl(word: string): boolean {
  return /^https?:/i.test(word);
}

function wordProblem(word: string, name: string, isRepeated: boolean): string | undefined {
  if (isUrl(word)) return ANOTHER_URL;
  const option = UPSTREAM_OPTIONS.find((each) => each.name === name);
  if (option)
    return isRepeated && !option.repeatable ? `has the option ${name} twice; allowed: once` : undefined;
  // A piece of a key, split off by a blank, can look like an option; only plain words are shown.
  const shown = /^[a-z][a-z_-]{0,15}$/.test(name) ? ` "${name}"` : '';
  const closest = closestName(name, OPTION_NAMES);
  return `has an unknown option${shown}${closest === undefined ? '' : ` (${closest}?)`}; allowed: ${OPTION_NAMES.join(', ')}`;
}

function readOptions(
  given: ReadonlyMap<string, Texts>,
  context: OptionContext,
): OptionPart & Pick<UpstreamSpec, 'secrets'> {
  const { url, report } = context;
  const options = UPSTREAM_OPTIONS.filter(({ name }) => given.has(name));
  const [first] = options.filter(({ needsTls }) => needsTls);
  if (first && url && url.protocol !== 'https:')
    report(`has the option ${first.name} without TLS; allowed: with https:// only`);
  let parts: OptionPart = {};
  const secrets: string[] = [];
  for (const { name, read, secrets: secretsIn } of options) {
    const texts = given.get(name);
    const part = texts ? read(texts, context) : {};
    parts = { ...parts, ...part };
    secrets.push(...(secretsIn?.(part) ?? []));
  }
  return secrets.length > 0 ? { ...parts, secrets } : parts;
}

function duplicateProblems(entries: readonly ParsedEntry[]): string[] {
  const problems: string[] = [];
  const byUrl = new Map<string, ParsedEntry>();
  const byName = new Map<string, ParsedEntry>();
  for (const entry of entries) {
    const url = `${entry.pool ?? ''} ${entry.url.href}`;
    const sameUrl = byUrl.get(url);
    if (sameUrl)
      problems.push(
        `${entry.where}: ${maskUrl(entry.url)} is the same URL as ${sameUrl.where}; allowed: each URL once`,
      );
    else byUrl.set(url, entry);
    if (entry.name === undefined) continue;
    const sameName = byName.get(entry.name);
    if (sameName)
      problems.push(
        `${entry.where}: ${maskUrl(entry.url)} has the name "${entry.name}" as ${sameName.where} has; allowed: each name once`,
      );
    else byName.set(entry.name, entry);
  }
  return problems;
}

/** One account has one ceiling. */
function ceilingProblems(entries: readonly ParsedEntry[], others: readonly BudgetSpec[]): string[] {
  return entries.flatMap(({ account, rps, url, where }, index) => {
    if (account === undefined || rps === undefined) return [];
    const before = [...others, ...entries.slice(0, index)].find(
      (other) => other.account === account && other.rps !== undefined && other.rps !== rps,
    );
    if (!before) return [];
    return [
      `${where}: ${maskUrl(url)} has rps=${rps}, and another upstream with account=${account} rps=${before.rps}; allowed: the same rps, or one of them without it`,
    ];
  });
}

/** Given names come first, so that a derived name never takes one that somebody chose. */
function withNames(entries: readonly ParsedEntry[], others: readonly string[]): UpstreamSpec[] {
  const names = new UniqueNames([...others, ...entries.flatMap((entry) => entry.name ?? [])]);
  return entries.map(({ where: _where, name, ...spec }) => ({ ...spec, name: name ?? names.take(spec.url) }));
}
