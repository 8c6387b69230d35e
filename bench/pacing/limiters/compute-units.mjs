// Units by method, which the pacer is not told: Alchemy's bucket of 10 s, CDP's credits in 5 s.

import { FixedWindow, RollingWindow, TokenBucket } from '../../lib/limits.mjs';
import { Limiter } from '../lib/limiter.mjs';

const ALCHEMY = {
  eth_blockNumber: 10,
  eth_getBalance: 20,
  eth_call: 26,
  eth_sendRawTransaction: 40,
  eth_getLogs: 60,
};
const CDP = {
  eth_blockNumber: 20,
  eth_getBalance: 20,
  eth_call: 30,
  eth_sendRawTransaction: 100,
  eth_getLogs: 75,
};
const SHARES = {
  eth_blockNumber: 0.3,
  eth_getBalance: 0.2,
  eth_call: 0.35,
  eth_sendRawTransaction: 0.05,
  eth_getLogs: 0.1,
};
const meanOf = (costs) =>
  Object.entries(SHARES).reduce((sum, [method, share]) => sum + share * costs[method], 0);

const kind = (name, costs, units, makeShape, windowSeconds) => ({
  name,
  goal: 0.93,
  shares: SHARES,
  costs,
  windowSeconds,
  rps: units / meanOf(costs),
  make: ({ random, scale = 1 }) =>
    new Limiter({ shape: makeShape(units * scale, random), costOf: (method) => costs[method] }),
});

export default [
  kind('units, bucket of 10 s, 500/s', ALCHEMY, 500, (units) => new TokenBucket(units, units * 10), 10),
  kind('units, rolling 10 s, 500/s', ALCHEMY, 500, (units) => new RollingWindow(units * 10, 10_000), 10),
  kind(
    'units, fixed 5 s, 1,500/s',
    CDP,
    1500,
    (units, random) => new FixedWindow(units * 5, 5000, random() * 5000),
    5,
  ),
];
