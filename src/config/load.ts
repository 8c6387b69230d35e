/** Loads and checks all settings. */

import { keyWarnings } from './api-keys.ts';
import { assemble } from './assemble.ts';
import type { Config } from './config.ts';
import { adminProblems } from './problems/admin-problems.ts';
import { clientProblems } from './problems/client-problems.ts';
import { healthProblems } from './problems/health-problems.ts';
import { tlsProblems } from './problems/tls-problems.ts';
import { shownValue } from './secrecy.ts';
import { readEnvFile, readEnvironment } from './sources/environment.ts';
import { type Command, type Format, readCommandLine } from './sources/flags.ts';
import { readJsonFile } from './sources/json-file.ts';
import { DEFAULT_SOURCE, type MergedSettings, mergeSources, type RawByKey } from './sources/merge.ts';
import { type NearMiss, nearMissesOf, nearMissText } from './sources/near-misses.ts';
import { settingName } from './sources/pool-names.ts';
import { type CheckedProxies, checkProxies } from './sources/proxies.ts';
import type { ForeignName, RawSettings } from './sources/raw-settings.ts';
import { notifierKeys } from './table/notifier-settings.ts';
import { LIST_NAMES } from './table/settings.ts';
import { formatSize } from './table/units.ts';
import { urlList } from './table/value-types.ts';
import { type CheckedPool, type CheckedSettings, checkPoolValues, checkValues } from './values.ts';

export interface LoadInput {
  /** The arguments after the program's name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The working directory, which `.env` and relative file names are looked up in. */
  readonly cwd: string;
  /** Whether the log goes to a terminal. */
  readonly isTerminal: boolean;
  /** The file that keeps the lists of a process that runs, whatever the settings say now; undefined for none. */
  readonly kept?: { readonly file: string | undefined };
}

/** Where each setting comes from, by its name in the environment: `default`, `.env line 3`, `flag --port`. */
export type Sources = ReadonlyMap<string, string>;

/** All settings, or all problems with them. */
export type SettingsResult =
  | {
      readonly ok: true;
      readonly config: Config;
      readonly sources: Sources;
      /** About values that are ignored, one line each. */
      readonly warnings: readonly string[];
    }
  | { readonly ok: false; readonly problems: readonly string[] };

/** With what the command line asks for, and names that have no effect. */
export type LoadResult = SettingsResult & {
  readonly command: Command;
  readonly format: Format;
  /** Of the environment for `--check` only; a start has them in its warnings, too. */
  readonly nearMisses: readonly NearMiss[];
};

/**
 * Gathers all settings (command line, then environment, then `.env`, then the JSON file, then the defaults) and checks
 * them. Returns a deeply frozen Config or every problem, one line each, secrets masked. Prints nothing and does not
 * throw for a user's mistakes.
 */
export function loadConfig(input: LoadInput): LoadResult {
  const { command, format, settings, configFile, envFile } = readCommandLine(input.argv);
  const fromEnvFile = readEnvFile(input.cwd, envFile);
  const files = [...(fromEnvFile ? [fromEnvFile] : []), readJsonFile(input.cwd, configFile)];
  const bySource: readonly RawSettings[] = [settings, readEnvironment(input.env), ...files];
  const merged = mergeSources(bySource, input.isTerminal);
  const problems = [...bySource.flatMap((each) => each.problems), ...merged.problems];
  problems.push(...[merged.common, ...merged.pools.values()].flatMap(problemsApartFromValues));
  // A health check of a running daemon needs no lists: the daemon may have got them on its own command line. Nor does
  // it need the daemon's other settings, or the files that it has read: they may be about to be replaced.
  const isForDaemon = command !== 'healthcheck';
  // After a file that can't be read, "not set" would mislead.
  const filesRead = files.every((file) => file.problems.length === 0);
  if (filesRead && isForDaemon) {
    problems.push(...missingLists(merged));
    if (!fromEnvFile && configFile === undefined) problems.push(...missingEnvFile(merged, input.cwd));
  }

  const foreign = foreignNames(command, bySource, fromEnvFile);
  const nearMisses = nearMissesOf(foreign, [...merged.pools.keys()]);
  const asked = { command, format, nearMisses };

  const checked = checkValues(merged.common);
  const pools = poolsOf(merged);
  problems.push(...checked.problems, ...bodyLimitProblems(checked), ...clientProblems(checked, pools));
  problems.push(...pools.flatMap(({ name, problems: own }) => (name === undefined ? [] : own)));
  if (isForDaemon)
    problems.push(...healthProblems(pools), ...chainProblems(merged), ...stickyProblems(checked, pools));
  if (checked.all && isForDaemon)
    problems.push(...tlsProblems(checked, input.cwd), ...adminProblems(checked));
  const { proxies, problems: proxyProblems } = proxiesOf(bySource, checked);
  if (isForDaemon) problems.push(...proxyProblems);
  const { file } = input.kept ?? { file: checked.values.persistServers };
  const assembled = assemble(checked, pools, {
    folder: input.cwd,
    readsFiles: isForDaemon,
    file,
    proxies,
  });
  problems.push(...assembled.problems);
  const { config } = assembled;
  if (!config || problems.length > 0) return { ...asked, ok: false, problems };
  const warnings = [...bySource.flatMap((each) => each.warnings), ...assembled.warnings];
  warnings.push(...keyWarnings(config.apiKeys ?? []));
  // The check has them as advice.
  if (command === 'run') warnings.push(...nearMisses.map(nearMissText));
  return { ...asked, ok: true, config, sources: sourcesOf(merged, config, file), warnings };
}

/**
 * Names that may be misspelt settings. A start looks only at the file that is written for this program: it would warn
 * each time of variables that are another one's.
 */
function foreignNames(
  command: Command,
  all: readonly RawSettings[],
  envFile: RawSettings | undefined,
): ForeignName[] {
  if (command === 'check') return all.flatMap(({ foreign }) => foreign);
  return command === 'run' ? [...(envFile?.foreign ?? [])] : [];
}

/** The one without a path first, if it has a list; a start without any pool is told with its settings. */
function poolsOf({ common, pools }: MergedSettings): CheckedPool[] {
  const named = [...pools].map(([name, own]) => checkPoolValues(name, own, common));
  if (named.length > 0 && !common.has('rpcUrls')) return named;
  return [checkPoolValues(undefined, common, common), ...named];
}

/** For the webhooks that are set. */
function proxiesOf(bySource: readonly RawSettings[], { values }: CheckedSettings): CheckedProxies {
  const stated = bySource.map((source) => source.proxies);
  return checkProxies(
    stated,
    notifierKeys.flatMap((key) => values[key] ?? []),
  );
}

function problemsApartFromValues(raw: RawByKey): string[] {
  return [...raw.values()].flatMap(({ name, problem, source }) =>
    problem === undefined ? [] : [`${name} (${source}): ${problem}`],
  );
}

function missingLists({ common, pools }: MergedSettings): string[] {
  const named = [...pools].flatMap(([name, own]) => missingIn(own, name));
  const isUsed = pools.size === 0 || common.has('rpcUrls') || common.has('fallbackRpcUrls');
  return [...(isUsed ? missingIn(common, undefined) : []), ...named];
}

/** Where nobody has named any upstream, which is what a new installation looks like. */
function missingEnvFile({ common, pools }: MergedSettings, folder: string): string[] {
  if (common.has('rpcUrls') || pools.size > 0) return [];
  return [`there is no .env in ${folder} (cp .env.example .env)`];
}

function missingIn(raw: RawByKey, pool: string | undefined): string[] {
  const problems: string[] = [];
  const primaries = raw.get('rpcUrls');
  const others =
    pool === undefined
      ? ' (or --backends=URL,URL, or "servers" in the JSON file)'
      : ' (or "servers" in JSON)';
  if (!primaries)
    problems.push(`${settingName('RPC_URLS', pool)}: not set; allowed: ${urlList(false).allowed}${others}`);
  // Without primaries a pool is one of the JSON file, which needs no fallback there.
  const needsFallback = primaries ? !primaries.standsAlone : pool === undefined;
  if (!raw.has('fallbackRpcUrls') && needsFallback) {
    const name = settingName('FALLBACK_RPC_URLS', pool);
    problems.push(`${name}: not set; allowed: ${urlList(true).allowed} to run without a second list`);
  }
  return problems;
}

/** Several chains can't have one id: without a suffix it is that of the pool without a path. */
function chainProblems({ common, pools }: MergedSettings): string[] {
  const given = common.get('chainId');
  const [first] = pools.keys();
  if (!given || first === undefined || common.has('rpcUrls')) return [];
  return [
    `CHAIN_ID (${given.source}): it is of no pool; allowed: ${settingName('CHAIN_ID', first)} for the pool ${first}`,
  ];
}

function stickyProblems({ raw }: CheckedSettings, pools: readonly CheckedPool[]): string[] {
  if (raw.has('apiKeys')) return [];
  const given = pools.flatMap((pool) => (pool.values.sticky === 'key' ? (pool.raw.get('sticky') ?? []) : []));
  return [...new Set(given)].map(
    ({ name, source }) => `${name} (${source}): "key" needs API_KEYS; allowed: address or off without it`,
  );
}

function bodyLimitProblems({ raw, values }: CheckedSettings): string[] {
  const { maxReplayBodyBytes: replay, maxBodyBytes: limit } = values;
  const given = raw.get('maxReplayBodyBytes');
  if (!given || given.source === DEFAULT_SOURCE || replay === undefined || limit === undefined) return [];
  if (replay <= limit) return [];
  const shown = shownValue(given.value);
  return [
    `MAX_REPLAY_BODY (${given.source}): ${shown} is more than MAX_BODY; allowed: up to ${formatSize(limit)}`,
  ];
}

function sourcesOf(
  { common, pools }: MergedSettings,
  { pools: configs }: Config,
  file: string | undefined,
): Sources {
  const stated = [common, ...pools.values()].flatMap((raw) => [...raw.values()]);
  const sources = new Map(stated.map(({ name, source }) => [name, source] as const));
  for (const { name, arePersisted } of configs) {
    if (!arePersisted) continue;
    for (const list of LIST_NAMES) sources.set(settingName(list, name), String(file));
  }
  return sources;
}
