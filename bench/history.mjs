// What do the figures of the last 15 minutes cost? bench/README.md
import { ensureBuilt } from './lib/build.mjs';
import { median, printTable, shown } from './lib/figures.mjs';
import { readFlags } from './lib/flags.mjs';

const { rounds, sizes } = readFlags({ rounds: 7, sizes: ['3', '30', '300'] });
ensureBuilt();
const { History } = await import('../dist/metrics/history.js');
const { Overview } = await import('../dist/admin/live/overview.js');
const { RecentEvents } = await import('../dist/admin/live/recent-events.js');
const { PoolIdentity, UpstreamIdentity } = await import('../dist/events.js');

/** Of each kind in a round: a second of 20,000 requests, thrice. */
const EVENTS = 60_000;
const SECONDS = 900;

/** Nanoseconds of each call. */
function timed(calls, run) {
  const startMs = performance.now();
  for (let i = 0; i < calls; i++) run(i);
  return ((performance.now() - startMs) * 1e6) / calls;
}

function setUp(size) {
  // Time passes as told, but reading it costs what it costs the daemon.
  let movedMs = 0;
  const clock = {
    monotonicMs: () => performance.now() + movedMs,
    wallMs: () => Date.now() + movedMs,
  };
  const pool = new PoolIdentity('default');
  const upstreams = Array.from({ length: size }, (_, i) => new UpstreamIdentity(`u${i}`, 'primary', pool));
  const history = new History(clock);
  const request = { type: 'request-finished', pool, result: 'answered', status: 200, durationMs: 0 };
  const attempts = upstreams.map((upstream) => ({
    type: 'attempt-finished',
    upstream,
    result: 'answered',
    tunnel: false,
    durationMs: 0,
  }));
  const hear = (event, i) => {
    event.durationMs = 10 + (i % 97);
    history.hear(event);
  };
  const all = [{ identity: pool, registry: { all: upstreams.map((identity) => ({ identity })) } }];
  const recent = new RecentEvents(clock);
  return {
    overview: new Overview({ clock, history, recent, pools: () => ({ all }) }),
    pass: (ms) => (movedMs += ms),
    hearRequest: (i) => hear(request, i),
    hearAttempt: (i) => hear(attempts[i % size], i),
  };
}

/** How long reading all takes, and the longest time in which nothing else is done. */
async function reading(overview) {
  const startMs = performance.now();
  let longestMs = 0;
  let lastMs = startMs;
  const look = () => {
    longestMs = Math.max(longestMs, performance.now() - lastMs);
    lastMs = performance.now();
    if (!done) setImmediate(look);
  };
  let done = false;
  setImmediate(look);
  const pieces = await overview.history();
  const length = pieces.reduce((size, piece) => size + piece.length, 0);
  done = true;
  longestMs = Math.max(longestMs, performance.now() - lastMs);
  return { ms: performance.now() - startMs, longestMs, length };
}

const rows = [];
for (const size of sizes.map(Number)) {
  const before = process.memoryUsage().arrayBuffers;
  const { overview, pass, hearRequest, hearAttempt } = setUp(size);
  for (let second = 0; second < SECONDS; second++) {
    for (let i = 0; i < 2 * size; i++) hearAttempt(i);
    for (let i = 0; i < 20; i++) hearRequest(i);
    pass(1_000);
  }
  const figures = [];
  for (let round = 0; round < rounds; round++) {
    const request = timed(EVENTS, hearRequest);
    const attempt = timed(EVENTS, hearAttempt);
    const first = timed(20, () => {
      pass(1_000);
      for (let i = 0; i < size; i++) hearAttempt(i);
    });
    figures.push({ request, attempt, first: first / size, ...(await reading(overview)) });
  }
  const of = (kind) => median(figures.map((each) => each[kind]));
  const kilobytes = (process.memoryUsage().arrayBuffers - before) / 1_024;
  const times = [shown(of('request')), shown(of('attempt')), shown(of('first'))];
  const read = [shown(of('ms'), 1), shown(of('longestMs'), 1), shown(of('length') / 1_024)];
  rows.push([size, ...times, ...read, shown(kilobytes)]);
}
const headings = [
  'ns/request',
  'ns/attempt',
  'ns/first of a second',
  'ms/reading',
  'longest ms',
  'kB of JSON',
];
printTable(['upstreams', ...headings, 'kB held'], rows);
