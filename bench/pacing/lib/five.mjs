// Five upstreams behind one daemon: what one refuses another one takes.

import { TokenBucket } from '../../lib/limits.mjs';
import { seededRandom } from '../../lib/seeded-random.mjs';
import { Limiter } from './limiter.mjs';
import { simulate } from './simulation.mjs';

const RATES = [50, 100, 150, 200, 250];

/** From the first request on; the refused share without the first `learnSeconds`. */
export function runFive(makeController, { offered, seed, rttMs = 50, seconds = 120, learnSeconds = 30 }) {
  const random = seededRandom(seed);
  const count = { arrived: 0, good: 0, late: 0, accepted: 0, refused: 0 };
  simulate({
    upstreams: RATES.map((rate) => ({
      limiter: new Limiter({ shape: new TokenBucket(rate, rate / 10) }),
      controller: makeController(),
    })),
    offered: () => offered,
    mix: [{ share: 1, method: 'eth_call' }],
    random,
    seconds,
    rttMs,
    onEvent(what, _index, { arrivedMs }, nowMs) {
      if (what === 'arrived' && arrivedMs < (seconds - 2) * 1000) count.arrived += 1;
      if (what === 'good' && arrivedMs < (seconds - 2) * 1000) count.good += 1;
      if (nowMs < learnSeconds * 1000) return;
      if (what === 'accepted' || what === 'refused') count[what] += 1;
    },
  });
  return {
    goodShare: count.good / count.arrived,
    perSecond: count.accepted / (seconds - learnSeconds),
    waste: count.refused / (count.accepted + count.refused),
  };
}
