// What does a fleet of replicas send through Redis, and how soon do all know the same? bench/README.md
import { ensureBuilt } from '../lib/build.mjs';
import { readFlags } from '../lib/flags.mjs';

const { replicas, upstreams, seed } = readFlags({ replicas: 100, upstreams: 50, seed: 1 });
ensureBuilt();
const { Fleet } = await import('./lib/fleet.mjs');

const seconds = (ms) => (ms === undefined ? 'not' : `${(ms / 1_000).toFixed(ms < 995 ? 3 : 1)} s`);
const bytes = (count) =>
  count < 10_000
    ? `${Math.round(count)} B`
    : count < 1e6
      ? `${Math.round(count / 1e3)} kB`
      : `${(count / 1e6).toFixed(1)} MB`;

async function begin(options = {}) {
  const fleet = new Fleet({ replicas, upstreams, seed, ...options });
  await fleet.pass(10_000);
  return fleet;
}

console.log(
  `${replicas} replicas, ${upstreams} upstreams, one Redis that answers in 1 to 3 ms; simulated, seed ${seed}.\n`,
);
console.log(
  '| for a minute | commands/s, each replica | all | bytes/s, each replica | all | messages/s heard |',
);
console.log('|---|---|---|---|---|---|');
for (const [name, prepare] of [
  ['nothing happens', () => {}],
  ['every budget is limited and in use everywhere', (fleet) => fleet.useBudgets()],
  ['10 upstreams fail and come back all the time', (fleet) => fleet.flap(10)],
]) {
  const fleet = await begin();
  prepare(fleet);
  await fleet.pass(10_000);
  const { redis } = fleet;
  redis.resetCounts();
  await fleet.pass(60_000);
  const [commands, sent, heard] = [redis.commands, redis.bytes, redis.heard].map((count) => count / 60);
  const cells = [commands / replicas, commands].map((count) => count.toFixed(1));
  cells.push(bytes(sent / replicas), bytes(sent), (heard / replicas).toFixed(1));
  console.log(`| ${name} | ${cells.join(' | ')} |`);
}

console.log('\n| since it has happened | until all know the same | until Redis has it |');
console.log('|---|---|---|');
for (const [name, happen, options] of [
  ['one replica has found an upstream out of order', (fleet) => fleet.failAt(0, [0])],
  ['the same, where every second message is lost', (fleet) => fleet.failAt(0, [0]), { loss: 0.5 }],
  [
    'half of the upstreams have failed, the last replica has found out for itself',
    (fleet) => fleet.outage(0.5),
  ],
  ['they have come back, found out in the same way', (fleet) => fleet.recovery(0.5)],
  ['Redis was restarted, empty', (fleet) => fleet.restartRedis()],
  ['a replica has joined', (fleet) => fleet.join()],
]) {
  const fleet = await begin(options);
  const { allMs, storedMs } = await fleet.timeToAgree(happen);
  console.log(`| ${name} | ${[allMs, storedMs].map(seconds).join(' | ')} |`);
}
