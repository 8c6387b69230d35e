/** Prints a check for scripts: one JSON document. */

import type { MaskedSetting } from '../../config/masked-settings.ts';
import { type NearMiss, nearMissText } from '../../config/sources/near-misses.ts';
import type { Advice } from './advice/advice.ts';
import { forkOf } from './agreement.ts';
import { type Finding, knownValue, type Server } from './finding.ts';
import type { Examined, Found, FoundPool, FoundUpstream } from './found.ts';
import { undecidedLine } from './text-report.ts';

interface Checked {
  readonly ok: boolean;
  readonly version: string;
  readonly settings: readonly MaskedSetting[];
  readonly found: Found;
  readonly advice: readonly Advice[];
  readonly warnings: readonly string[];
}

export function jsonReport({ ok, version, settings, found, advice, warnings }: Checked): string {
  return document({
    ok,
    version,
    problems: found.pools.flatMap(problemsOf),
    warnings,
    settings: Object.fromEntries(settings.map(([name, value, source]) => [name, { value, source }])),
    pools: found.pools.map(poolJson),
    redis: found.redis ? { url: found.redis.shown, problem: found.redis.problem ?? null } : null,
    advice: advice.map(({ code, pool, upstreams, text }) => ({ code, pool: pool ?? null, upstreams, text })),
  });
}

/** Where the settings are wrong, so that nobody was asked. */
export function jsonProblems(
  version: string,
  problems: readonly string[],
  nearMisses: readonly NearMiss[],
): string {
  return document({ ok: false, version, problems, warnings: nearMisses.map(nearMissText) });
}

function document(content: object): string {
  return JSON.stringify(content, undefined, 2);
}

function problemsOf(pool: FoundPool): string[] {
  const down = pool.upstreams.filter(({ isUp }) => !isUp);
  return [...down.map(({ upstream, problem }) => `${upstream.name}: ${problem}`), ...undecidedLine(pool)];
}

function poolJson(pool: FoundPool): object {
  const { agreement } = pool;
  return {
    pool: pool.name,
    probe: pool.probe,
    chain_id: pool.chainId ?? null,
    compared_block: agreement.kind === 'unknown' ? null : agreement.block,
    upstreams: pool.upstreams.map((each) => upstreamJson(each, pool)),
  };
}

function upstreamJson({ upstream, examined, lag, ...probed }: FoundUpstream, pool: FoundPool): object {
  const { archive, batch, blockHash, clientVersion, logsRange, server, webSocket } = examined;
  const hash = knownValue(blockHash);
  return {
    name: upstream.name,
    tier: upstream.tier,
    url: upstream.origin,
    state: probed.isUp ? 'up' : 'down',
    problem: probed.problem ?? null,
    rate_limited: probed.isLimited || (server.kind === 'refuses' && server.why === 'rate-limited'),
    probe_ms: probed.ms,
    connect_ms: rounded(examined.connectMs),
    latency_ms: rounded(examined.latencyMs),
    tls: upstream.secure
      ? { days_left: examined.tlsDaysLeft ?? null, verified: upstream.verification.rejectUnauthorized }
      : null,
    serves: isServed(server) ? server.kind : null,
    http_status: server.kind === 'http' ? server.status : null,
    server: (server.kind === 'http' && server.software) || null,
    client_version: knownValue(clientVersion) ?? null,
    chain_id: examined.chainId ?? null,
    block_height: examined.blockHeight ?? null,
    lag_blocks: lag ?? null,
    block_hash: hash ?? null,
    fork: forkOf(pool.agreement, hash) ?? null,
    logs_range: amountJson(logsRange),
    batch: amountJson(batch),
    archive: knownValue(archive) ?? null,
    websocket: knownValue(webSocket)?.accepts ?? null,
    questions: examined.questions,
    reasons: reasonsOf(examined),
  };
}

function isServed({ kind }: Server): boolean {
  return kind === 'ethereum' || kind === 'json-rpc' || kind === 'http';
}

/** `most` is null where nothing was refused. */
function amountJson(finding: Finding<{ readonly least: number; readonly most: number | undefined }>) {
  const amount = knownValue(finding);
  return amount === undefined ? null : { least: amount.least, most: amount.most ?? null };
}

/** Why something is null. */
function reasonsOf({ server, ...examined }: Examined): Readonly<Record<string, string>> {
  const findings: Readonly<Record<string, Finding<unknown>>> = {
    client_version: examined.clientVersion,
    block_hash: examined.blockHash,
    logs_range: examined.logsRange,
    batch: examined.batch,
    archive: examined.archive,
    websocket: examined.webSocket,
  };
  const reasons = Object.entries(findings).flatMap(([name, finding]) =>
    finding.kind === 'known'
      ? []
      : [[name, finding.kind === 'untold' ? finding.why : `not tried: ${finding.why}`] as const],
  );
  const own = reasonOfServer(server);
  return Object.fromEntries(own === undefined ? reasons : [['serves', own], ...reasons]);
}

function reasonOfServer(server: Server): string | undefined {
  switch (server.kind) {
    case 'ethereum':
    case 'json-rpc':
    case 'http':
      return undefined;
    case 'refuses':
      return server.why;
    case 'unreachable':
      return server.problem;
    case 'not-tried':
      return `not tried: ${server.why}`;
    default:
      return server satisfies never;
  }
}

function rounded(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms * 10) / 10;
}
