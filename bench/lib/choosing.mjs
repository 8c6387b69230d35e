// One process for each strategy and size, so that V8 compiles it as in a daemon that has only this one.
// Prints one line of JSON. Arguments: strategy, number of upstreams, rounds.
import { Candidates } from '../../dist/balancer/candidates.js';
import { systemClock } from '../../dist/clock.js';
import { Announcer } from '../../dist/events.js';
import { latencyKeyOf } from '../../dist/rpc/method-kinds.js';
import { strategies } from '../../dist/strategies/index.js';
import { hashOf, Rendezvous } from '../../dist/strategies/rendezvous.js';
import { Availability } from '../../dist/upstreams/availability.js';
import { Quarantine } from '../../dist/upstreams/quarantine.js';
import { Registry } from '../../dist/upstreams/registry.js';
import { StandingChanges } from '../../dist/upstreams/standing-changes.js';
import { Upstream } from '../../dist/upstreams/upstream.js';
import { median } from './figures.mjs';

const [name, sizeText, roundsText] = process.argv.slice(2);
const size = Number(sizeText);
/** Attempts in flight, as a busy daemon has them. */
const IN_FLIGHT = 64;
const ROUND_MS = 30;
/** So few that no garbage collection comes between. */
const COUNTED = 200;

const clock = systemClock;
const random = Math.random;
const upstreams = Array.from({ length: size }, (_, i) => {
  const url = new URL(`http://u${i}.example`);
  return new Upstream({ url, name: `u${i}`, tier: 'primary', weight: 1 + (i % 3) }, clock.monotonicMs());
});
let turn = 0;

/** `sticky` is the order for one of 256 clients. */
function create() {
  if (name !== 'sticky') return strategies[name]({ clock, random });
  const rendezvous = new Rendezvous();
  const clients = Array.from({ length: 256 }, (_, i) => `192.0.2.${i}`);
  return { order: (listed) => rendezvous.order(listed, hashOf(clients[turn & 255])) };
}

const changes = new StandingChanges();
const registry = new Registry(upstreams, changes);
const quarantine = new Quarantine({ timeToLive: 'auto', clock, random, announcer: new Announcer(), changes });
const source = {
  availability: new Availability({ registry, quarantine }, changes, clock),
  strategies: { primary: create(), fallback: create() },
};
const room = { has: () => true, freeAtMs: () => Number.POSITIVE_INFINITY };
const asker = { countsAsTrial: true, kind: 'eth_call', latencyKey: latencyKeyOf('eth_call'), startedMs: 0 };
for (const upstream of upstreams) source.strategies.primary.observe?.(upstream, 5 + 20 * random());

const anyone = { prefers: () => true, accepts: () => true };
const underWay = [];

/** What a request does: chooses, is in flight for a while, and ends. */
function choose() {
  const { upstream } = new Candidates(source, room, asker).next(anyone);
  upstream.inFlight += 1;
  const place = turn++ % IN_FLIGHT;
  if (underWay[place]) underWay[place].inFlight -= 1;
  underWay[place] = upstream;
}

let copied;
function copy() {
  copied = upstreams.slice();
}

/** Nanoseconds of one call. */
function time(run, calls) {
  const start = performance.now();
  for (let i = 0; i < calls; i++) run();
  return ((performance.now() - start) / calls) * 1e6;
}

/** So many calls as take about a round. */
function callsFor(run) {
  time(run, 20_000);
  return Math.max(1_000, Math.ceil((ROUND_MS * 1e6) / time(run, 5_000)));
}

/** Bytes allocated by one call. */
function allocated(run) {
  const counts = Array.from({ length: 31 }, () => {
    globalThis.gc();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < COUNTED; i++) run();
    return process.memoryUsage().heapUsed - before;
  });
  return Math.min(...counts);
}

const calls = [choose, copy].map(callsFor);
const turns = Array.from({ length: Number(roundsText) }, () => [
  time(choose, calls[0]),
  time(copy, calls[1]),
]);
const nothing = allocated(() => {});
console.log(
  JSON.stringify({
    ns: median(turns.map(([choice]) => choice)),
    ratio: median(turns.map(([choice, plain]) => choice / plain)),
    bytes: Math.max(0, allocated(choose) - nothing) / COUNTED,
    length: copied.length,
  }),
);
