import { systemClock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import type { Sources } from '../config/load.ts';
import { type MaskedSetting, maskedSettings } from '../config/masked-settings.ts';
import { probes } from '../probes/index.ts';
import { Upstream } from '../upstreams/upstream.ts';

/** Probed with this when the daemon itself would not probe. */
const DEFAULT_PROBE = 'tcp';

/**
 * Prints the masked settings, probes each upstream once and prints what came of it. Resolves to the exit
 * status: 0 when every upstream is up, else 1.
 */
export async function runCheck(
  config: Config,
  sources: Sources,
  print: (line: string) => void,
): Promise<number> {
  print('Settings');
  for (const line of table(maskedSettings(config, sources).map((row: MaskedSetting) => [...row])))
    print(`  ${line}`);
  const name = config.healthCheck === 'off' ? DEFAULT_PROBE : config.healthCheck;
  const probe = probes[name];
  if (!probe) throw new Error(`no probe is called ${name}`);
  const settings = { timeoutMs: config.healthCheckTimeoutMs, path: config.healthCheckPath };
  const checked = await Promise.all(
    config.upstreams.map(async (spec) => {
      const upstream = new Upstream(spec, systemClock.monotonicMs());
      const startedMs = systemClock.monotonicMs();
      const result = await probe.check(upstream, settings);
      const ms = `${Math.round(systemClock.monotonicMs() - startedMs)} ms`;
      return {
        up: result.up,
        row: [
          upstream.name,
          upstream.tier,
          upstream.origin,
          result.up ? 'up' : 'down',
          result.up ? ms : result.problem,
        ],
      };
    }),
  );
  print('');
  print(`Upstreams (probe: ${name})`);
  for (const line of table(checked.map(({ row }) => row))) print(`  ${line}`);
  const down = checked.filter(({ up }) => !up).length;
  print('');
  print(
    down === 0
      ? `All ${checked.length} upstreams are up.`
      : `${down} of ${checked.length} upstreams are down.`,
  );
  return down === 0 ? 0 : 1;
}

/** Rows as lines with their columns aligned. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  }
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
