/** Reads settings from environment variables and from env files. */

import { parse } from 'dotenv';
import { isList, SETTINGS, type Setting } from '../table/settings.ts';
import { readTextFile } from '../text-file.ts';
import { splitsOf } from './pool-names.ts';
import { readProxies } from './proxies.ts';
import { type RawSettings, RawSettingsBuilder, type Statement } from './raw-settings.ts';

const DEFAULT_FILE = '.env';
const CUT =
  'a # begins a comment, the rest of the line is lost; allowed: URLs without #, or %23 for one that belongs to a path or query';

const QUOTED =
  'there are quotes around the value (docker passes those of an env_file on as they stand); allowed: the value without quotes';

/** What Kubernetes puts into every container for a service called `admin`: ADMIN_PORT=tcp://10.0.0.1:80. */
const KUBERNETES_PORT = /^(?:tcp|udp|sctp):\/\/\S+:\d+$/;

/** What it adds to their names besides: a service called `strategy` sets STRATEGY_SERVICE_HOST and STRATEGY_PORT_80_TCP. */
const KUBERNETES_NAME =
  /_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT|PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)$/;

/** The settings in the environment. An empty value counts as not set. */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): RawSettings {
  const variables = { ...env };
  const warnings: string[] = [];
  for (const { name } of SETTINGS) {
    if (!/(?:^|_)PORT$/.test(name) || !KUBERNETES_PORT.test(env[name]?.trim() ?? '')) continue;
    variables[name] = undefined;
    warnings.push(
      `${name} (environment): ${env[name]?.trim()} is Kubernetes' address of a service, no port: ignored`,
    );
  }
  for (const name of Object.keys(variables))
    if (!settingsByName.has(name) && KUBERNETES_NAME.test(name)) variables[name] = undefined;
  const settings = readVariables(variables, () => 'environment', { unquotes: true });
  settings.warnings.push(...warnings);
  return settings;
}

/**
 * The settings in an env file: the named one, which must exist, or `.env` in `folder`, which need not: then undefined. An
 * empty value counts as not set.
 */
export function readEnvFile(folder: string, named: string | undefined): RawSettings | undefined {
  const name = named ?? DEFAULT_FILE;
  const file = readTextFile(folder, name);
  const settings = new RawSettingsBuilder();
  if ('reason' in file) {
    if (named === undefined && file.missing) return undefined;
    const by = named === undefined ? name : `flag --env-file: ${name}`;
    settings.problems.push(`${by}: ${file.reason}; allowed: a readable env file in UTF-8`);
    return settings;
  }
  const lines = file.text.split(/\r\n|\r|\n/);
  // The last one counts.
  const lineOf = new Map(
    lines.flatMap((line, at) => assigned(line).map((variable) => [variable, at] as const)),
  );
  const sourceOf = (variable: string) => {
    const line = lineOf.get(variable);
    return line === undefined ? name : `${name} line ${line + 1}`;
  };
  return readVariables(parse(file.text), sourceOf, {
    isCut: (variable) => isCutByHash(lines[lineOf.get(variable) ?? -1] ?? ''),
  });
}

interface VariableOptions {
  /** Whether a `#` has cut the value. */
  readonly isCut?: (variable: string) => boolean;
  /** Quotes around a value have become part of it, which nobody intends. */
  readonly unquotes?: boolean;
}

const settingsByName = new Map<string, Setting>(
  SETTINGS.flatMap((setting) => namesOf(setting).map((name) => [name, setting] as const)),
);

function readVariables(
  variables: Readonly<Record<string, string | undefined>>,
  sourceOf: (variable: string) => string,
  options: VariableOptions,
): RawSettingsBuilder {
  const settings = new RawSettingsBuilder();
  settings.proxies = readProxies(variables, sourceOf);
  const given = (variable: string) => (variables[variable] ?? '').trim() !== '';
  for (const setting of SETTINGS) {
    for (const variable of namesOf(setting)) {
      if (!given(variable)) continue;
      const source = variable === setting.name ? sourceOf(variable) : `${variable}, ${sourceOf(variable)}`;
      settings.add(setting, statement(variable, variables[variable] ?? '', setting, options, source));
    }
  }
  for (const variable of Object.keys(variables)) {
    if (settingsByName.has(variable) || !given(variable)) continue;
    const splits = splitsOf(variable, settingsByName, '_');
    const [first] = splits;
    if (!first) {
      settings.foreign.push({ name: variable, source: sourceOf(variable) });
      continue;
    }
    const raw = statement(variable, variables[variable] ?? '', first.setting, options, sourceOf(variable));
    settings.suffixed.push({ ...raw, name: variable, splits });
  }
  return settings;
}

function statement(
  variable: string,
  text: string,
  setting: Setting,
  { isCut = () => false, unquotes = false }: VariableOptions,
  source: string,
): Statement {
  const inner = unquotes ? withoutQuotes(text) : undefined;
  const problem = inner !== undefined ? QUOTED : isList(setting.key) && isCut(variable) ? CUT : undefined;
  return { value: inner ?? text, source, standsAlone: false, ...(problem === undefined ? {} : { problem }) };
}

/** The text between two quotes of one kind; undefined without them. */
function withoutQuotes(text: string): string | undefined {
  return /^(["'`])(.*)\1$/s.exec(text.trim())?.[2];
}

function namesOf(setting: Setting): string[] {
  return setting.alias === undefined ? [setting.name] : [setting.name, setting.alias];
}

/** The variable that a line assigns to, if it does. */
function assigned(line: string): string[] {
  const [, variable] = /^\s*(?:export\s+)?([^\s=:]+)\s*[=:]/.exec(line) ?? [];
  return variable === undefined ? [] : [variable];
}

/** Whether an unquoted value is cut by a `#` right after other text, which nobody intends as a comment. */
function isCutByHash(line: string): boolean {
  const value = line.replace(/^[^=:]*[=:]\s*/, '');
  return !/^['"`]/.test(value) && /^[^#]*[^#\s]#/.test(value);
}
