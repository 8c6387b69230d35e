/** Reads settings from a JSON file. */

import { closestName } from '../closest-name.ts';
import { looksLikeName } from '../secrecy.ts';
import { isList, SETTINGS, type Setting } from '../table/settings.ts';
import { readTextFile } from '../text-file.ts';
import { optionHint } from '../upstreams/upstream-options.ts';
import { noPoolName, poolNameOf, settingName } from './pool-names.ts';
import { type RawSetting, type RawSettings, RawSettingsBuilder } from './raw-settings.ts';

const settingsByKey = new Map<string, Setting>(
  SETTINGS.flatMap((setting) => [
    [setting.jsonKey, setting] as const,
    ...(setting.jsonAlias === undefined ? [] : [[setting.jsonAlias, setting] as const]),
  ]),
);

/** The settings in the JSON file of `--config`, which must exist. Primaries from it need no fallback. */
export function readJsonFile(folder: string, name: string | undefined): RawSettings {
  const settings = new RawSettingsBuilder();
  if (name === undefined) return settings;
  const content = readObject(folder, name);
  if (typeof content === 'string') settings.problems.push(`flag --config: ${name}: ${content}`);
  else
    for (const [index, [key, value]] of Object.entries(content).entries()) {
      if (key === 'pools') readPools(name, value, settings);
      else readMember({ name, index, key, value }, settings);
    }
  return settings;
}

/** The file's object, or what is wrong with it. Without the parser's own message, which quotes the file. */
function readObject(folder: string, name: string): object | string {
  const file = readTextFile(folder, name);
  if ('reason' in file) return `${file.reason}; allowed: a readable JSON file in UTF-8`;
  try {
    const content: unknown = JSON.parse(file.text);
    if (typeof content === 'object' && content !== null && !Array.isArray(content)) return content;
    return 'it holds no JSON object; allowed: {"port": 8080, …}';
  } catch (error) {
    const position = /position (\d+)/.exec(String(error))?.[1];
    const line =
      position === undefined ? '' : ` (line ${file.text.slice(0, Number(position)).split('\n').length})`;
    return `it is not valid JSON${line}; allowed: {"port": 8080, …}`;
  }
}

/** Reads `"pools": {"base": {"servers": […], "strategy": …}}`. */
function readPools(file: string, value: unknown, settings: RawSettingsBuilder): void {
  const where = `key "pools" of ${file}`;
  const allowed = 'allowed: {"base": {"servers": […], …}, …}';
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    settings.problems.push(`${where}: it is no object; ${allowed}`);
    return;
  }
  for (const [index, [written, members]] of Object.entries(value).entries()) {
    const pool = poolNameOf(written);
    const noName = noPoolName(pool);
    if (noName !== undefined && !looksLikeName(written)) {
      // It may be a key, and goes no further: what follows would show it.
      settings.problems.push(`${where}: pool number ${index + 1} ${noName}`);
      continue;
    }
    const shown = `"${written}"`;
    if (settings.pools.includes(pool))
      settings.problems.push(`${where}: pool ${shown} has the path /${pool} of another one; allowed: one`);
    else settings.pools.push(pool);
    if (typeof members !== 'object' || members === null || Array.isArray(members))
      settings.problems.push(`${where}: pool ${shown} is no object; ${allowed}`);
    else
      for (const [at, [key, member]] of Object.entries(members).entries())
        readMember({ name: file, index: at, key, value: member, pool }, settings);
  }
}

interface JsonMember {
  /** The file's name. */
  readonly name: string;
  readonly index: number;
  readonly key: string;
  readonly value: unknown;
  /** Whose setting it is; undefined for that of all. */
  readonly pool?: string;
}

function readMember({ name, index, key, value, pool }: JsonMember, settings: RawSettingsBuilder): void {
  const setting = settingsByKey.get(key);
  const within = pool === undefined ? '' : `pools.${pool}.`;
  if (!setting) {
    const shown = looksLikeName(key)
      ? `key "${within}${key}" of ${name}`
      : `key number ${index + 1} of ${pool === undefined ? '' : `"${within}" of `}${name}`;
    const closest = looksLikeName(key) ? closestName(key, [...settingsByKey.keys(), 'pools']) : undefined;
    const suggestion = closest === undefined ? '' : `, "${closest}" is the nearest`;
    settings.problems.push(
      `${shown}: unknown key; allowed: the settings in camelCase${suggestion}${optionHint(key)}`,
    );
    return;
  }
  const source = `key "${within}${key}" of ${name}`;
  const raw = rawValue(setting, value);
  const problem = raw === undefined ? wrongType(setting, value) : commaProblem(setting, value);
  const shownName = settingName(setting.name, pool);
  if (problem !== undefined) settings.problems.push(`${shownName} (${source}): ${problem}`);
  else if (raw !== undefined) {
    const given = { value: raw, source, standsAlone: true };
    if (pool === undefined) settings.add(setting, given);
    else settings.suffixed.push({ ...given, name: shownName, splits: [{ setting, pool }] });
  }
}

function wrongType({ allowed, json }: Setting, value: unknown): string {
  return `${typeInWords(value)} can't be its value; allowed: ${allowed}${json === 'list' ? '; or a list of such texts' : ''}`;
}

/** The texts of a list of upstreams are not cut at commas, and no URL has a comma and a blank in it. */
function commaProblem({ key }: Setting, value: unknown): string | undefined {
  if (!Array.isArray(value) || !isList(key)) return undefined;
  const index = value.findIndex((item) => /,\s/.test(String(item).trim()));
  if (index < 0) return undefined;
  return `entry ${index + 1} has a comma before a space; allowed: a text for each URL, with spaces between it and its options`;
}

/** A JSON value as a setting's text; undefined when this setting doesn't take such a value. */
function rawValue(setting: Setting, value: unknown): RawSetting['value'] | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  if (typeof value === 'boolean' && setting.json === 'boolean') return value ? 'on' : 'off';
  if (!Array.isArray(value) || setting.json !== 'list') return undefined;
  const items = value.map((item: unknown) => (typeof item === 'number' ? String(item) : item));
  if (!items.every((item) => typeof item === 'string')) return undefined;
  // A URL may hold commas.
  return isList(setting.key) ? items : items.join(',');
}

function typeInWords(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) {
    const index = value.findIndex((item) => typeof item !== 'string' && typeof item !== 'number');
    return index < 0 ? 'this list' : `a list with ${typeInWords(value[index])} in it (item ${index + 1})`;
  }
  return typeof value === 'object' ? 'an object' : String(value);
}
