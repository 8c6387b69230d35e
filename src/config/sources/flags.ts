/** Reads the command line. */

import { closestName } from '../closest-name.ts';
import { looksLikeName, shownValue } from '../secrecy.ts';
import { SETTINGS, type Setting } from '../table/settings.ts';
import { optionHint } from '../upstreams/upstream-options.ts';
import { settingName, splitsOf } from './pool-names.ts';
import { RawSettingsBuilder } from './raw-settings.ts';

/** What the program is asked to do. */
export type Command = 'run' | 'check' | 'healthcheck' | 'version' | 'help';

/** Flags without a value. If several are given, the first in this order counts. */
const COMMANDS: readonly Command[] = ['help', 'version', 'healthcheck', 'check'];

/** How `--check` prints what it finds. */
export type Format = 'text' | 'json';

export interface CommandLine {
  readonly command: Command;
  readonly format: Format;
  readonly settings: RawSettingsBuilder;
  /** The files of `--config` and `--env-file`. */
  readonly configFile: string | undefined;
  readonly envFile: string | undefined;
}

const settingsByFlag = new Map<string, Setting>([
  ...SETTINGS.map((setting) => [setting.flag, setting] as const),
  ...SETTINGS.filter(({ key }) => key === 'rpcUrls').map((setting) => ['backends', setting] as const),
]);
const FILE_FLAGS = ['config', 'env-file'];
const FORMATS: readonly Format[] = ['text', 'json'];
const KNOWN_FLAGS = new Set<string>([...settingsByFlag.keys(), ...FILE_FLAGS, 'format', ...COMMANDS]);

/**
 * Reads `--flag=value`, `--flag value` and flags without a value, with one dash or two. Never throws; the problems are
 * in `settings`, and none of them shows a value that could be a secret.
 */
export function readCommandLine(argv: readonly string[]): CommandLine {
  const reader = new FlagReader();
  const rest = [...argv.entries()];
  for (let next = rest.shift(); next; next = rest.shift()) {
    const [index, argument] = next;
    const [, given, joined] = /^--?([^=-][^=]*)(?:=(.*))?$/s.exec(argument) ?? [];
    if (given === undefined) {
      reader.problem(
        `argument ${index + 1} is no flag; allowed: --NAME=VALUE, in quotes where the value has blanks`,
      );
      continue;
    }
    const name = given === 'h' ? 'help' : given;
    const takesValue = !COMMANDS.some((command) => command === name);
    const follows = takesValue && joined === undefined && rest[0]?.[1].startsWith('-') === false;
    reader.flag(name, follows ? rest.shift()?.[1] : joined, index + 1);
  }
  return reader.result();
}

class FlagReader {
  readonly #settings = new RawSettingsBuilder();
  readonly #values = new Map<string, string | undefined>();

  problem(problem: string): void {
    this.#settings.problems.push(problem);
  }

  flag(name: string, value: string | undefined, position: number): void {
    const splits = KNOWN_FLAGS.has(name) ? [] : splitsOf(name, settingsByFlag, '-');
    const [split] = splits;
    if (!KNOWN_FLAGS.has(name) && !split) {
      this.problem(unknownFlag(name, position));
      return;
    }
    const setting = settingsByFlag.get(name) ?? split?.setting;
    const settingsName = setting && settingName(setting.name, split?.pool);
    const shown = settingsName ? `${settingsName} (flag --${name})` : `flag --${name}`;
    if (this.#values.has(name)) this.problem(`${shown}: it is given twice; allowed: once`);
    else if (COMMANDS.some((command) => command === name)) {
      if (value !== undefined) this.problem(`${shown}: it takes no value; allowed: --${name}`);
    } else if (value === undefined || value.trim() === '') {
      const allowed = setting?.allowed ?? (name === 'format' ? FORMATS.join(' or ') : 'the name of a file');
      this.problem(`${shown}: it has no value; allowed: ${allowed}`);
    } else if (setting) {
      const raw = { value, source: `flag --${name}`, standsAlone: /^backends(?:-|$)/.test(name) };
      if (!split) this.#settings.add(setting, raw);
      else
        this.#settings.suffixed.push({
          ...raw,
          name: settingName(setting.name, split.pool),
          splits,
          withoutPools: unknownFlag(name, position),
        });
    }
    this.#values.set(name, value);
  }

  result(): CommandLine {
    const commands = COMMANDS.filter((command) => this.#values.has(command));
    if (commands.length > 1)
      this.problem(`${commands.map((name) => `--${name}`).join(' and ')}: allowed: one of them`);
    return {
      command: commands[0] ?? 'run',
      format: this.#format(),
      settings: this.#settings,
      configFile: this.#values.get('config') || undefined,
      envFile: this.#values.get('env-file') || undefined,
    };
  }

  #format(): Format {
    const given = this.#values.get('format') || undefined;
    if (given === undefined) return 'text';
    const format = FORMATS.find((name) => name === given);
    if (!format)
      this.problem(`flag --format: ${shownValue(given)} is not allowed; allowed: ${FORMATS.join(' or ')}`);
    if (!this.#values.has('check'))
      this.problem('flag --format: it is about what --check prints; allowed: with --check');
    return format ?? 'text';
  }
}

function unknownFlag(name: string, position: number): string {
  const isName = looksLikeName(name);
  const shown = isName ? `--${name}` : `argument ${position}`;
  const closest = isName ? closestName(name, KNOWN_FLAGS) : undefined;
  const suggestion = closest === undefined ? '' : `, --${closest} is the nearest`;
  return `${shown}: unknown flag; allowed: the flags that --help lists${suggestion}${optionHint(name)}`;
}
