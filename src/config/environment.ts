/** Reads settings from environment variables and from env files. */

import { parse } from 'dotenv';
import { type RawSettings, RawSettingsBuilder } from './raw-settings.ts';
import { isList, SETTINGS, type Setting } from './settings.ts';
import { readTextFile } from './text-file.ts';

const DEFAULT_FILE = '.env';
const CUT =
  'a # begins a comment, the rest of the line is lost; allowed: URLs without #, or %23 for one that belongs to a path or query';

const QUOTED =
  'there are quotes around the value (docker passes those of an env_file on as they stand); allowed: the value without quotes';

/** What Kubernetes puts into every container for a service called `admin`: ADMIN_PORT=tcp://10.0.0.1:80. */
const KUBERNETES_PORT = /^(?:tcp|udp|sctp):\/\/\S+:\d+$/;

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
  const settings = readVariables(variables, () => 'environment', { unquotes: true });
  settings.warnings.push(...warnings);
  return settings;
}

/**
 * The settings in an env file: the named one, which must exist, or `.env` in `folder`, which need not. An empty value
 * counts as not set.
 */
export function readEnvFile(folder: string, named: string | undefined): RawSettings {
  const name = named ?? DEFAULT_FILE;
  const file = readTextFile(folder, name);
  const settings = new RawSettingsBuilder();
  if ('reason' in file) {
    if (named === undefined && file.missing) return settings;
    const by = named === undefined ? name : `flag --env-file: ${name}`;
    settings.problems.push(`${by}: ${file.reason}; allowed: a readable env file in UTF-8`);
    return settings;
  }
  const lines = file.text.split(/\r\n|\r|\n/);
  const lineOf = (variable: string) => lines.findLastIndex((line) => assignmentTo(variable).test(line));
  const sourceOf = (variable: string) => {
    const line = lineOf(variable);
    return line < 0 ? name : `${name} line ${line + 1}`;
  };
  return readVariables(parse(file.text), sourceOf, {
    isCut: (variable) => isCutByHash(lines[lineOf(variable)] ?? ''),
  });
}

interface VariableOptions {
  /** Whether a `#` has cut the value. */
  readonly isCut?: (variable: string) => boolean;
  /** Quotes around a value have become part of it, which nobody intends. */
  readonly unquotes?: boolean;
}

function readVariables(
  variables: Readonly<Record<string, string | undefined>>,
  sourceOf: (variable: string) => string,
  { isCut = () => false, unquotes = false }: VariableOptions,
): RawSettingsBuilder {
  const settings = new RawSettingsBuilder();
  for (const setting of SETTINGS) {
    for (const variable of namesOf(setting)) {
      const text = variables[variable];
      if (text === undefined || text.trim() === '') continue;
      const source = variable === setting.name ? sourceOf(variable) : `${variable}, ${sourceOf(variable)}`;
      const inner = unquotes ? withoutQuotes(text) : undefined;
      const problem = inner !== undefined ? QUOTED : isList(setting.key) && isCut(variable) ? CUT : undefined;
      const value = inner ?? text;
      settings.add(setting, {
        value,
        source,
        standsAlone: false,
        ...(problem === undefined ? {} : { problem }),
      });
    }
  }
  return settings;
}

/** The text between two quotes of one kind; undefined without them. */
function withoutQuotes(text: string): string | undefined {
  return /^(["'`])(.*)\1$/s.exec(text.trim())?.[2];
}

function namesOf(setting: Setting): string[] {
  return setting.alias === undefined ? [setting.name] : [setting.name, setting.alias];
}

function assignmentTo(variable: string): RegExp {
  return new RegExp(`^\\s*(?:export\\s+)?${variable}\\s*[=:]`);
}

/** Whether an unquoted value is cut by a `#` right after other text, which nobody intends as a comment. */
function isCutByHash(line: string): boolean {
  const value = line.replace(/^[^=:]*[=:]\s*/, '');
  return !/^['"`]/.test(value) && /^[^#]*[^#\s]#/.test(value);
}
