/** The command `--check`: checks the settings and probes each upstream once. */

import { systemClock } from '../clock.ts';
import type { Config, PoolConfig } from '../config/config.ts';
import type { Sources } from '../config/load.ts';
import { type MaskedSetting, maskedSettings } from '../config/masked-settings.ts';
import { settingName } from '../config/sources/pool-names.ts';
import { Announcer, DEFAULT_POOL } from '../events.ts';
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
  const clock = systemClock;
  const dialer = createDialer({ clock, random: systemRandom, announcer: new Announcer() });
  const probed = await Promise.all(config.pools.map((pool) => probePool(pool, { clock, dialer })));
  const isNamed = config.pools.some(({ name }) => name !== undefined);
  const areWell = probed.map((pool) => report(pool, isNamed, print));
  if (isNamed) {
    const down = probed.flatMap(({ rows }) => rows).filter(([, , , state]) => state === 'down').length;
    print('');
    print(summary(down, probed.flatMap(({ rows }) => rows).length));
  }
  return areWell.every(Boolean) ? 0 : 1;
}

interface ProbedPool {
  readonly name: string;
  readonly probe: string;
  readonly rows: readonly string[][];
  /** On which chains they are, where nothing tells which is the right one. */
  readonly undecided: string | undefined;
}

async function probePool(
  pool: PoolConfig,
  means: Pick<ProbeSettings, 'clock' | 'dialer'>,
): Promise<ProbedPool> {
  const { healthCheck, healthCheckTimeoutMs: timeoutMs, healthCheckPath: path, chainId } = pool;
  const name = healthCheck === 'off' ? DEFAULT_PROBE : healthCheck;
  const probe = probes[name];
  if (!probe) throw new Error(`no probe is called ${name}`);
  const upstreams = pool.upstreams.map((spec) => new Upstream(spec, systemClock.monotonicMs()));
  const settings = { ...means, timeoutMs, path };
  const probed = await Promise.all(upstreams.map((upstream) => probeOnce(probe, upstream, settings)));
  const votes = votesOf(upstreams);
  const chain: PoolChain =
    chainId === undefined ? poolChain(votes, undefined) : { kind: 'decided', chainId, votes: votes.length };
  return {
    name: pool.name ?? DEFAULT_POOL,
    probe: name,
    rows: probed.map((each) => rowOf(each, chain.kind === 'decided' ? chain.chainId : undefined)),
    undecided: chain.kind === 'undecided' ? describeChains(votes) : undefined,
  };
}

/** Prints the results of one pool; whether all is well there. */
function report(
  { name, probe, rows, undecided }: ProbedPool,
  isNamed: boolean,
  print: (line: string) => void,
): boolean {
  print('');
  print(isNamed ? `Pool ${name} (probe: ${probe})` : `Upstreams (probe: ${probe})`);
  for (const line of table(rows)) print(`  ${line}`);
  const down = rows.filter(([, , , state]) => state === 'down').length;
  if (!isNamed) print('');
  if (undecided !== undefined) {
    const setting = settingName('CHAIN_ID', name === DEFAULT_POOL ? undefined : name);
    print(`${isNamed ? '  ' : ''}They are on different chains: ${undecided}; set ${setting}.`);
  }
  if (!isNamed) print(summary(down, rows.length));
  return down === 0 && undecided === undefined;
}

function summary(down: number, all: number): string {
  return down === 0 ? `All ${all} upstreams are up.` : `${down} of ${all} upstreams are down.`;
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
