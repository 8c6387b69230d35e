import { ALL, five, LATENCY_MS, underLimits } from './shapes.mjs';

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

/** What the five allow a second: 50, 100, 150, 200 and 250, or other steps. */
const steps = (step) => ALL.map((index) => step * (index + 1));

const RATES = steps(50);
const bucket = (perSecond) => ({ kind: 'bucket', perSecond, burst: perSecond / 10 });

const buckets = underLimits({
  kind: 'buckets',
  title: 'token buckets of 50 to 250/s, 429',
  providers: five((index) => ({ limit: bucket(RATES[index]) })),
  capacity: sum(RATES),
  below: { learning: 8, seconds: 10, share: 0.5 },
  above: { learning: 8, seconds: 10, share: 0.7 },
});

const inBody = underLimits({
  kind: 'in-body',
  title: 'the same, told inside a 200',
  providers: five((index) => ({ limit: bucket(RATES[index]), refusal: 200 })),
  capacity: sum(RATES),
  below: { learning: 8, seconds: 10, share: 0.5 },
  above: { learning: 8, seconds: 10, share: 0.7 },
});

/** Calls at a time; with 20 ms each they make 1,000 a second, with 40 ms 500. */
const PLACES = [2, 3, 4, 5, 6];
const places = (ms) =>
  five((index) => ({ latencyMs: [ms, ms], limit: { kind: 'inFlight', limit: PLACES[index] } }));

const inFlight = [
  underLimits({
    kind: 'in-flight',
    title: '2 to 6 calls at a time',
    providers: places(20),
    capacity: 1_000,
    below: { times: 0.7, learning: 8, seconds: 10, share: 0.5 },
  }),
  underLimits({
    kind: 'in-flight',
    title: '2 to 6 calls at a time',
    providers: places(40),
    capacity: 500,
    above: { learning: 8, seconds: 10, share: 0.5 },
  }),
].flat();

const SMALL_RATES = steps(20);

const fixedSecond = underLimits({
  kind: 'fixed-second',
  title: '20 to 100 in each second, 429',
  providers: five((index) => ({ limit: { kind: 'fixed', limit: SMALL_RATES[index], windowMs: 1_000 } })),
  capacity: sum(SMALL_RATES),
  below: { learning: 8, seconds: 10, share: 0.3 },
  above: { learning: 8, seconds: 10, share: 0.5 },
});

const BANNING_RATES = steps(10);

const bans = underLimits({
  kind: 'bans',
  title: '10 to 50 in each second, else banned for 30 s',
  providers: five((index) => ({
    limit: { kind: 'fixed', limit: BANNING_RATES[index], windowMs: 1_000, banMs: 30_000 },
  })),
  capacity: sum(BANNING_RATES),
  below: { learning: 100, seconds: 40, share: 0.2 },
  above: { learning: 100, seconds: 40, share: 0.2 },
});

const rolling = underLimits({
  kind: 'rolling',
  title: '200 to 1,000 in any 10 s, 429',
  providers: five((index) => ({
    limit: { kind: 'rolling', limit: 10 * SMALL_RATES[index], windowMs: 10_000 },
  })),
  capacity: sum(SMALL_RATES),
  below: { learning: 30, seconds: 20, share: 0.3 },
  above: { learning: 30, seconds: 20, share: 0.3 },
});

const UNIT_RATES = steps(400);

const computeUnits = underLimits({
  kind: 'compute-units',
  title: '400 to 2,000 compute units/s by method, 429',
  providers: five((index) => ({
    limit: { kind: 'bucket', perSecond: UNIT_RATES[index], burst: UNIT_RATES[index] / 2 },
    byUnits: true,
  })),
  capacity: sum(UNIT_RATES),
  mix: { eth_getBalance: 5, eth_call: 3, eth_getLogs: 2 },
  byUnits: true,
  below: { learning: 20, seconds: 20, share: 0.3 },
  above: { learning: 20, seconds: 20, share: 0.3 },
});

const mixed = underLimits({
  kind: 'mixed',
  title: 'one of each kind, 30 to 90/s',
  providers: [
    { latencyMs: LATENCY_MS, limit: bucket(30) },
    { latencyMs: LATENCY_MS, limit: { kind: 'fixed', limit: 45, windowMs: 1_000 }, refusal: 200 },
    { latencyMs: [50, 50], limit: { kind: 'inFlight', limit: 3 } },
    {
      latencyMs: LATENCY_MS,
      limit: { kind: 'rolling', limit: 750, windowMs: 10_000 },
      refusal: 'retry-after',
    },
    { latencyMs: LATENCY_MS, limit: { kind: 'fixed', limit: 450, windowMs: 5_000 } },
  ],
  capacity: 300,
  below: { learning: 20, seconds: 20, share: 0.3 },
  above: { learning: 20, seconds: 20, share: 0.3 },
});

/** Providers that allow so much and no more. */
export const limits = [buckets, inBody, inFlight, fixedSecond, bans, rolling, computeUnits, mixed].flat();
