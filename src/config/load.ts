import { resolve } from 'node:path';
import type { z } from 'zod';
import { adminProblems } from './admin-problems.ts';
import type { Config } from './config.ts';
import { readEnvFile, readEnvironment } from './environment.ts';
import { type Command, readCommandLine } from './flags.ts';
import { healthProblems } from './health-needs.ts';
import { readJsonFile } from './json-file.ts';
import { type Found, type Layer, shownValue } from './layer.ts';
import { type KeptLists, readServerFile } from './server-file.ts';
import { type Key, SETTINGS, type Setting, schema } from './settings.ts';
import { tlsProblems } from './tls-files.ts';
import { formatSize } from './units.ts';
import { readUpstreams, type WrittenUpstream } from './upstream-list.ts';

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

type Values = z.output<typeof schema>;

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

  const texts = Object.fromEntries([...found].map(([key, { raw }]) => [key, raw]));
  const checked = schema.safeParse(texts);
  if (!checked.success) problems.push(...explain(checked.error.issues, found));
  problems.push(...bodyLimitProblems(found));
  // Nor does it need what the daemon has been told besides.
  if (command !== 'healthcheck') problems.push(...healthProblems(found));
  // Nor does it need the files that the daemon has read: they may be about to be replaced.
  const folder = command === 'healthcheck' ? undefined : input.cwd;
  if (checked.success && folder !== undefined)
    problems.push(...tlsProblems(found, folder), ...adminProblems(found));
  const { upstreams, problems: listProblems } = readUpstreams(
    [...entriesOf('rpcUrls', found), ...entriesOf('fallbackRpcUrls', found)],
    folder,
  );
  problems.push(...listProblems);
  const kept = keptLists(found, folder);
  problems.push(...kept.problems);
  if (!checked.success || problems.length > 0) return { ok: false, command, problems };

  const lists = { upstreams: kept.upstreams ?? upstreams, areListsKept: kept.upstreams !== undefined };
  const config = toConfig(checked.data, lists, isGiven('maxReplayBodyBytes', found), input.cwd);
  const warnings = layers.flatMap((each) => each.warnings);
  return { ok: true, command, config, sources: sourcesOf(found, config), warnings };
}

/** The lists as operators have changed them, where a file keeps them. */
function keptLists(found: ReadonlyMap<Key, Found>, folder: string | undefined): KeptLists {
  const written = found.get('persistServers');
  const file = schema.shape.persistServers.safeParse(written?.raw);
  if (folder === undefined || !written || !file.success || file.data === undefined)
    return { upstreams: undefined, problems: [] };
  return readServerFile(file.data, folder, `PERSIST_SERVERS (${written.source})`);
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

/** One line for each setting whose value was refused. */
function explain(issues: readonly z.core.$ZodIssue[], found: ReadonlyMap<Key, Found>): string[] {
  return SETTINGS.flatMap((setting) => {
    const own = issues.filter((issue) => issue.path[0] === setting.key);
    const written = found.get(setting.key);
    // What is wrong besides the value comes first: the rest may follow from it.
    if (own.length === 0 || !written || written.problem !== undefined) return [];
    const reason = own.find((issue) => issue.code === 'custom')?.message ?? 'is not allowed';
    const shown = setting.hidden ? '***' : shownValue(written.raw, setting.secret === true);
    return [`${setting.name} (${written.source}): ${shown} ${reason}; allowed: ${setting.allowed}`];
  });
}

function bodyLimitProblems(found: ReadonlyMap<Key, Found>): string[] {
  const replay = schema.shape.maxReplayBodyBytes.safeParse(found.get('maxReplayBodyBytes')?.raw);
  const limit = schema.shape.maxBodyBytes.safeParse(found.get('maxBodyBytes')?.raw);
  const written = found.get('maxReplayBodyBytes');
  if (!written || !isGiven('maxReplayBodyBytes', found) || !replay.success || !limit.success) return [];
  if (replay.data <= limit.data) return [];
  const shown = shownValue(written.raw, false);
  return [
    `MAX_REPLAY_BODY (${written.source}): ${shown} is more than MAX_BODY; allowed: up to ${formatSize(limit.data)}`,
  ];
}

function entriesOf(key: 'rpcUrls' | 'fallbackRpcUrls', found: ReadonlyMap<Key, Found>): WrittenUpstream[] {
  const written = found.get(key);
  const entries = schema.shape[key].safeParse(written?.raw);
  if (!written || !entries.success) return [];
  return (entries.data ?? []).map((text, index) => ({
    text,
    tier: key === 'rpcUrls' ? 'primary' : 'fallback',
    where: `${settingOf(key).name} (${written.source}) entry ${index + 1}`,
  }));
}

function toConfig(
  values: Values,
  { upstreams, areListsKept }: Pick<Config, 'upstreams' | 'areListsKept'>,
  replayIsGiven: boolean,
  folder: string,
): Config {
  const { rpcUrls: _primaries, fallbackRpcUrls: _fallbacks, ...rest } = values;
  for (const upstream of upstreams) {
    Object.freeze(upstream.url);
    Object.freeze(upstream);
  }
  return Object.freeze({
    ...rest,
    retryStatus: Object.freeze(rest.retryStatus),
    // A default must not stand in the way of a lower MAX_BODY.
    maxReplayBodyBytes: replayIsGiven
      ? rest.maxReplayBodyBytes
      : Math.min(rest.maxReplayBodyBytes, rest.maxBodyBytes),
    slackWebhookUrl: rest.slackWebhookUrl,
    trustProxy: rest.trustProxy && Object.freeze(rest.trustProxy),
    tlsCertFile: rest.tlsCertFile && resolve(folder, rest.tlsCertFile),
    tlsKeyFile: rest.tlsKeyFile && resolve(folder, rest.tlsKeyFile),
    httpRedirectPort: rest.httpRedirectPort,
    chainId: rest.chainId,
    removeUnhealthyAfterMs: rest.removeUnhealthyAfterMs,
    adminPort: rest.adminPort,
    adminToken: rest.adminToken,
    persistServers: rest.persistServers && resolve(folder, rest.persistServers),
    areListsKept,
    env: rest.env,
    upstreams: Object.freeze([...upstreams]),
  });
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
