/** Makes the Config of the checked settings, with the upstreams of their lists. */

import { resolve } from 'node:path';
import type { Proxies } from '../notifiers/notifier.ts';
import type { UpstreamSpec } from '../upstreams/upstream.ts';
import type { Config, PoolConfig } from './config.ts';
import { DEFAULT_SOURCE, type RawByKey } from './sources/merge.ts';
import { isPerPool, LIST_TIERS, type ListKey, SETTINGS } from './table/settings.ts';
import { readServerFile } from './upstreams/server-file.ts';
import { readUpstreams, type UpstreamEntry } from './upstreams/upstream-list.ts';
import type { CheckedPool, CheckedSettings, PoolValues, Values } from './values.ts';

export interface Assembled {
  /** Undefined when a value was refused. */
  readonly config: Config | undefined;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

interface Folder {
  /** Where relative file names are looked up. */
  readonly folder: string;
  /** Whether the files that settings name are read. */
  readonly readsFiles: boolean;
  /** That of PERSIST_SERVERS. */
  readonly file: string | undefined;
  readonly proxies: Proxies | undefined;
}

/** The lists are those in the settings, or in the file of PERSIST_SERVERS, as operators have changed them. */
export function assemble(
  checked: CheckedSettings,
  pools: readonly CheckedPool[],
  { folder, readsFiles, file, proxies }: Folder,
): Assembled {
  const fromSettings = pools.flatMap(entriesOf);
  const read = (entries: readonly UpstreamEntry[]) => readUpstreams(entries, readsFiles ? folder : undefined);
  const stated = read(fromSettings);
  if (!readsFiles || file === undefined) {
    const config = configOf(checked, pools, {
      folder,
      proxies,
      upstreams: stated.upstreams,
      persisted: new Set(),
      gone: [],
    });
    return { config, problems: stated.problems, warnings: [] };
  }
  const where = `PERSIST_SERVERS (${checked.raw.get('persistServers')?.source})`;
  const kept = readServerFile(file, folder, where);
  const persisted = new Set(kept.entries.map(({ pool }) => pool));
  const known = kept.entries.filter(({ pool }) => pools.some(({ name }) => name === pool));
  const lists = read([...known, ...fromSettings.filter(({ pool }) => !persisted.has(pool))]);
  const problems = [...stated.problems, ...kept.problems, ...lists.problems];
  const unknown = [...persisted].filter((pool) => pools.every(({ name }) => name !== pool));
  const warnings = unknown.map(
    (pool) =>
      `${where}: the upstreams of ${pool ?? 'the pool without a path'} are left out: there is no such pool`,
  );
  const gone = read(kept.entries.filter((entry) => !known.includes(entry))).upstreams;
  const config = configOf(checked, pools, { folder, proxies, upstreams: lists.upstreams, persisted, gone });
  return { config, problems: [...new Set(problems)], warnings };
}

function entriesOf({ name: pool, own, values }: CheckedPool): UpstreamEntry[] {
  // The keys of an object literal.
  const lists = Object.keys(LIST_TIERS) as ListKey[];
  return lists.flatMap((key) => {
    const given = own.get(key);
    return (values[key] ?? []).map((text, index) => ({
      text,
      tier: LIST_TIERS[key],
      ...(pool === undefined ? {} : { pool }),
      where: `${given?.name} (${given?.source}) entry ${index + 1}`,
    }));
  });
}

interface Lists {
  readonly folder: string;
  readonly proxies: Proxies | undefined;
  readonly upstreams: readonly UpstreamSpec[];
  /** The pools whose lists come from the file of PERSIST_SERVERS. */
  readonly persisted: ReadonlySet<string | undefined>;
  /** What the file has of pools that the settings have no more. */
  readonly gone: readonly UpstreamSpec[];
}

function configOf(
  { all: values, raw }: CheckedSettings,
  pools: readonly CheckedPool[],
  lists: Lists,
): Config | undefined {
  if (!values) return undefined;
  const { rpcUrls: _primaries, fallbackRpcUrls: _fallbacks, ...rest } = values;
  const { maxReplayBodyBytes: replay, maxBodyBytes: limit } = rest;
  const configs = pools.flatMap((pool) => poolConfigOf(pool, lists) ?? []);
  if (configs.length < pools.length) return undefined;
  for (const spec of lists.upstreams) freezeWithMembers(spec);
  for (const config of configs) freezeWithMembers(config);
  const config = {
    ...withAbsoluteFiles(rest, lists.folder),
    // A default must not prevent a lower MAX_BODY.
    maxReplayBodyBytes: isGiven('maxReplayBodyBytes', raw) ? replay : Math.min(replay, limit),
    pacing: pacingOf(values, raw),
    upstreams: configs.flatMap(({ upstreams }) => upstreams),
    pools: configs,
    leftOut: lists.gone,
    proxies: lists.proxies,
    areListsPersisted: configs.some(({ arePersisted }) => arePersisted),
  };
  freezeWithMembers(config);
  return config;
}

function poolConfigOf(
  { name, own, raw, all }: CheckedPool,
  { upstreams, persisted }: Lists,
): PoolConfig | undefined {
  if (!all) return undefined;
  const { rpcUrls: _primaries, fallbackRpcUrls: _fallbacks, ...values } = all;
  return {
    ...values,
    pacing: pacingOf(all, raw),
    name,
    upstreams: upstreams.filter(({ pool }) => pool === name),
    own: new Set(name === undefined ? [] : [...own.keys()].filter(isPerPool)),
    arePersisted: persisted.has(name),
  };
}

/** A fixed time is for those who want to know exactly when an upstream is asked. */
function pacingOf(
  { pacing, errorTimeToLiveMs }: Pick<PoolValues, 'pacing' | 'errorTimeToLiveMs'>,
  raw: RawByKey,
) {
  return isGiven('pacing', raw) || errorTimeToLiveMs === 'auto' ? pacing : ('off' as const);
}

function isGiven(key: keyof Values, raw: RawByKey): boolean {
  return raw.has(key) && raw.get(key)?.source !== DEFAULT_SOURCE;
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
