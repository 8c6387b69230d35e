// Whatever is announced may be written down whole: an event of every type, stringified and inspected.
import { inspect } from 'node:util';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { sentenceOf } from '../src/event-sentences.ts';
import { Announcer, type Event, UpstreamIdentity } from '../src/events.ts';
import { Names } from '../src/network/names.ts';
import { Shortages } from '../src/network/shortage.ts';
import { Hedges } from '../src/pools/hedges.ts';
import { Overload } from '../src/server/overload.ts';
import { HedgeBudget } from '../src/speed/hedge-budget.ts';
import { Speed } from '../src/speed/speed.ts';
import { Quarantine } from '../src/upstreams/quarantine.ts';
import { Registry } from '../src/upstreams/registry.ts';
import { StandingChanges } from '../src/upstreams/standing-changes.ts';
import { DOWN, INTERVAL_MS, on, setUp as setUpHealth } from './probes/scripted.ts';
import { AdminClient } from './support/admin-client.ts';
import { startApp } from './support/app.ts';
import { answer, refuseRate, rpcError } from './support/behaviours.ts';
import { FakeUpstream } from './support/fake-upstream.ts';
import { answers, startFakeWebhook, takesIt } from './support/fake-webhook.ts';
import { rpc } from './support/http-client.ts';
import { ManualClock } from './support/manual-clock.ts';
import { seededRandom } from './support/seeded-random.ts';
import { switchProtocol, TunnelClient } from './support/tunnel-client.ts';
import { upstream } from './support/upstreams.ts';
import { until } from './support/waiting.ts';

/** Stands in every secret here: in paths, queries, user-infos and the webhook, as it is and in base64. */
const SECRET = /seCret|dXNlcjpzZUNyZXQ/i;

type Source =
  | 'requests'
  | 'failures'
  | 'operators'
  | 'limits'
  | 'alerts'
  | 'checks'
  | 'latencies'
  | 'machine';

/** Where an event of each type comes from; a new type has its line here. */
const SOURCES: Readonly<Record<Event['type'], Source>> = {
  'attempt-finished': 'requests',
  'request-finished': 'requests',
  'tunnel-opened': 'requests',
  'upstream-quarantined': 'requests',
  'quarantine-extended': 'failures',
  'limit-learnt': 'requests',
  'upstream-released': 'operators',
  'limit-shared': 'limits',
  'upstream-added': 'operators',
  'upstream-removed': 'operators',
  'upstream-changed': 'operators',
  'strategy-changed': 'operators',
  'settings-reloaded': 'operators',
  'reload-refused': 'operators',
  'pool-added': 'operators',
  'pool-removed': 'operators',
  'alert-sent': 'alerts',
  'alert-lost': 'alerts',
  'alerts-resumed': 'alerts',
  'alert-failed': 'alerts',
  'upstream-down': 'checks',
  'upstream-up': 'checks',
  'upstream-kept': 'checks',
  'upstream-lagging': 'checks',
  'upstream-caught-up': 'checks',
  'chain-undecided': 'checks',
  'hedge-finished': 'latencies',
  'upstream-slow': 'latencies',
  'upstream-quick': 'latencies',
  'overload-began': 'machine',
  'overload-ended': 'machine',
  shortage: 'machine',
  'name-lost': 'machine',
  'name-found': 'machine',
};

/** All that anybody has announced in this file. */
const heard: Event[] = [];
const heardOf = (type: string) => heard.filter((event) => event.type === type);

beforeAll(async () => {
  const announce = Announcer.prototype.announce;
  vi.spyOn(Announcer.prototype, 'announce').mockImplementation(function (this: Announcer, event) {
    heard.push(event);
    announce.call(this, event);
  });
  await runProgram();
  await runLimits();
  await runChecks();
  runFailures();
  runLatencies();
  await runMachine();
});

/** Requests, what operators do, and alerts: in the program, with real upstreams. */
async function runProgram(): Promise<void> {
  const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((name) => FakeUpstream.start(name)));
  if (!a || !b || !c) throw new Error('three were started');
  const webhook = await startFakeWebhook();
  const listed = ({ port, label }: FakeUpstream) =>
    `http://user:seCret@127.0.0.1:${port}/seCret?key=seCret name=${label}`;
  const flags = ['--admin-port=0', '--error-time-to-live-minutes=5', `--slack-webhook-url=${webhook.url}`];
  const { port, url, adminUrl, reload } = await startApp({
    primaries: [listed(a)],
    fallbacks: [listed(b)],
    flags,
  });
  const admin = new AdminClient(adminUrl);
  await rpc(url, 'eth_blockNumber');
  a.next(switchProtocol());
  (await TunnelClient.open(port)).end();
  a.next(rpcError({ code: -32000, message: 'block range is too wide (maximum 10)', data: 'seCret' }));
  await rpc(url, 'eth_getLogs', [{ fromBlock: '0x1', toBlock: '0xff' }]);
  // Both refuse our credentials: an alert each.
  const refusing = answer({ status: 401, body: 'seCret' });
  a.use(refusing);
  b.use(refusing);
  webhook.answer = answers(404, 'seCret');
  await rpc(url, 'eth_blockNumber');
  await until(() => heardOf('alert-lost').length > 0, 'an alert that was given up');
  webhook.answer = takesIt;
  await rpc(url, 'eth_blockNumber');
  await until(() => heardOf('alerts-resumed').length > 0, 'an alert that was taken again');
  a.reset();
  await admin.post('/servers/a/release');
  await rpc(url, 'eth_blockNumber');
  await until(() => heardOf('alert-sent').length > 0, 'an alert that was sent');
  await admin.post('/servers', { url: listed(c).split(' ')[0], name: 'c' });
  await admin.patch('/servers/c', { weight: 7 });
  await admin.delete('/servers/c');
  await admin.put('/strategy', { strategy: 'round-robin' });
  const base = [`--rpc-urls-base=${listed(a)}`, '--fallback-rpc-urls-base=none'];
  await reload({ primaries: [listed(b)], fallbacks: [listed(c)], flags: [...flags, ...base] });
  await reload({ primaries: [listed(b)], fallbacks: [listed(c)], flags });
  await reload({ primaries: [`${listed(b)} weight=seCret1`, 'https://seCret'], flags });
  await until(() => heardOf('request-finished').length > 3, 'the end of all requests');
}

/** Two of one provider are refused together. */
async function runLimits(): Promise<void> {
  const both = await Promise.all(['a', 'b'].map((name) => FakeUpstream.start(name)));
  const clock = new ManualClock();
  const primaries = both.map(({ port }) => `http://user:seCret@127.0.0.1:${port}/seCret`);
  const { url } = await startApp({ primaries, clock });
  const call = () => rpc(url, 'eth_chainId');
  for (let accepted = 0; accepted < 40; accepted += 1) await call();
  for (let burst = 0; burst < 5; burst += 1) {
    for (const each of both) each.next(refuseRate());
    await call();
    clock.advance(60_000);
    // Both, in whatever order.
    for (let accepted = 0; accepted < 6; accepted += 1) {
      await call();
      clock.advance(5_000);
    }
  }
}

/** Checks of upstreams with secrets, whose answers are scripted. */
async function runChecks(): Promise<void> {
  const two = setUpHealth({ names: ['a', 'b'], fall: 1, removeAfterMs: INTERVAL_MS });
  two.scheduler.start();
  // Twice: the first answer of all has nothing to be compared with.
  for (let i = 0; i < 2; i += 1) await two.round({ a: on('1', 100), b: on('1', 50) });
  await two.round({ a: on('1', 101), b: on('1', 100) });
  while (two.removed.length === 0) await two.round({ b: DOWN });
  const one = setUpHealth({ fall: 1, removeAfterMs: INTERVAL_MS });
  one.scheduler.start();
  for (let i = 0; i < 4; i += 1) await one.round({ a: DOWN });
  await one.round({ a: on('1') });
  const disagreeing = setUpHealth({ names: ['a', 'b'] });
  disagreeing.scheduler.start();
  await disagreeing.round({ a: on('1'), b: on('5') });
}

/** Two of one upstream, a second apart, as of requests that were under way. */
function runFailures(): void {
  const clock = new ManualClock();
  const failing = upstream('failing', { url: 'http://user:seCret@127.0.0.1/seCret' });
  const quarantine = new Quarantine({
    timeToLive: 60_000,
    clock,
    random: seededRandom(1),
    announcer: new Announcer(),
    changes: new StandingChanges(),
  });
  quarantine.add(failing, { reason: 'timeout' });
  clock.advance(1_000);
  quarantine.add(failing, { reason: 'timeout' });
}

function runLatencies(): void {
  const clock = new ManualClock();
  const announcer = new Announcer();
  const slow = upstream('slow', { url: 'http://user:seCret@127.0.0.1/seCret' });
  const registry = new Registry([slow], new StandingChanges());
  const speed = new Speed({ registry, clock, announcer, avoidsSlow: true });
  speed.avoidance?.avoid(slow, 0);
  for (let quick = 0; quick < 3; quick += 1) speed.avoidance?.tried(slow, 0, true);
  new Hedges('auto', { speed, budget: new HedgeBudget(), pool: slow.identity.pool, announcer }).announce(
    'won',
  );
}

async function runMachine(): Promise<void> {
  const clock = new ManualClock();
  const announcer = new Announcer();
  let lagMs = 600;
  const overload = new Overload({ eventLoopDelay: { p99Ms: () => lagMs, stop: () => {} }, clock, announcer });
  overload.start();
  clock.advance(3_000);
  lagMs = 0;
  clock.advance(1_000);
  overload.stop();
  new Shortages(clock, announcer).note('EMFILE');
  let fails = false;
  const lookUp = async () => {
    if (fails) throw new Error('http://user:seCret@a.test/seCret');
    return { addresses: ['127.0.0.1'], ttlMs: 1_000 };
  };
  const names = new Names({ lookUp, clock, random: seededRandom(1), announcer });
  for (fails of [false, true, false]) {
    await names.find('a.test');
    clock.advance(60_000);
  }
}

describe('an event of type', () => {
  it.each(Object.keys(SOURCES))('%s shows no secret, whoever writes it down', (type) => {
    const events = heardOf(type);
    expect(events).not.toEqual([]);
    for (const event of events) {
      expect(JSON.stringify(event)).not.toMatch(SECRET);
      expect(sentenceOf(event)?.text ?? '').not.toMatch(SECRET);
      expect(inspect(event, { depth: Number.POSITIVE_INFINITY, showHidden: true })).not.toMatch(SECRET);
    }
  });
});

it('no event carries more of an upstream than its identity', () => {
  const carried = heard.flatMap((event) => ('upstream' in event && event.upstream ? [event.upstream] : []));
  expect(carried.length).toBeGreaterThan(10);
  for (const upstream of carried) {
    expect(upstream).toBeInstanceOf(UpstreamIdentity);
    expect(Object.keys(upstream)).toEqual(['name', 'tier', 'pool']);
    const { name, tier, pool } = upstream;
    expect(JSON.stringify(upstream)).toBe(JSON.stringify({ name, tier, pool: pool.shown }));
  }
});

it('all events of one upstream carry the same object', async () => {
  const { of, scheduler, round, events } = setUpHealth({ fall: 1 });
  scheduler.start();
  await round({ a: DOWN });
  await round({ a: on('1') });
  const { identity } = of('a');
  expect(events.map((event) => 'upstream' in event && event.upstream === identity)).toEqual([true, true]);
});
