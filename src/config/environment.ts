import { parse } from 'dotenv';
import { type Layer, LayerBuilder } from './layer.ts';
import { SETTINGS, type Setting } from './settings.ts';
import { readTextFile } from './text-file.ts';

const DEFAULT_FILE = '.env';
const CUT =
  'a # begins a comment, the rest of the line is lost; allowed: URLs without #, or %23 for one that belongs to a path or query';

/** The settings in the environment. An empty value counts as not set. */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): Layer {
  return readVariables(env, () => 'environment');
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
  return readVariables(parse(file.text), sourceOf, (variable) => losesItsEnd(lines[lineOf(variable)] ?? ''));
}

function readVariables(
  variables: Readonly<Record<string, string | undefined>>,
  sourceOf: (variable: string) => string,
  isCut: (variable: string) => boolean = () => false,
): Layer {
  const layer = new LayerBuilder();
  for (const setting of SETTINGS) {
    for (const variable of namesOf(setting)) {
      const raw = variables[variable];
      if (raw === undefined || raw.trim() === '') continue;
      const source = variable === setting.name ? sourceOf(variable) : `${variable}, ${sourceOf(variable)}`;
      const found = { raw, source, standsAlone: false };
      const hasUrls = setting.key === 'rpcUrls' || setting.key === 'fallbackRpcUrls';
      layer.add(setting, hasUrls && isCut(variable) ? { ...found, problem: CUT } : found);
    }
  }
  return layer;
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
