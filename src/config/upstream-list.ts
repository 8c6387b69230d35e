import type { Tier } from '../events.ts';
import { maskUrl } from '../masking.ts';
import { whatIsWrongWithCertificates } from '../server/certificate.ts';
import { MAX_WEIGHT, type UpstreamSpec } from '../upstreams/upstream.ts';
import { nearest } from './nearest.ts';
import { readTextFile } from './text-file.ts';

/** The two lists of upstreams: `URL option=value …`, in which names and URLs are unique across both. */

/** They stand in header lines, metrics, paths of the admin port and messages. */
const MAX_NAME_LENGTH = 64;
/** Longer ones are refused by most servers: together with a client's target they must fit into a request line. */
const MAX_URL_LENGTH = 4096;

const OPTIONS = ['name', 'weight', 'host', 'ca', 'insecure'];

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
  const given = readOptions(words, maskUrl(address), report);
  const wrong = whatIsWrong(address);
  if (wrong !== undefined) {
    report(`${maskUrl(address)} ${wrong}`);
    return undefined;
  }
  const url = new URL(address);
  return {
    where: entry.where,
    tier: entry.tier,
    url,
    name: given.get('name'),
    weight: Number(given.get('weight') ?? 1),
    ...(given.has('host') ? { keepsHost: true } : {}),
    ...(entry.draining ? { draining: true } : {}),
    ...readVerification(given, url, folder, report),
  };
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

function readOptions(
  words: readonly string[],
  shownUrl: string,
  report: (problem: string) => void,
): ReadonlyMap<string, string> {
  const given = new Map<string, string>();
  for (const word of words) {
    const [, option = '', value] = /^([^=]*)=(.*)$/s.exec(word) ?? [];
    const wrong = whatIsWrongWithOption(word, option, value, given.has(option));
    if (wrong !== undefined) report(`${shownUrl} ${wrong}`);
    else if (value !== undefined) given.set(option, value);
  }
  return given;
}

/** How the certificate of an https: upstream is to be verified. */
function readVerification(
  given: ReadonlyMap<string, string>,
  url: URL,
  folder: string | undefined,
  report: (problem: string) => void,
): Pick<UpstreamSpec, 'ca' | 'insecure'> {
  const file = given.get('ca');
  const insecure = given.get('insecure') === 'true';
  const [first] = ['ca', 'insecure'].filter((option) => given.has(option));
  if (first !== undefined && url.protocol !== 'https:')
    report(`${maskUrl(url)} has the option ${first} without TLS; allowed: with https:// only`);
  if (file !== undefined && insecure)
    report(`${maskUrl(url)} has the options ca and insecure=true; allowed: one of them`);
  if (file === undefined || folder === undefined) return insecure ? { insecure } : {};
  const read = readTextFile(folder, file);
  const wrong = 'text' in read ? whatIsWrongWithCertificates(read.text) : `can't be used: ${read.reason}`;
  if ('text' in read && wrong === undefined) return { ca: { file, pem: read.text } };
  report(`${maskUrl(url)} has a ca file that ${wrong}; allowed: a file with certificates in PEM form`);
  return {};
}

function whatIsWrongWithOption(
  word: string,
  option: string,
  value: string | undefined,
  repeated: boolean,
): string | undefined {
  if (/^https?:/i.test(word)) return 'is followed by another URL; allowed: a comma between two URLs';
  if (value === undefined) {
    return `is followed by a word that is no option; allowed: ${OPTIONS.map((each) => `${each}=…`).join(', ')}`;
  }
  if (!OPTIONS.includes(option)) {
    // A piece of a key that a blank tore off can look like an option; only plain words are shown.
    const shown = /^[a-z][a-z_-]{0,15}$/.test(option) ? ` "${option}"` : '';
    const meant = nearest(option, OPTIONS);
    return `has an unknown option${shown}${meant === undefined ? '' : ` (${meant}?)`}; allowed: ${OPTIONS.join(', ')}`;
  }
  if (repeated) return `has the option ${option} twice; allowed: once`;
  if (option === 'weight') return whatIsWrongWithWeight(value);
  if (option === 'host')
    return value === 'keep' ? undefined : 'has a host option that is not allowed; allowed: host=keep';
  if (option === 'ca') return value === '' ? 'has a ca without a file; allowed: ca=FILE' : undefined;
  if (option === 'insecure' && value !== 'true' && value !== 'false')
    return 'has an insecure that is not allowed; allowed: true or false';
  if (option === 'insecure') return undefined;
  if (value.length > MAX_NAME_LENGTH)
    return `has a name of ${value.length} characters; allowed: up to ${MAX_NAME_LENGTH}`;
  const isName = /^[A-Za-z0-9._-]+$/.test(value) && /[A-Za-z0-9]/.test(value);
  return isName
    ? undefined
    : 'has a name that is not allowed; allowed: letters, digits, ".", "_" and "-", at least one letter or digit';
}

function whatIsWrongWithWeight(value: string): string | undefined {
  const weight = Number(value);
  if (/^\d{1,4}$/.test(value) && weight >= 1 && weight <= MAX_WEIGHT) return undefined;
  const shown = /^-?[\d.]{1,10}$/.test(value) ? ` ${value}` : '';
  return `has a weight${shown} that is not allowed; allowed: a whole number from 1 to ${MAX_WEIGHT}`;
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
    const unique = freeName(nameOf(spec.url), taken);
    taken.add(unique);
    return { ...spec, name: unique };
  });
}

/** `eth.example`, `127.0.0.1-8545` (a default port is left out), `0-1-8545` for `[::1]:8545`. */
function nameOf(url: URL): string {
  const host = url.hostname
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/^::/, '0::')
    .replace(/::$/, '::0')
    .replaceAll(/:+/g, '-');
  return url.port === '' ? host : `${host}-${url.port}`;
}

function freeName(wanted: string, taken: ReadonlySet<string>): string {
  let name = wanted.slice(0, MAX_NAME_LENGTH);
  for (let number = 2; taken.has(name); number++)
    name = `${wanted.slice(0, MAX_NAME_LENGTH - 1 - String(number).length)}-${number}`;
  return name;
}
