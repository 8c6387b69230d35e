/** Prints a check for people: what is set, what was found, what is advised. */

import type { MaskedSetting } from '../../config/masked-settings.ts';
import { DEFAULT_SOURCE } from '../../config/sources/merge.ts';
import { settingName } from '../../config/sources/pool-names.ts';
import { type Advice, withCommas } from './advice/advice.ts';
import { forkOf } from './agreement.ts';
import { type Amount, type Finding, knownValue, type Server } from './finding.ts';
import type { Found, FoundPool, FoundRedis, FoundUpstream } from './found.ts';
import { cut } from './shown-text.ts';
import { table, withoutEmptyColumns, wrap } from './table.ts';

const DASH = '–';
/** Wider values of settings don't push the sources of all others to the right. */
const WIDEST_VALUE = 64;
/** Narrower terminals break the lines themselves. */
const LEAST_WIDTH = 72;
const WIDEST_SOFTWARE = 40;
/** Reasons that are shown of one pool; the JSON document has all. */
const MOST_UNTOLD = 20;

/** First those that are set, each with where it comes from; the others are only counted. */
export function settingsLines(settings: readonly MaskedSetting[]): string[] {
  const set = settings.filter(([, , source]) => source !== DEFAULT_SOURCE);
  const others = settings.length - set.length;
  const rows = set.flatMap(([name, text, source]) =>
    // Each upstream of a list on its own line.
    text.split(/, (?=\S)/).map((part, at) => (at === 0 ? [name, part, source] : ['', part])),
  );
  return [
    'Settings',
    ...indented(table(rows, WIDEST_VALUE)),
    `  ${others} others have their defaults (--format=json lists them).`,
  ];
}

/** All that was found, then what is advised, then in one line how it went. `width`: characters in a line. */
export function foundLines({ pools, redis }: Found, advice: readonly Advice[], width: number): string[] {
  const wide = Math.max(LEAST_WIDTH, width);
  const isNamed = pools.some(({ settings }) => settings.name !== undefined);
  const all = pools.flatMap(({ upstreams }) => upstreams);
  return [
    ...pools.flatMap((pool) => ['', ...poolLines(pool, { isNamed, width: wide })]),
    ...redisLines(redis),
    ...adviceLines(advice, { isNamed, width: wide }),
    '',
    ...(isNamed ? [] : pools.flatMap((pool) => undecidedLine(pool))),
    summary(all.filter(({ isUp }) => !isUp).length, all.length),
  ];
}

/** Why all is not well in a pool as such. */
export function undecidedLine({ undecided, settings }: FoundPool): string[] {
  if (undecided === undefined) return [];
  return [`They are on different chains: ${undecided}; set ${settingName('CHAIN_ID', settings.name)}.`];
}

function redisLines(redis: FoundRedis | undefined): string[] {
  if (!redis) return [];
  const { shown, problem } = redis;
  const state = problem === undefined ? 'answers' : `does not work: ${problem}`;
  return ['', 'Redis', `  ${shown}  ${state}`];
}

interface Layout {
  readonly isNamed: boolean;
  readonly width: number;
}

function poolLines(pool: FoundPool, { isNamed, width }: Layout): string[] {
  const { name, probe, upstreams } = pool;
  const offers = upstreams.filter(({ examined }) => examined.server.kind !== 'not-tried');
  const rows = withoutEmptyColumns(
    [HEADINGS, ...offers.map((each) => offerRow(each, shownFork(each, pool)))],
    DASH,
  );
  return [
    isNamed ? `Pool ${name} (probe: ${probe})` : `Upstreams (probe: ${probe})`,
    ...indented(table(upstreams.map(stateRow))),
    ...(isNamed ? indented(undecidedLine(pool)) : []),
    ...(rows.length > 1 ? ['', ...fitted(indented(table(rows)), width)] : []),
    ...indented(upstreams.flatMap(untoldLines))
      .slice(0, MOST_UNTOLD)
      .map((line) => cut(line, width)),
  ];
}

function stateRow(found: FoundUpstream): string[] {
  const { name, tier, origin } = found.upstream;
  return [name, tier, origin, found.isUp ? 'up' : 'down', found.problem ?? detailsOf(found).join(', ')];
}

function detailsOf({ ms, isLimited, examined: { chainId, blockHeight } }: FoundUpstream): string[] {
  return [
    `${ms} ms`,
    ...(chainId === undefined ? [] : [`chain ${chainId}`]),
    ...(blockHeight === undefined ? [] : [`block ${blockHeight}`]),
    ...(isLimited ? ['rate-limited'] : []),
  ];
}

const SOFTWARE = 'software';
const HEADINGS = ['', 'latency', 'TLS', 'lag', 'fork', 'logs', 'batch', 'archive', 'WS', SOFTWARE];

function offerRow({ upstream, examined, lag }: FoundUpstream, fork: string | undefined): string[] {
  const { latencyMs, tlsDaysLeft, logsRange, batch, archive, webSocket } = examined;
  const dashOr = (text: string | undefined) => text ?? DASH;
  return [
    upstream.name,
    dashOr(latencyMs === undefined ? undefined : `${Math.round(latencyMs)} ms`),
    dashOr(tlsDaysLeft === undefined ? undefined : `${tlsDaysLeft} days`),
    dashOr(lag === undefined ? undefined : withCommas(lag)),
    dashOr(fork),
    cell(logsRange, amountText),
    cell(batch, amountText),
    cell(archive, ({ has }) => (has ? 'yes' : 'no')),
    cell(webSocket, ({ accepts, status }) => (accepts ? 'yes' : `no (${status})`)),
    softwareOf(examined.server, knownValue(examined.clientVersion)),
  ];
}

/** Why there is a question mark. */
function untoldLines({ upstream, examined }: FoundUpstream): string[] {
  const { blockHash, logsRange, batch, archive, webSocket } = examined;
  const findings: Readonly<Record<string, Finding<unknown>>> = {
    fork: blockHash,
    logs: logsRange,
    batch,
    archive,
    WS: webSocket,
  };
  return Object.entries(findings).flatMap(([name, finding]) =>
    finding.kind === 'untold' ? [`${upstream.name}: ${name}: ${finding.why}`] : [],
  );
}

function cell<T>(finding: Finding<T>, textOf: (value: T) => string): string {
  return finding.kind === 'known' ? textOf(finding.value) : finding.kind === 'untold' ? '?' : DASH;
}

/** `10` is the limit, `1,000+` the largest that was tried, `10–999` is where the limit lies. */
export function amountText({ least, most }: Amount): string {
  if (most === undefined) return `${withCommas(least)}+`;
  if (most === least) return most === 0 ? 'no' : withCommas(most);
  return least === 0 ? `under ${withCommas(most + 1)}` : `${withCommas(least)}–${withCommas(most)}`;
}

function softwareOf(server: Server, version: string | undefined): string {
  switch (server.kind) {
    case 'ethereum':
      return version === undefined ? DASH : cut(nameAndVersion(version), WIDEST_SOFTWARE);
    case 'json-rpc':
      return 'JSON-RPC, not Ethereum';
    case 'http':
      return [`HTTP ${server.status}`, ...(server.software === undefined ? [] : [server.software])].join(
        ', ',
      );
    case 'refuses':
      return server.why;
    case 'unreachable':
      return server.problem;
    case 'not-tried':
      return DASH;
    default:
      return server satisfies never;
  }
}

/** Cuts the last column, which is the least important, but not all of it. */
function fitted(lines: readonly string[], width: number): string[] {
  const last = lines[0]?.indexOf(SOFTWARE) ?? -1;
  return last < 0 ? [...lines] : lines.map((line) => cut(line, Math.max(width, last + SOFTWARE.length)));
}

/** Of `Geth/v1.14.12-stable-293a300d/linux-amd64/go1.23.4` the first two parts. */
function nameAndVersion(version: string): string {
  return version.split('/').slice(0, 2).join('/');
}

/** Only where somebody is on another one. */
function shownFork({ examined }: FoundUpstream, { agreement }: FoundPool): string | undefined {
  const isOne = agreement.kind !== 'decided' || agreement.others.length === 0;
  const fork = isOne ? undefined : forkOf(agreement, knownValue(examined.blockHash));
  return fork === 'same' ? 'main' : fork;
}

function adviceLines(advice: readonly Advice[], { isNamed, width }: Layout): string[] {
  if (advice.length === 0) return [];
  const lines = advice.flatMap(({ pool, text }) => {
    const about = isNamed && pool !== undefined ? `${pool}: ` : '';
    const [first = '', ...rest] = wrap(`${about}${text}`, width - 4);
    return [`  - ${first}`, ...rest.map((line) => `    ${line}`)];
  });
  return ['', 'Advice', ...lines];
}

function summary(down: number, all: number): string {
  return down === 0 ? `All ${all} upstreams are up.` : `${down} of ${all} upstreams are down.`;
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}
