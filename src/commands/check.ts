/** The command `--check`: checks the settings, probes each upstream, finds out what it offers and advises. */

import { systemClock } from '../clock.ts';
import type { SettingsResult } from '../config/load.ts';
import { maskedSettings } from '../config/masked-settings.ts';
import type { Format } from '../config/sources/flags.ts';
import type { NearMiss } from '../config/sources/near-misses.ts';
import { Announcer } from '../events.ts';
import { createDialer } from '../network/index.ts';
import { systemRandom } from '../random.ts';
import { adviceOn } from './check/advice/index.ts';
import type { Found } from './check/found.ts';
import { jsonReport } from './check/json-report.ts';
import { type LookMeans, look } from './check/look.ts';
import { askRedis } from './check/redis.ts';
import { foundLines, settingsLines } from './check/text-report.ts';

export { jsonProblems } from './check/json-report.ts';

export interface CheckInput {
  readonly settings: Pick<Extract<SettingsResult, { readonly ok: true }>, 'config' | 'sources'>;
  readonly format: Format;
  /** Of the program. */
  readonly version: string;
  /** About the settings; the caller prints them, too. */
  readonly warnings: readonly string[];
  readonly nearMisses: readonly NearMiss[];
  /** Of the terminal, in characters. */
  readonly width?: number;
}

const USUAL_WIDTH = 100;

/**
 * Prints the masked settings at once, and when all upstreams were asked what was found and what is advised; as JSON all
 * together. Resolves to the exit status: 0 when every upstream is up and, as far as the probe can tell, on the right
 * chain, otherwise 1. Nothing else that is found out changes it.
 */
export async function runCheck(
  { settings: { config, sources }, format, version, warnings, nearMisses, width = USUAL_WIDTH }: CheckInput,
  print: (line: string) => void,
  means: LookMeans = systemMeans(),
): Promise<number> {
  const settings = maskedSettings(config, sources);
  if (format === 'text') settingsLines(settings).forEach(print);
  // Timers alone would not keep the process.
  const alive = setInterval(() => {}, 60_000);
  const [pools, redis] = await Promise.all([look(config.pools, means), askRedis(config, means.clock)]);
  const found: Found = { pools, redis, nearMisses };
  clearInterval(alive);
  const advice = adviceOn(found);
  const ok = found.pools.every(
    ({ undecided, upstreams }) => undecided === undefined && upstreams.every(({ isUp }) => isUp),
  );
  if (format === 'text') foundLines(found, advice, width).forEach(print);
  else print(jsonReport({ ok, version, settings, found, advice, warnings }));
  return ok ? 0 : 1;
}

function systemMeans(): LookMeans {
  const clock = systemClock;
  return { clock, dialer: createDialer({ clock, random: systemRandom, announcer: new Announcer() }) };
}
