import { parse } from 'dotenv';
import { type Layer, LayerBuilder } from './layer.ts';
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
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): Layer {
  const variables = { ...env };
  const warnings: string[] = [];
  for (const { name } of SETTINGS) {
    if (!/(?:^|_)PORT$/.test(name) || !KUBERNETES_PORT.test(env[name]?.trim() ?? '')) continue;
    variables[name] = undefined;
    warnings.push(
      `${name} (environment): ${env[name]?.trim()} is Kubernetes' address of a service, no port: ignored`,
    );
  }
  const layer = readVariables(variables, () => 'environment', { unquotes: true });
  layer.warnings.push(...warnings);
  return layer;
}

/**
 * The settings in an env file: the one that is named, which must be there, or `.env` of `folder`, which
 * need not. An empty value counts as not set.
 */
export function readEnvFile(folder: string, named: string | undefined): Layer {
  const name = named ?? DEFAULT_FILE;
  const file = readTextFile(folder, name);
  const layer = new LayerBuilder();
  if ('reason' in file) {
    if (named === undefined && file.missing) return layer;
    const by = named === undefined ? name : `flag --env-file: ${name}`;
    layer.problems.push(`${by}: ${file.reason}; allowed: a readable env file in UTF-8`);
    return layer;
  }
  const lines = file.text.split(/\r\n|\r|\n/);
  const lineOf = (variable: string) => lines.findLastIndex((line) => assignmentTo(variable).test(line));
  const sourceOf = (variable: string) => {
    const line = lineOf(variable);
    return line < 0 ? name : `${name} line ${line + 1}`;
  };
  return readVariables(parse(file.text), sourceOf, {
    isCut: (variable) => losesItsEnd(lines[lineOf(variable)] ?? ''),
  });
}

interface Reading {
  /** A `#` has cut the value. */
  readonly isCut?: (variable: string) => boolean;
  /** Quotes around a value belong to it, which nobody means. */
  readonly unquotes?: boolean;
}

function readVariables(
  variables: Readonly<Record<string, string | undefined>>,
  sourceOf: (variable: string) => string,
  { isCut = () => false, unquotes = false }: Reading,
): LayerBuilder {
  const layer = new LayerBuilder();
  for (const setting of SETTINGS) {
    for (const variable of namesOf(setting)) {
      const written = variables[variable];
      if (written === undefined || written.trim() === '') continue;
      const source = variable === setting.name ? sourceOf(variable) : `${variable}, ${sourceOf(variable)}`;
      const inner = unquotes ? withoutQuotes(written) : undefined;
      const problem = inner !== undefined ? QUOTED : isList(setting.key) && isCut(variable) ? CUT : undefined;
      const raw = inner ?? written;
      layer.add(setting, { raw, source, standsAlone: false, ...(problem === undefined ? {} : { problem }) });
    }
  }
  return layer;
}

/** What stands between quotes of one kind; undefined where there are none. */
function withoutQuotes(written: string): string | undefined {
  return /^(["'`])(.*)\1$/s.exec(written.trim())?.[2];
}

function namesOf(setting: Setting): string[] {
  return setting.alias === undefined ? [setting.name] : [setting.name, setting.alias];
}

function assignmentTo(variable: string): RegExp {
  return new RegExp(`^\\s*(?:export\\s+)?${variable}\\s*[=:]`);
}

/** Whether an unquoted value is cut by a `#` right behind other text, which nobody means as a comment. */
function losesItsEnd(line: string): boolean {
  const value = line.replace(/^[^=:]*[=:]\s*/, '');
  return !/^['"`]/.test(value) && /^[^#]*[^#\s]#/.test(value);
}
