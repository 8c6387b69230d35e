/** The command `--check`: checks the settings and probes each upstream once. */

import { systemClock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import type { Sources } from '../config/load.ts';
import { type MaskedSetting, maskedSettings } from '../config/masked-settings.ts';
import { Announcer } from '../events.ts';
import { createDialer } from '../network/index.ts';
import { describeChains, type PoolChain, poolChain, votesOf, wrongChain } from '../probes/chain.ts';
import { probes } from '../probes/index.ts';
import type { Probe, ProbeResult, ProbeSettings } from '../probes/probe.ts';
import { systemRandom } from '../random.ts';
import { Upstream } from '../upstreams/upstream.ts';

/** The probe that is used when the daemon itself would not probe. */
const DEFAULT_PROBE = 'tcp';

/**
 * Prints the masked settings, probes each upstream once and prints the results. Resolves to the exit status: 0 when
 * every upstream is up and, as far as the probe can tell, on the right chain, otherwise 1.
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
  const upstreams = config.upstreams.map((spec) => new Upstream(spec, systemClock.monotonicMs()));
  const clock = systemClock;
  const dialer = createDialer({ clock, random: systemRandom, announcer: new Announcer() });
  const settings = { timeoutMs: config.healthCheckTimeoutMs, path: config.healthCheckPath, clock, dialer };
  const probed = await Promise.all(upstreams.map((upstream) => probeOnce(probe, upstream, settings)));
  print('');
  print(`Upstreams (probe: ${name})`);
  return report(probed, config.chainId, print);
}

function report(
  probed: readonly Probed[],
  expectedChain: string | undefined,
  print: (line: string) => void,
): number {
  const votes = votesOf(probed.map(({ upstream }) => upstream));
  const chain: PoolChain =
    expectedChain === undefined
      ? poolChain(votes, undefined)
      : { kind: 'decided', chainId: expectedChain, votes: votes.length };
  const rows = probed.map((each) => rowOf(each, chain.kind === 'decided' ? chain.chainId : undefined));
  for (const line of table(rows)) print(`  ${line}`);
  const down = rows.filter(([, , , state]) => state === 'down').length;
  print('');
  if (chain.kind === 'undecided')
    print(`They are on different chains: ${describeChains(votes)}; set CHAIN_ID.`);
  print(
    down === 0 ? `All ${rows.length} upstreams are up.` : `${down} of ${rows.length} upstreams are down.`,
  );
  return down === 0 && chain.kind !== 'undecided' ? 0 : 1;
}

interface Probed {
  readonly upstream: Upstream;
  readonly result: ProbeResult;
  readonly ms: number;
}

async function probeOnce(probe: Probe, upstream: Upstream, settings: ProbeSettings): Promise<Probed> {
  const startedMs = systemClock.monotonicMs();
  const result = await probe.check(upstream, settings);
  if (result.up) upstream.chainId = result.found?.chainId;
  return { upstream, result, ms: Math.round(systemClock.monotonicMs() - startedMs) };
}

function rowOf({ upstream, result, ms }: Probed, rightChain: string | undefined): string[] {
  const problem = result.up ? wrongChain(upstream.chainId, rightChain) : result.problem;
  const state = problem === undefined ? 'up' : 'down';
  return [
    upstream.name,
    upstream.tier,
    upstream.origin,
    state,
    problem ?? [`${ms} ms`, ...detailsOf(result)].join(', '),
  ];
}

function detailsOf(result: ProbeResult): string[] {
  if (!result.up) return [];
  const { chainId, blockHeight } = result.found ?? {};
  return [
    ...(chainId === undefined ? [] : [`chain ${chainId}`]),
    ...(blockHeight === undefined ? [] : [`block ${blockHeight}`]),
    ...(result.limited ? ['rate-limited'] : []),
  ];
}

/** The rows as lines with aligned columns. */
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
