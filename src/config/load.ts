import { resolve } from 'node:path';
import { adminProblems } from './admin-problems.ts';
import type { Config } from './config.ts';
import { readEnvFile, readEnvironment } from './environment.ts';
import { type Command, readCommandLine } from './flags.ts';
import { healthProblems } from './health-needs.ts';
import { readJsonFile } from './json-file.ts';
import { type Found, type Layer, shownValue } from './layer.ts';
import { type KeptLists, readServerFile } from './server-file.ts';
import { type Key, LIST_TIERS, type ListKey, SETTINGS, type Setting } from './settings.ts';
import { tlsProblems } from './tls-files.ts';
import { formatSize } from './units.ts';
import { readUpstreams, type WrittenUpstream } from './upstream-list.ts';
import { type Checked, checkValues, type Values } from './values.ts';

export interface LoadInput {
  /** The arguments after the program's name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The working directory: where `.env` is looked up, and files with a relative name. */
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
      /** What was written and is not used, one line each. */
      readonly warnings: readonly string[];
    }
  | { readonly ok: false; readonly command: Command; readonly problems: readonly string[] };

/**
 * Gathers all settings (command line, then environment, then `.env`, then the JSON file, then the defaults)
 * and checks them. Gives a deeply frozen Config or every problem, one line each, secrets masked. Prints
 * nothing and does not throw for what a user may get wrong.
 */
export function loadConfig(input: LoadInput): LoadResult {
  const { command, layer, configFile, envFile } = readCommandLine(input.argv);
  const files = [readEnvFile(input.cwd, envFile), readJsonFile(input.cwd, configFile)];
  const layers: readonly Layer[] = [layer, readEnvironment(input.env), ...files];
  const found = gather(layers, input.isTerminal);
  const problems = [...layers.flatMap((each) => each.problems), ...ownProblems(found)];
  // After a file that can't be read, "not set" would mislead. A health check of a running daemon needs no
  // lists: the daemon may have got them on its own command line.
  const filesRead = files.every((file) => file.problems.length === 0);
  if (filesRead && command !== 'healthcheck') problems.push(...missingLists(found));

  const checked = checkValues(found);
  problems.push(...checked.problems, ...bodyLimitProblems(checked));
  // Nor does it need what the daemon has been told besides.
  if (command !== 'healthcheck') problems.push(...healthProblems(checked));
  // Nor does it need the files that the daemon has read: they may be about to be replaced.
  const folder = command === 'healthcheck' ? undefined : input.cwd;
  if (checked.all && folder !== undefined)
    problems.push(...tlsProblems(checked, folder), ...adminProblems(checked));
  const lists = readLists(checked, folder);
  problems.push(...lists.problems);
  if (!checked.all || problems.length > 0) return { ok: false, command, problems };

  const config = toConfig(checked.all, lists, isGiven('maxReplayBodyBytes', found), input.cwd);
  const warnings = layers.flatMap((each) => each.warnings);
  return { ok: true, command, config, sources: sourcesOf(found, config), warnings };
}

type Lists = Pick<Config, 'upstreams' | 'areListsKept'>;

/** The lists of the settings, or where a file keeps them, as operators have changed them. */
function readLists(checked: Checked, folder: string | undefined): Lists & Pick<Checked, 'problems'> {
  const entries = [...entriesOf('rpcUrls', checked), ...entriesOf('fallbackRpcUrls', checked)];
  const { upstreams, problems } = readUpstreams(entries, folder);
  const kept = keptLists(checked, folder);
  return {
    upstreams: kept.upstreams ?? upstreams,
    areListsKept: kept.upstreams !== undefined,
    problems: [...problems, ...kept.problems],
  };
}

function keptLists({ found, values }: Checked, folder: string | undefined): KeptLists {
  const file = values.persistServers;
  if (folder === undefined || file === undefined) return { upstreams: undefined, problems: [] };
  return readServerFile(file, folder, `PERSIST_SERVERS (${found.get('persistServers')?.source})`);
}

const DEFAULT_SOURCE = 'default';

/** The first layer that knows a setting wins; then its default. */
function gather(layers: readonly Layer[], isTerminal: boolean): Map<Key, Found> {
  const found = new Map<Key, Found>();
  for (const setting of SETTINGS) {
    const fallback = (isTerminal ? setting.defaultOnTerminal : undefined) ?? setting.default;
    const written =
      layers.map((layer) => layer.found.get(setting.key)).find((each) => each !== undefined) ??
      (fallback === undefined ? undefined : { raw: fallback, source: DEFAULT_SOURCE, standsAlone: false });
    if (written) found.set(setting.key, written);
  }
  return found;
}

function ownProblems(found: ReadonlyMap<Key, Found>): string[] {
  return [...found].flatMap(([key, { problem, source }]) =>
    problem === undefined ? [] : [`${settingOf(key).name} (${source}): ${problem}`],
  );
}

function missingLists(found: ReadonlyMap<Key, Found>): string[] {
  const problems: string[] = [];
  const primaries = found.get('rpcUrls');
  if (!primaries) {
    problems.push(
      `RPC_URLS: not set; allowed: ${settingOf('rpcUrls').allowed} (or --backends=URL,URL, or "servers" in the JSON file)`,
    );
  }
  if (!found.has('fallbackRpcUrls') && !primaries?.standsAlone) {
    problems.push(
      `FALLBACK_RPC_URLS: not set; allowed: ${settingOf('fallbackRpcUrls').allowed} to run without a second list`,
    );
  }
  return problems;
}

function bodyLimitProblems({ found, values }: Checked): string[] {
  const { maxReplayBodyBytes: replay, maxBodyBytes: limit } = values;
  const written = found.get('maxReplayBodyBytes');
  if (!written || !isGiven('maxReplayBodyBytes', found) || replay === undefined || limit === undefined)
    return [];
  if (replay <= limit) return [];
  const shown = shownValue(written.raw);
  return [
    `MAX_REPLAY_BODY (${written.source}): ${shown} is more than MAX_BODY; allowed: up to ${formatSize(limit)}`,
  ];
}

function entriesOf(key: ListKey, { found, values }: Checked): WrittenUpstream[] {
  const source = found.get(key)?.source;
  return (values[key] ?? []).map((text, index) => ({
    text,
    tier: LIST_TIERS[key],
    where: `${settingOf(key).name} (${source}) entry ${index + 1}`,
  }));
}

function toConfig(values: Values, lists: Lists, replayIsGiven: boolean, folder: string): Config {
  const { rpcUrls: _primaries, fallbackRpcUrls: _fallbacks, ...rest } = values;
  const { maxReplayBodyBytes: replay, maxBodyBytes: limit } = rest;
  for (const upstream of lists.upstreams) freezeWithMembers(upstream);
  const config = {
    ...withAbsoluteFiles(rest, folder),
    // A default must not stand in the way of a lower MAX_BODY.
    maxReplayBodyBytes: replayIsGiven ? replay : Math.min(replay, limit),
    upstreams: [...lists.upstreams],
    areListsKept: lists.areListsKept,
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
  // `fromEntries` forgets which keys there are; a text stays a text.
  return Object.fromEntries(entries) as T;
}

function freezeWithMembers(object: object): void {
  for (const member of Object.values(object)) Object.freeze(member);
  Object.freeze(object);
}

function sourcesOf(found: ReadonlyMap<Key, Found>, { areListsKept, persistServers }: Config): Sources {
  const written = SETTINGS.map(({ name, key }) => [name, found.get(key)?.source ?? DEFAULT_SOURCE] as const);
  const kept = ['RPC_URLS', 'FALLBACK_RPC_URLS'].map((name) => [name, String(persistServers)] as const);
  return new Map([...written, ...(areListsKept ? kept : [])]);
}

function isGiven(key: Key, found: ReadonlyMap<Key, Found>): boolean {
  return found.has(key) && found.get(key)?.source !== DEFAULT_SOURCE;
}

function settingOf(key: Key): Setting {
  const setting = SETTINGS.find((each) => each.key === key);
  if (!setting) throw new Error(`no setting ${key}`);
  return setting;
}
