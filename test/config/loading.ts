import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../../src/config/config.ts';
import { type LoadResult, loadConfig } from '../../src/config/load.ts';
import { releaseAfterwards } from '../support/leftovers.ts';

export interface Given {
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** By name; null makes a folder of that name, which can't be read as a file. */
  readonly files?: Readonly<Record<string, string | Buffer | null>>;
  readonly isTerminal?: boolean;
}

/** The two lists that a start needs. */
export const LISTS = { RPC_URLS: 'https://one.example', FALLBACK_RPC_URLS: 'none' } as const;

/** Loads with a working directory that holds just the given files. */
export function load({ argv = [], env = {}, files = {}, isTerminal = false }: Given): LoadResult {
  const cwd = mkdtempSync(join(tmpdir(), 'settings-'));
  releaseAfterwards(() => rmSync(cwd, { recursive: true }));
  for (const [name, content] of Object.entries(files)) {
    if (content === null) mkdirSync(join(cwd, name));
    else writeFileSync(join(cwd, name), content);
  }
  return loadConfig({ argv, env, cwd, isTerminal });
}

/** The Config; fails the test when there are problems. */
export function configOf(given: Given): Config {
  const result = load(given);
  if (!result.ok) throw new Error(result.problems.join('\n'));
  return result.config;
}

/** As `configOf`, with the lists set and these further variables. */
export function configWith(env: Readonly<Record<string, string>>): Config {
  return configOf({ env: { ...LISTS, ...env } });
}

/** The problems; empty when there are none. */
export function problemsOf(given: Given): readonly string[] {
  const result = load(given);
  return result.ok ? [] : result.problems;
}

/** As `problemsOf`, with the lists set and these further variables. */
export function problemsWith(env: Readonly<Record<string, string>>): readonly string[] {
  return problemsOf({ env: { ...LISTS, ...env } });
}
