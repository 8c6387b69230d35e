/** Loads and checks all settings. */

import { resolve } from 'node:path';
import { adminProblems } from './admin-problems.ts';
import { keyWarnings } from './api-keys.ts';
import type { Config } from './config.ts';
import { readEnvFile, readEnvironment } from './environment.ts';
import { type Command, readCommandLine } from './flags.ts';
import { healthProblems } from './health-problems.ts';
import { readJsonFile } from './json-file.ts';
import type { RawSetting, RawSettings } from './raw-settings.ts';
import { shownValue } from './secrecy.ts';
import { type PersistedLists, readServerFile } from './server-file.ts';
import { type Key, LIST_TIERS, type ListKey, SETTINGS, type Setting } from './settings.ts';
import { tlsProblems } from './tls-problems.ts';
import { formatSize } from './units.ts';
import { readUpstreams, type UpstreamEntry } from './upstream-list.ts';
import { type CheckedSettings, checkValues, type Values } from './values.ts';

export interface LoadInput {
  /** The arguments after the program's name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The working directory, which `.env` and relative file names are looked up in. */
  readonly cwd: string;
  /** Whether the log goes to a terminal. */
  readonly isTerminal: boolean;
}

/** Where each setting comes from, by its name in the environment: `default`, `.env line 3`, `flag --port`. */
export type Sources = ReadonlyMap<string, string>;

export type LoadResult =
  | {
      readonly ok: true;
      readonly command: Command;
      readonly config: Config;
      readonly sources: Sources;
      /** About values that are ignored, one line each. */
      readonly warnings: readonly string[];
    }
  | { readonly ok: false; readonly command: Command; readonly problems: readonly string[] };

/**
 * Gathers all settings (command line, then environment, then `.env`, then the JSON file, then the defaults) and checks
 * them. Returns a deeply frozen Config or every problem, one line each, secrets masked. Prints nothing and does not
 * throw for a user's mistakes.
 */
export function loadConfig(input: LoadInput): LoadResult {
  const { command, settings, configFile, envFile } = readCommandLine(input.argv);
  const files = [readEnvFile(input.cwd, envFile), readJsonFile(input.cwd, configFile)];
  const bySource: readonly RawSettings[] = [settings, readEnvironment(input.env), ...files];
  const raw = mergeSources(bySource, input.isTerminal);
  const problems = [...bySource.flatMap((each) => each.problems), ...problemsApartFromValues(raw)];
  // After a file that can't be read, "not set" would mislead. A health check of a running daemon needs no lists: the
  // daemon may have got them on its own command line.
  const filesRead = files.every((file) => file.problems.length === 0);
  if (filesRead && command !== 'healthcheck') problems.push(...missingLists(raw));

  const checked = checkValues(raw);
  problems.push(...checked.problems, ...bodyLimitProblems(checked));
  // Nor does a health check need the daemon's other settings.
  if (command !== 'healthcheck') problems.push(...healthProblems(checked));
  // Nor the files that the daemon has read: they may be about to be replaced.
  const folder = command === 'healthcheck' ? undefined : input.cwd;
  if (checked.all && folder !== undefined)
    problems.push(...tlsProblems(checked, folder), ...adminProblems(checked));
  const lists = readLists(checked, folder);
  problems.push(...lists.problems);
  if (!checked.all || problems.length > 0) return { ok: false, command, problems };

  const config = toConfig(checked.all, lists, (key) => isGiven(key, raw), input.cwd);
  const warnings = [...bySource.flatMap((each) => each.warnings), ...keyWarnings(config.apiKeys ?? [])];
  return { ok: true, command, config, sources: sourcesOf(raw, config), warnings };
}

type Lists = Pick<Config, 'upstreams' | 'areListsPersisted'>;

/** The lists in the settings, or those in the file of PERSIST_SERVERS, as operators have changed them. */
function readLists(
  checked: CheckedSettings,
  folder: string | undefined,
): Lists & Pick<CheckedSettings, 'problems'> {
  const entries = [...entriesOf('rpcUrls', checked), ...entriesOf('fallbackRpcUrls', checked)];
  const { upstreams, problems } = readUpstreams(entries, folder);
  const persisted = persistedLists(checked, folder);
  return {
    upstreams: persisted.upstreams ?? upstreams,
    areListsPersisted: persisted.upstreams !== undefined,
    problems: [...problems, ...persisted.problems],
  };
}

function persistedLists({ raw, values }: CheckedSettings, folder: string | undefined): PersistedLists {
  const file = values.persistServers;
  if (folder === undefined || file === undefined) return { upstreams: undefined, problems: [] };
  return readServerFile(file, folder, `PERSIST_SERVERS (${raw.get('persistServers')?.source})`);
}

const DEFAULT_SOURCE = 'default';

/** The first source that states a setting wins; then its default. */
function mergeSources(bySource: readonly RawSettings[], isTerminal: boolean): Map<Key, RawSetting> {
  const raw = new Map<Key, RawSetting>();
  for (const setting of SETTINGS) {
    const fallback = (isTerminal ? setting.defaultOnTerminal : undefined) ?? setting.default;
    const given =
      bySource.map(({ byKey }) => byKey.get(setting.key)).find((each) => each !== undefined) ??
      (fallback === undefined ? undefined : { value: fallback, source: DEFAULT_SOURCE, standsAlone: false });
    if (given) raw.set(setting.key, given);
  }
  return raw;
}

function problemsApartFromValues(raw: ReadonlyMap<Key, RawSetting>): string[] {
  return [...raw].flatMap(([key, { problem, source }]) =>
    problem === undefined ? [] : [`${settingOf(key).name} (${source}): ${problem}`],
  );
}

function missingLists(raw: ReadonlyMap<Key, RawSetting>): string[] {
  const problems: string[] = [];
  const primaries = raw.get('rpcUrls');
  if (!primaries) {
    problems.push(
      `RPC_URLS: not set; allowed: ${settingOf('rpcUrls').allowed} (or --backends=URL,URL, or "servers" in the JSON file)`,
    );
  }
  if (!raw.has('fallbackRpcUrls') && !primaries?.standsAlone) {
    problems.push(
      `FALLBACK_RPC_URLS: not set; allowed: ${settingOf('fallbackRpcUrls').allowed} to run without a second list`,
    );
  }
  return problems;
}

function bodyLimitProblems({ raw, values }: CheckedSettings): string[] {
  const { maxReplayBodyBytes: replay, maxBodyBytes: limit } = values;
  const given = raw.get('maxReplayBodyBytes');
  if (!given || !isGiven('maxReplayBodyBytes', raw) || replay === undefined || limit === undefined) return [];
  if (replay <= limit) return [];
  const shown = shownValue(given.value);
  return [
    `MAX_REPLAY_BODY (${given.source}): ${shown} is more than MAX_BODY; allowed: up to ${formatSize(limit)}`,
  ];
}

function entriesOf(key: ListKey, { raw, values }: CheckedSettings): UpstreamEntry[] {
  const source = raw.get(key)?.source;
  return (values[key] ?? []).map((text, index) => ({
    text,
    tier: LIST_TIERS[key],
    where: `${settingOf(key).name} (${source}) entry ${index + 1}`,
  }));
}

function toConfig(values: Values, lists: Lists, given: (key: Key) => boolean, folder: string): Config {
  const { rpcUrls: _primaries, fallbackRpcUrls: _fallbacks, ...rest } = values;
  const { maxReplayBodyBytes: replay, maxBodyBytes: limit } = rest;
  for (const upstream of lists.upstreams) freezeWithMembers(upstream);
  const config = {
    ...withAbsoluteFiles(rest, folder),
    // A default must not prevent a lower MAX_BODY.
    maxReplayBodyBytes: given('maxReplayBodyBytes') ? replay : Math.min(replay, limit),
    // A fixed time is for those who want to know exactly when an upstream is asked.
    pacing: given('pacing') || rest.errorTimeToLiveMs === 'auto' ? rest.pacing : ('off' as const),
    upstreams: [...lists.upstreams],
    areListsPersisted: lists.areListsPersisted,
  };
  freezeWithMembers(config);
  return config;
}

function withAbsoluteFiles<T extends object>(values: T, folder: string): T {
  const files = new Set<string>(SETTINGS.flatMap(({ key, isFile }) => (isFile ? [key] : [])));
  const entries = Object.entries(values).map(([key, value]) => [
    key,
    files.has(key) && typeof value === 'string' ? resolve(folder, value) : value,
  ]);
  // `fromEntries` loses the types of the keys; a string stays a string.
  return Object.fromEntries(entries) as T;
}

function freezeWithMembers(object: object): void {
  for (const member of Object.values(object)) Object.freeze(member);
  Object.freeze(object);
}

function sourcesOf(
  raw: ReadonlyMap<Key, RawSetting>,
  { areListsPersisted, persistServers }: Config,
): Sources {
  const given = SETTINGS.map(({ name, key }) => [name, raw.get(key)?.source ?? DEFAULT_SOURCE] as const);
  const persisted = ['RPC_URLS', 'FALLBACK_RPC_URLS'].map((name) => [name, String(persistServers)] as const);
  return new Map([...given, ...(areListsPersisted ? persisted : [])]);
}

function isGiven(key: Key, raw: ReadonlyMap<Key, RawSetting>): boolean {
  return raw.has(key) && raw.get(key)?.source !== DEFAULT_SOURCE;
}

function settingOf(key: Key): Setting {
  const setting = SETTINGS.find((each) => each.key === key);
  if (!setting) throw new Error(`no setting ${key}`);
  return setting;
}
