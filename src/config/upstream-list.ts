import type { Tier } from '../events.ts';
import { maskUrl } from '../masking.ts';
import type { UpstreamSpec } from '../upstreams/upstream.ts';
import { nearest } from './nearest.ts';
import { freeName } from './upstream-names.ts';
import type { OptionContext, OptionPart } from './upstream-option.ts';
import { OPTION_NAMES, UPSTREAM_OPTIONS } from './upstream-options.ts';

/** The two lists of upstreams: `URL option=value …`, in which names and URLs are unique across both. */

/** Longer ones are refused by most servers: together with a client's target they must fit into a request line. */
const MAX_URL_LENGTH = 4096;

/** One entry of a list as it was written. */
export interface WrittenUpstream {
  readonly text: string;
  readonly tier: Tier;
  /** It starts out of service. */
  readonly draining?: true;
  /** Names the entry in a problem: the setting, where it was set, and which entry of it. */
  readonly where: string;
}

interface Draft extends Omit<UpstreamSpec, 'name'> {
  readonly where: string;
  /** Undefined when a name is to be made of the host. */
  readonly name: string | undefined;
}

/**
 * Reads every entry of both lists. Problems show no more of a URL than scheme, host and port. Files are looked up
 * in `folder`, and not read without one. A name that is made of a host is none of `taken`.
 */
export function readUpstreams(
  entries: readonly WrittenUpstream[],
  folder: string | undefined,
  taken: readonly string[] = [],
): {
  readonly upstreams: readonly UpstreamSpec[];
  readonly problems: readonly string[];
} {
  const problems: string[] = [];
  const drafts = entries.flatMap((entry) => {
    const report = (problem: string) => problems.push(`${entry.where}: ${problem}`);
    const draft = readEntry(entry, folder, report);
    return draft ? [draft] : [];
  });
  problems.push(...repeats(drafts));
  return { upstreams: named(drafts, taken), problems };
}

function readEntry(
  entry: WrittenUpstream,
  folder: string | undefined,
  report: (problem: string) => void,
): Draft | undefined {
  const [address = '', ...words] = entry.text.split(/\s+/);
  const about = (problem: string) => report(`${maskUrl(address)} ${problem}`);
  const wrong = whatIsWrong(address);
  const url = wrong === undefined ? new URL(address) : undefined;
  const given = readWords(words, about);
  const parts = readOptions(given, { url, given: new Set(given.keys()), folder, report: about });
  if (wrong !== undefined) about(wrong);
  if (!url) return undefined;
  const { where, tier, draining } = entry;
  return { where, tier, url, name: undefined, weight: 1, ...(draining ? { draining } : {}), ...parts };
}

/** Says why a text can't be an upstream's URL; undefined when it can. */
function whatIsWrong(address: string): string | undefined {
  if (address.length > MAX_URL_LENGTH)
    return `has more than ${MAX_URL_LENGTH} characters; allowed: up to ${MAX_URL_LENGTH}`;
  if (/^["'`]/.test(address)) return 'begins with a quote; allowed: URLs without quotes around them';
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
  if (!isDecodable(url.username) || !isDecodable(url.password)) {
    return 'has a user-info with a stray %; allowed: %25 for a % in a user name or password';
  }
  return undefined;
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

type Texts = [string, ...string[]];

/** The options that are known, in the order of the list. */
function readWords(words: readonly string[], report: (problem: string) => void): ReadonlyMap<string, Texts> {
  const given = new Map<string, Texts>();
  for (const word of words) {
    const [, name = '', text] = /^([^=]*)=(.*)$/s.exec(word) ?? [];
    const earlier = given.get(name);
    const wrong = whatIsWrongWithWord(word, name, earlier !== undefined);
    if (wrong !== undefined) report(wrong);
    else if (text !== undefined) given.set(name, earlier ? [...earlier, text] : [text]);
  }
  return given;
}

function whatIsWrongWithWord(word: string, name: string, isRepeated: boolean): string | undefined {
  if (/^https?:/i.test(word)) return 'is followed by another URL; allowed: a comma between two URLs';
  if (!word.includes('='))
    return `is followed by a word that is no option; allowed: ${OPTION_NAMES.map((each) => `${each}=…`).join(', ')}`;
  const option = UPSTREAM_OPTIONS.find((each) => each.name === name);
  if (option)
    return isRepeated && !option.repeatable ? `has the option ${name} twice; allowed: once` : undefined;
  // A piece of a key that a blank tore off can look like an option; only plain words are shown.
  const shown = /^[a-z][a-z_-]{0,15}$/.test(name) ? ` "${name}"` : '';
  const meant = nearest(name, OPTION_NAMES);
  return `has an unknown option${shown}${meant === undefined ? '' : ` (${meant}?)`}; allowed: ${OPTION_NAMES.join(', ')}`;
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

function repeats(drafts: readonly Draft[]): string[] {
  const problems: string[] = [];
  const byUrl = new Map<string, Draft>();
  const byName = new Map<string, Draft>();
  for (const draft of drafts) {
    const sameUrl = byUrl.get(draft.url.href);
    if (sameUrl)
      problems.push(
        `${draft.where}: ${maskUrl(draft.url)} is the same URL as ${sameUrl.where}; allowed: each URL once`,
      );
    else byUrl.set(draft.url.href, draft);
    if (draft.name === undefined) continue;
    const sameName = byName.get(draft.name);
    if (sameName)
      problems.push(
        `${draft.where}: ${maskUrl(draft.url)} has the name "${draft.name}" as ${sameName.where} has; allowed: each name once`,
      );
    else byName.set(draft.name, draft);
  }
  return problems;
}

/** Given names come first, so that a made one never takes a name that somebody asked for. */
function named(drafts: readonly Draft[], others: readonly string[]): UpstreamSpec[] {
  const taken = new Set([...others, ...drafts.flatMap((draft) => draft.name ?? [])]);
  return drafts.map(({ where: _where, name, ...spec }) => {
    if (name !== undefined) return { ...spec, name };
    const unique = freeName(spec.url, taken);
    taken.add(unique);
    return { ...spec, name: unique };
  });
}
