/** Checks all upstreams of all pools: first the pools' own checks, which decide, then what else there is to know. */

import type { Clock } from '../../clock.ts';
import type { PoolConfig } from '../../config/config.ts';
import { DEFAULT_POOL } from '../../events.ts';
import type { Dialer } from '../../network/dial.ts';
import { describeChains, type PoolChain, poolChain, votesOf, wrongChain } from '../../probes/chain.ts';
import { believedHeight } from '../../probes/heights.ts';
import { probes } from '../../probes/index.ts';
import type { Probe, ProbeResult, ProbeSettings } from '../../probes/probe.ts';
import { Upstream } from '../../upstreams/upstream.ts';
import { agreementOn, blockToCompare } from './agreement.ts';
import { Examination } from './examine.ts';
import { knownValue } from './finding.ts';
import type { FoundPool, FoundUpstream, Probed } from './found.ts';
import { inLanes } from './lanes.ts';

export interface LookMeans {
  readonly clock: Clock;
  readonly dialer: Dialer;
}

/** The probe that is used when the daemon itself would not probe. */
const DEFAULT_PROBE = 'tcp';
/** After the checks of the pools nothing new is asked when this is over. */
const EXAMINING_MS = 20_000;

/** Never rejects, and settles in half a minute at most unless HEALTH_CHECK_TIMEOUT is longer. */
export async function look(pools: readonly PoolConfig[], means: LookMeans): Promise<FoundPool[]> {
  const probed = await Promise.all(pools.map((pool) => probePool(pool, means)));
  const all = { ...means, endMs: means.clock.monotonicMs() + EXAMINING_MS };
  const looks = probed.map((pool) => {
    const { probe, settings } = pool;
    const how = { probe, timeoutMs: settings.healthCheckTimeoutMs };
    return { ...pool, examinations: pool.probed.map((each) => new Examination(each, how, all)) };
  });
  const examinations = looks.flatMap((each) => each.examinations);
  await inLanes(examinations, (examination) => examination.identify());
  const compared = looks.map((pool) => ({ ...pool, block: blockOf(pool) }));
  const explored = compared.flatMap((pool) =>
    pool.examinations.map((examination) => ({
      examination,
      upstream: examination.upstream,
      block: pool.block,
    })),
  );
  await inLanes(explored, ({ examination, block }) => examination.explore(block));
  return compared.map((pool) => foundPool(pool, pool.block));
}

interface ProbedPool {
  readonly settings: PoolConfig;
  readonly probe: string;
  readonly probed: readonly Probed[];
  readonly undecided: string | undefined;
  readonly chain: PoolChain;
}

interface ExaminedPool extends ProbedPool {
  readonly examinations: readonly Examination[];
}

async function probePool(settings: PoolConfig, means: LookMeans): Promise<ProbedPool> {
  const { healthCheck, healthCheckTimeoutMs: timeoutMs, healthCheckPath: path, chainId } = settings;
  const name = healthCheck === 'off' ? DEFAULT_PROBE : healthCheck;
  const probe = probes[name];
  if (!probe) throw new Error(`no probe is called ${name}`);
  const upstreams = settings.upstreams.map((spec) => new Upstream(spec, means.clock.monotonicMs()));
  const results = await Promise.all(
    upstreams.map((upstream) => probeOnce(probe, upstream, { ...means, timeoutMs, path })),
  );
  const votes = votesOf(upstreams);
  const chain: PoolChain =
    chainId === undefined ? poolChain(votes, undefined) : { kind: 'decided', chainId, votes: votes.length };
  const right = chain.kind === 'decided' ? chain.chainId : undefined;
  return {
    settings,
    probe: name,
    probed: results.map((each) => judged(each, right)),
    undecided: chain.kind === 'undecided' ? describeChains(votes) : undefined,
    chain,
  };
}

interface Answered {
  readonly upstream: Upstream;
  readonly result: ProbeResult;
  readonly ms: number;
}

async function probeOnce(probe: Probe, upstream: Upstream, settings: ProbeSettings): Promise<Answered> {
  const startedMs = settings.clock.monotonicMs();
  const result = await probe.check(upstream, settings);
  if (result.up) {
    upstream.chainId = result.found?.chainId;
    upstream.blockHeight = result.found?.blockHeight;
  }
  return { upstream, result, ms: Math.round(settings.clock.monotonicMs() - startedMs) };
}

function judged({ upstream, result, ms }: Answered, right: string | undefined): Probed {
  const problem = result.up ? wrongChain(upstream.chainId, right) : result.problem;
  const isLimited = result.up === true && result.limited === true;
  return { upstream, isUp: problem === undefined, problem, isLimited, ms };
}

/** Those that the probe has found on another chain have no part in it. */
function blockOf({ chain, examinations }: ExaminedPool): number | undefined {
  return blockToCompare(onChain(examinations, chainOf(chain, examinations)).flatMap(heightOf));
}

/** The chain that they must be on, or that most say they are on where the probe does not ask. */
function chainOf(chain: PoolChain, examinations: readonly Examination[]): string | undefined {
  if (chain.kind === 'decided') return chain.chainId;
  const votes = examinations.flatMap(({ upstream, chainId }) =>
    chainId === undefined ? [] : [{ name: upstream.name, tier: upstream.tier, chainId }],
  );
  const most = poolChain(votes, undefined);
  return most.kind === 'decided' ? most.chainId : undefined;
}

function onChain(examinations: readonly Examination[], chainId: string | undefined): Examination[] {
  return examinations.filter((each) => each.chainId !== undefined && each.chainId === chainId);
}

function heightOf({ blockHeight }: Examination): number[] {
  return blockHeight === undefined ? [] : [blockHeight];
}

function foundPool(pool: ExaminedPool, block: number | undefined): FoundPool {
  const { settings, probe, undecided, chain, examinations, probed } = pool;
  const chainId = chainOf(chain, examinations);
  const same = onChain(examinations, chainId);
  const best = believedHeight(same.flatMap(heightOf), settings.maxBlockLag) ?? 0;
  const upstreams = examinations.flatMap((examination, at): FoundUpstream[] => {
    const { result } = examination;
    const of = probed[at];
    const height = same.includes(examination) ? result.blockHeight : undefined;
    return of ? [{ ...of, examined: result, lag: height === undefined ? undefined : best - height }] : [];
  });
  const votes = upstreams.flatMap(({ upstream: { name }, examined }) => {
    const hash = knownValue(examined.blockHash);
    return hash === undefined || examined.chainId !== chainId ? [] : [{ name, hash }];
  });
  const agreement = agreementOn(block, votes);
  return { settings, name: settings.name ?? DEFAULT_POOL, probe, upstreams, undecided, chainId, agreement };
}
