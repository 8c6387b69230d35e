/** Advice on upstreams that clients will have trouble with, although the check may say that they are up. */

import { settingName } from '../../../config/sources/pool-names.ts';
import type { Server } from '../finding.ts';
import type { FoundPool, FoundUpstream } from '../found.ts';
import { type Advice, advisor, grouped, namesIn, verb, withCommas } from './advice.ts';

const WARN_DAYS = 14;
/** Date has whole seconds, and an answer takes its time. */
const CLOCK_MS = 30_000;

export function adviceOnTrouble(pool: FoundPool): Advice[] {
  return [
    ...unknownChain(pool),
    ...refused(pool),
    ...otherChain(pool),
    ...otherFork(pool),
    ...lagging(pool),
    ...withoutRpc(pool),
    ...certificates(pool),
    ...clocks(pool),
    ...cutShort(pool),
  ];
}

/** A check that meets a rate limit says that they are up, and nothing else of them. */
function unknownChain(pool: FoundPool): Advice[] {
  const up = pool.upstreams.filter(({ isUp }) => isUp);
  const isUnchecked = ({ isLimited, examined }: FoundUpstream) => isLimited && examined.chainId === undefined;
  if (pool.probe !== 'rpc' || up.length === 0 || !up.every(isUnchecked)) return [];
  const were = verb(up, 'was', 'were');
  const text = `Nothing could be checked, since ${namesIn(up)} ${were} rate-limited: the chain is not known. Try again later.`;
  return [advisor(pool)('chain-unknown', up, text)];
}

/** Else a dash would look like an answer. */
function cutShort(pool: FoundPool): Advice[] {
  const those = pool.upstreams.filter(({ examined }) => examined.isCutShort);
  if (those.length === 0) return [];
  const were = verb(those, 'was', 'were');
  const text = `${namesIn(those)} ${were} not examined to the end: the check gives all of them together 20 seconds.`;
  return [advisor(pool)('not-examined', those, text)];
}

const MEANING = {
  'not authorized': 'is the key in the URL, or header=, right and still valid?',
  'plan used up': 'the plan is used up, or does not allow this; the provider’s page tells.',
  'rate-limited': 'a limit was met by the first question already, so nothing else was tried.',
} as const;

function refused(pool: FoundPool): Advice[] {
  const advise = advisor(pool);
  const byRefusal = grouped(pool.upstreams, ({ examined: { server } }) =>
    server.kind === 'refuses' ? server.why : undefined,
  );
  const byFailure = grouped(pool.upstreams, ({ isUp, examined: { server } }) =>
    isUp && server.kind === 'unreachable' ? server.problem : undefined,
  );
  return [
    ...byRefusal.map(([why, those]) => {
      const refuses = verb(those, 'refuses', 'refuse');
      return advise('refused', those, `${namesIn(those)} ${refuses} calls (${why}): ${MEANING[why]}`);
    }),
    ...byFailure.map(([problem, those]) => {
      const accepts = verb(those, 'accepts', 'accept');
      const text = `${namesIn(those)} ${accepts} connections, but calls fail: ${problem}.`;
      return advise('fails-beyond-check', those, text);
    }),
  ];
}

/** What the probe itself has found is in the table. */
function otherChain(pool: FoundPool): Advice[] {
  if (pool.probe === 'rpc') return [];
  const advise = advisor(pool);
  const told = pool.upstreams.filter(({ examined }) => examined.chainId !== undefined);
  const chains = [...new Set(told.map(({ examined }) => examined.chainId))];
  const right = pool.chainId;
  if (right === undefined && chains.length > 1) {
    const setting = settingName('CHAIN_ID', pool.settings.name);
    const text = `They are on different chains: ${chains.join(', ')}. Set ${setting}.`;
    return [advise('other-chain', told, text)];
  }
  const others = grouped(told, ({ examined: { chainId } }) => (chainId === right ? undefined : chainId));
  return others.map(([chainId, those]) => {
    const [are, them] = [verb(those, 'is', 'are'), verb(those, 'it', 'them')];
    const text = `${namesIn(those)} ${are} on chain ${chainId} instead of ${right}; only HEALTH_CHECK=rpc takes ${them} out.`;
    return advise('other-chain', those, text);
  });
}

function otherFork(pool: FoundPool): Advice[] {
  const { agreement, upstreams } = pool;
  const advise = advisor(pool);
  const found = (name: string) => upstreams.filter(({ upstream }) => upstream.name === name);
  switch (agreement.kind) {
    case 'unknown':
      return [];
    case 'undecided': {
      const told = agreement.votes.map(({ name, hash }) => `${short(hash)} at ${name}`).join(', ');
      const text = `They disagree about block ${withCommas(agreement.block)}, and no hash has a majority: ${told}.`;
      return [
        advise(
          'other-fork',
          agreement.votes.flatMap(({ name }) => found(name)),
          text,
        ),
      ];
    }
    case 'decided':
      return agreement.others.map(({ name, hash }) => {
        const there = `${short(agreement.hash)} at ${agreement.votes} others`;
        const text = `${name} is on another fork: block ${withCommas(agreement.block)} has the hash ${short(hash)} here, ${there}.`;
        return advise('other-fork', found(name), text);
      });
    default:
      return agreement satisfies never;
  }
}

function short(hash: string): string {
  return `${hash.slice(0, 10)}…`;
}

function lagging(pool: FoundPool): Advice[] {
  const { maxBlockLag } = pool.settings;
  const consequence =
    pool.probe === 'rpc' ? 'it is asked after the others' : 'only HEALTH_CHECK=rpc would notice';
  return pool.upstreams.flatMap((each): Advice[] => {
    const { lag = 0, upstream } = each;
    const behind = `${upstream.name} is ${withCommas(lag)} blocks behind (MAX_BLOCK_LAG=${maxBlockLag}): ${consequence}.`;
    const ahead = `${upstream.name} says that it is ${withCommas(-lag)} blocks ahead of all others, which is not believed.`;
    return lag > maxBlockLag || lag < 0 ? [advisor(pool)('lag', [each], lag < 0 ? ahead : behind)] : [];
  });
}

const isRpc = ({ kind }: Server) => kind === 'ethereum' || kind === 'json-rpc';

/** Where others of the pool answer JSON-RPC, or should: then a path is probably wrong. */
function withoutRpc(pool: FoundPool): Advice[] {
  const isExpected = pool.probe === 'rpc' || pool.upstreams.some(({ examined }) => isRpc(examined.server));
  if (!isExpected || pool.probe === 'http') return [];
  const byStatus = grouped(pool.upstreams, ({ examined: { server } }) =>
    server.kind === 'http' ? server.status : undefined,
  );
  return byStatus.map(([status, those]) => {
    const answers = `${verb(those, 'answers', 'answer')} no JSON-RPC at ${verb(those, 'its URL', 'their URLs')}`;
    const text = `${namesIn(those)} ${answers} (HTTP ${status}): are path and key right?`;
    return advisor(pool)('no-json-rpc', those, text);
  });
}

function certificates(pool: FoundPool): Advice[] {
  const advise = advisor(pool);
  const ending = pool.upstreams.filter(({ examined }) => (examined.tlsDaysLeft ?? WARN_DAYS) < WARN_DAYS);
  const insecure = pool.upstreams.filter(({ upstream }) => !upstream.verification.rejectUnauthorized);
  return [
    ...ending.map((each) => advise('certificate-ends', [each], endsText(each))),
    ...(insecure.length === 0
      ? []
      : [
          advise(
            'insecure',
            insecure,
            `The certificate of ${namesIn(insecure)} is not verified (insecure=true): anybody in between can read and answer. Use ca=FILE for an authority of your own.`,
          ),
        ]),
  ];
}

function endsText({ upstream, examined }: FoundUpstream): string {
  const days = examined.tlsDaysLeft ?? 0;
  if (days < 0) return `The certificate of ${upstream.name} has expired.`;
  return `The certificate of ${upstream.name} ends in ${days} ${days === 1 ? 'day' : 'days'}.`;
}

function clocks(pool: FoundPool): Advice[] {
  const told = pool.upstreams.filter(({ examined }) => examined.clockAheadMs !== undefined);
  const off = told.filter(({ examined }) => Math.abs(examined.clockAheadMs ?? 0) > CLOCK_MS);
  if (off.length === 0) return [];
  const advise = advisor(pool);
  const seconds = (each: FoundUpstream) => Math.round(Math.abs(each.examined.clockAheadMs ?? 0) / 1_000);
  const [first] = off;
  if (first && off.length > 1 && off.length === told.length)
    return [
      advise(
        'clock',
        off,
        `This machine’s clock seems to be wrong: it differs by ${withCommas(seconds(first))} s from that of ${namesIn(off)}. Dates in Retry-After and certificates are then misread.`,
      ),
    ];
  const are = off.map((each) => `${each.upstream.name} (${withCommas(seconds(each))} s)`).join(', ');
  return [advise('clock', off, `The ${verb(off, 'clock', 'clocks')} of ${are} and of this machine differ.`)];
}
