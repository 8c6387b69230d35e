// Upstreams behind one daemon: what one refuses another one takes.

import { FixedWindow, TokenBucket } from '../../lib/limits.mjs';
import { seededRandom } from '../../lib/seeded-random.mjs';
import { Limiter } from './limiter.mjs';
import { simulate } from './simulation.mjs';

const BUCKETS = [50, 100, 150, 200, 250];
const BANS = [10, 20, 30, 40, 50];
const MIX = [{ share: 1, method: 'eth_call' }];
/** What arrives in the last two seconds may not be answered in time. */
const LAST_MS = 2000;

/**
 * @param makeControllers one for each of so many
 * @returns good share of the requests from the first one on; accepted calls a second and the refused share of calls
 *   without the first `learnSeconds`, and how many were refused of each upstream
 */
function runPool(makeControllers, limiters, { offered, seed, rttMs = 50, seconds, learnSeconds }) {
  const count = { arrived: 0, good: 0, accepted: 0, refused: limiters.map(() => 0) };
  const controllers = makeControllers(limiters.length);
  simulate({
    upstreams: limiters.map((limiter, index) => ({ limiter, controller: controllers[index] })),
    offered: () => offered,
    mix: MIX,
    random: seededRandom(seed),
    seconds,
    rttMs,
    onEvent(what, index, { arrivedMs }, nowMs) {
      if (what === 'arrived' && arrivedMs < seconds * 1000 - LAST_MS) count.arrived += 1;
      if (what === 'good' && arrivedMs < seconds * 1000 - LAST_MS) count.good += 1;
      if (nowMs < learnSeconds * 1000) return;
      if (what === 'accepted') count.accepted += 1;
      if (what === 'refused') count.refused[index] += 1;
    },
  });
  const refused = count.refused.reduce((sum, each) => sum + each, 0);
  return {
    goodShare: count.good / count.arrived,
    perSecond: count.accepted / (seconds - learnSeconds),
    waste: refused / (count.accepted + refused),
    refusedOfEach: count.refused,
  };
}

/** Small buckets that allow 750 calls a second together. */
export function runBuckets(makeControllers, { seconds = 120, learnSeconds = 30, ...options }) {
  const limiters = BUCKETS.map((rate) => new Limiter({ shape: new TokenBucket(rate, rate / 10) }));
  return runPool(makeControllers, limiters, { seconds, learnSeconds, ...options });
}

/** Fixed seconds that allow 150 calls a second together; each refusal refuses everything for half a minute. */
export function runBans(makeControllers, { seconds = 900, learnSeconds = 300, ...options }) {
  const limiters = BANS.map((rate) => new Limiter({ shape: new FixedWindow(rate, 1000), banMs: 30_000 }));
  return runPool(makeControllers, limiters, { seconds, learnSeconds, ...options });
}

/** Allows everything, except for a time. */
class Outage {
  constructor(fromMs, untilMs) {
    Object.assign(this, { fromMs, untilMs });
  }
  take(_units, nowMs) {
    return nowMs < this.fromMs || nowMs >= this.untilMs;
  }
}

/**
 * So many upstreams refuse everything for `outSeconds` at the same time.
 * @returns after how many seconds the first good answer comes, and the good share by 2 s from then on
 */
export function runOutage(makeControllers, { upstreams, offered, seed, beforeSeconds, outSeconds }) {
  const fromMs = beforeSeconds * 1000;
  const untilMs = fromMs + outSeconds * 1000;
  const arrived = [0, 0, 0, 0, 0];
  const good = [0, 0, 0, 0, 0];
  let backMs = Infinity;
  const controllers = makeControllers(upstreams);
  simulate({
    upstreams: controllers.map((controller) => ({
      limiter: new Limiter({ shape: new Outage(fromMs, untilMs) }),
      controller,
    })),
    offered: () => offered,
    mix: MIX,
    random: seededRandom(seed),
    seconds: beforeSeconds + outSeconds + 12,
    rttMs: 30,
    onEvent(what, _index, { arrivedMs }, nowMs) {
      if (what === 'good' && nowMs >= untilMs) backMs = Math.min(backMs, nowMs);
      const at = Math.floor((arrivedMs - untilMs) / 2000);
      if (at < 0 || at >= arrived.length) return;
      if (what === 'arrived') arrived[at] += 1;
      if (what === 'good') good[at] += 1;
    },
  });
  return { backSeconds: (backMs - untilMs) / 1000, goodShares: good.map((count, at) => count / arrived[at]) };
}
