// A pool that takes new settings while it serves: what stays, what changes, and for whom.
import { describe, expect, it } from 'vitest';
import type { Upstream } from '../../src/upstreams/upstream.ts';
import { answerByLabel, Gate, held, resetAfterRequest } from '../support/behaviours.ts';
import { Authority } from '../support/certificates.ts';
import { FakeUpstream, releasedPort } from '../support/fake-upstream.ts';
import { post } from '../support/http-client.ts';
import { load } from '../support/load.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { TlsUpstream } from '../support/tls-upstream.ts';
import { until } from '../support/waiting.ts';
import { configOfLists, Serving } from './reloading.ts';

const CALL = '{"jsonrpc":"2.0","id":1,"method":"eth_call"}';
const resultOf = async (url: string) => JSON.parse((await post(url, CALL)).text).result;

function named(serving: Serving, name: string): Upstream {
  const found = serving.pool.registry.find(name);
  if (!found) throw new Error(`no ${name}`);
  return found;
}

describe('a request under way', () => {
  it('ends by the settings that it began with, and the next one has the new ones', async () => {
    const gate = new Gate();
    const a = await FakeUpstream.start('A', held(gate, answerByLabel('A')));
    const primaries = [`${a.url} name=a`];
    const serving = await Serving.start({ primaries, flags: ['--attempt-timeout=30s'] });
    const first = post(serving.url, CALL);
    await a.arrived();
    serving.reload({ primaries, flags: ['--attempt-timeout=100ms'] });
    expect((await post(serving.url, CALL)).status).toBe(502);
    gate.release();
    expect((await first).json()).toMatchObject({ result: 'A' });
  });

  it('also makes its further attempts by the settings that it began with', async () => {
    const gate = new Gate();
    const a = await FakeUpstream.start('A', resetAfterRequest());
    a.next(held(gate, resetAfterRequest()));
    const b = await FakeUpstream.start('B');
    const lists = { primaries: [`${a.url} name=a`], fallbacks: [`${b.url} name=b`] };
    const serving = await Serving.start(lists);
    const first = post(serving.url, CALL);
    await a.arrived();
    serving.reload({ ...lists, flags: ['--max-attempts=1'] });
    expect((await post(serving.url, CALL)).status).toBe(502);
    expect(b.requests.length).toBe(0);
    gate.release();
    expect((await first).json()).toMatchObject({ result: 'B' });
  });

  it('ends at an upstream that is removed, whose connection is closed then', async () => {
    const gate = new Gate();
    const a = await FakeUpstream.start('A', held(gate, answerByLabel('A')));
    const b = await FakeUpstream.start('B');
    const serving = await Serving.start({ primaries: [`${a.url} name=a`] });
    const first = post(serving.url, CALL);
    await a.arrived();
    serving.reload({ primaries: [`${b.url} name=b`] });
    expect(await resultOf(serving.url)).toBe('B');
    expect(serving.told).toEqual(['upstream-removed a', 'upstream-added b']);
    gate.release();
    expect((await first).json()).toMatchObject({ result: 'A' });
    await until(() => a.openConnections === 0, 'the end of the connection');
    expect(a.requests.length).toBe(1);
  });

  it('is answered by an upstream that is new when its own fails after it was removed', async () => {
    const gate = new Gate();
    const a = await FakeUpstream.start('A', held(gate, resetAfterRequest()));
    const b = await FakeUpstream.start('B');
    const serving = await Serving.start({ primaries: [`${a.url} name=a`] });
    const first = post(serving.url, CALL);
    await a.arrived();
    serving.reload({ primaries: [`${b.url} name=b`] });
    gate.release();
    expect((await first).json()).toMatchObject({ result: 'B' });
  });

  it('that waits for room gets it at an upstream that is new', async () => {
    const a = await FakeUpstream.start('A');
    const b = await FakeUpstream.start('B');
    const slow = `${a.url} name=a rps=0.05`;
    const flags = ['--max-queue-wait=30s'];
    const serving = await Serving.start({ primaries: [slow], flags });
    expect(await resultOf(serving.url)).toBe('A');
    const waits = resultOf(serving.url);
    await until(() => serving.pool.queue.length === 1, 'a request that waits');
    serving.reload({ primaries: [slow, `${b.url} name=b`], flags });
    expect(await waits).toBe('B');
  });
});

describe('an upstream whose URL stays', () => {
  it('is the same one under another name, in another tier, with all that was learnt', async () => {
    const dead = `http://127.0.0.1:${await releasedPort()}`;
    const a = await FakeUpstream.start('A');
    const serving = await Serving.start({
      primaries: [`${dead} name=x`, `${a.url} name=y`],
      flags: ['--strategy=round-robin'],
    });
    for (let calls = 0; calls < 2; calls += 1) expect(await resultOf(serving.url)).toBe('A');
    const [x, y] = [named(serving, 'x'), named(serving, 'y')];
    const { budget, identity } = y;
    const standing = serving.pool.availability.standing(x);
    expect(standing).toMatchObject({ state: 'quarantined', reason: 'refused' });
    // They change their names, and one its tier.
    serving.reload({ primaries: [`${a.url} name=x weight=5`], fallbacks: [`${dead} name=y`] });
    expect(named(serving, 'x')).toBe(y);
    expect(named(serving, 'y')).toBe(x);
    expect(serving.pool.availability.standing(x)).toEqual(standing);
    expect(serving.pool.availability.standing(y)).toEqual({ state: 'usable' });
    expect(y).toMatchObject({ attempts: 2, weight: 5, tier: 'primary', identity, budget });
    expect(identity).toMatchObject({ name: 'x', tier: 'primary' });
    expect(serving.pool.registry.tier('fallback')).toEqual([x]);
    expect(await resultOf(serving.url)).toBe('A');
    expect(a.connections).toBe(1);
    expect(serving.told.slice(-2)).toEqual(['upstream-changed x', 'upstream-changed y']);
  });

  it('gets the headers, the Host and the state that the lists say now', async () => {
    const a = await FakeUpstream.start('A');
    const serving = await Serving.start({ primaries: [`${a.url} header=X-Key:one-secret`] });
    serving.reload({ primaries: [`${a.url} header=X-Key:two-secret host=keep`] });
    await post(serving.url, CALL, { host: 'site.example' });
    const [request] = a.requests;
    expect([request?.header('x-key'), request?.header('host')]).toEqual(['two-secret', 'site.example']);
    // An answer under way may quote the former one.
    const { secrets } = serving.pool.registry.all[0] as Upstream;
    expect([secrets.isIn('my one-secret'), secrets.isIn('my two-secret')]).toEqual([true, true]);
  });

  it('is asked again when it has another key, if it was out for the former one', async () => {
    const a = await FakeUpstream.start('A');
    const b = await FakeUpstream.start('B');
    const rest = [`${b.url} name=b`];
    const serving = await Serving.start({ primaries: [`${a.url} name=a header=X-Key:former`, ...rest] });
    const upstream = named(serving, 'a');
    serving.pool.quarantine.add(upstream, { reason: 'auth' });
    serving.reload({ primaries: [`${a.url} name=a weight=2 header=X-Key:former`, ...rest] });
    expect(serving.pool.availability.isUsable(upstream)).toBe(false);
    serving.reload({ primaries: [`${a.url} name=a header=X-Key:other`, ...rest] });
    expect(serving.pool.availability.isUsable(upstream)).toBe(true);
  });

  it('has new connections when its certificate is verified in another way', async () => {
    const authority = new Authority();
    const a = await TlsUpstream.start(authority.certify(['127.0.0.1']));
    const entry = `https://127.0.0.1:${a.port} name=a`;
    const serving = await Serving.start({ primaries: [`${entry} insecure=true`] });
    const text = async () => (await post(serving.url, 'x')).text;
    expect([await text(), await text(), a.connections.length]).toEqual(['secret', 'secret', 1]);
    serving.reload({ primaries: [entry] });
    expect(await text()).toContain('ALL_UPSTREAMS_FAILED');
    serving.reload({ primaries: [`${entry} insecure=true weight=2`] });
    serving.pool.quarantine.release(named(serving, 'a'), 'operator');
    expect([await text(), a.connections.length]).toEqual(['secret', 2]);
  });

  it('begins to learn its limits anew when they are other ones, and only then', async () => {
    const [a, b] = [await FakeUpstream.start('A'), await FakeUpstream.start('B')];
    const serving = await Serving.start({ primaries: [`${a.url} name=a rps=5`, `${b.url} name=b`] });
    const pacers = () => serving.pool.registry.all.map(({ budget }) => budget?.pacer);
    const [ofA, ofB] = pacers();
    serving.reload({ primaries: [`${a.url} name=c rps=6`, `${b.url} name=b weight=2`] });
    expect(pacers()[1]).toBe(ofB);
    expect(pacers()[0]).not.toBe(ofA);
    expect(pacers()[0]?.ceilingRps).toBe(6);
    serving.reload({ primaries: [`${a.url} name=c rps=6`, `${b.url} name=b`], flags: ['--pacing=off'] });
    expect(named(serving, 'b').budget).toBeUndefined();
    expect(named(serving, 'c').budget).toMatchObject({ learns: false });
  });
});

describe('the settings of a pool', () => {
  it('hold for its strategy, hedging and slow ones', async () => {
    const a = await FakeUpstream.start('A');
    const primaries = [`${a.url} name=a`];
    const serving = await Serving.start({
      primaries,
      flags: ['--avoid-slow=on', '--strategy=round-robin'],
    });
    const before = serving.pool;
    before.speed?.avoidance?.avoid(named(serving, 'a'), 0);
    expect(named(serving, 'a').slow).toBeDefined();
    serving.reload({ primaries, flags: ['--avoid-slow=off', '--hedge=off', '--strategy=peak-ewma'] });
    expect(named(serving, 'a').slow).toBeUndefined();
    expect([serving.pool.speed, serving.pool.hedges]).toEqual([undefined, undefined]);
    expect(before.hedges).toBeDefined();
    expect(serving.pool.strategies.name).toBe('peak-ewma');
    expect(serving.events).toContainEqual(expect.objectContaining({ type: 'strategy-changed' }));
    serving.reload({ primaries, flags: ['--hedge=50ms'] });
    expect(serving.pool.hedges?.delayMs(named(serving, 'a'), 0)).toBe(50);
    expect(serving.pool.speed).toBe(before.speed);
    expect(serving.pool.hedges?.budget).toBe(before.hedges?.budget);
  });

  it('hold for its quarantine, its queues and its checks, of which the old ones end', async () => {
    const clock = new ManualClock();
    const [a, b] = [await FakeUpstream.start('A'), await FakeUpstream.start('B')];
    const primaries = [`${a.url} name=a`, `${b.url} name=b`];
    const serving = await Serving.start({ primaries, flags: ['--health-check=tcp'] }, clock);
    const timers = clock.pendingTimers;
    const upstream = named(serving, 'a');
    upstream.down = { reason: 'probe-failed', sinceMs: clock.monotonicMs() };
    const off = {
      primaries,
      flags: ['--health-check=off', '--error-time-to-live-minutes=7', '--max-queue=1'],
    };
    for (let round = 0; round < 20; round += 1)
      serving.reload({
        primaries,
        flags: [`--health-check-interval=${(round % 9) + 1}s`, '--health-check=tcp'],
      });
    expect(clock.pendingTimers).toBeLessThanOrEqual(timers + 2);
    expect(upstream.down).toBeDefined();
    serving.reload(off);
    expect(upstream.down).toBeUndefined();
    expect(clock.pendingTimers).toBe(0);
    serving.pool.quarantine.add(upstream, { reason: 'refused' });
    expect(serving.pool.availability.firstReturnAtMs()).toBe(clock.monotonicMs() + 7 * 60_000);
  });

  it('can change 200 times under load, with the lists, and cost no request and no connection', async () => {
    const upstreams = await Promise.all(['A', 'A', 'A', 'A'].map((label) => FakeUpstream.start(label)));
    const listed = (round: number) => {
      const entries = upstreams.map(
        ({ url }, at) => `${url} name=u${(at + round) % 4} weight=${(round % 5) + 1}`,
      );
      const lists = [entries, entries.slice(1), entries.slice(0, 2), [...entries].reverse()];
      const [first = '', ...others] = lists[round % lists.length] ?? entries;
      const flags = [
        `--attempt-timeout=${10 + (round % 3)}s`,
        `--strategy=${round % 2 === 0 ? 'round-robin' : 'peak-ewma'}`,
        `--hedge=${round % 3 === 0 ? 'off' : 'auto'}`,
        `--avoid-slow=${round % 5 === 0 ? 'off' : 'on'}`,
        `--health-check=${round % 7 === 0 ? 'tcp' : 'off'}`,
        `--pacing=${round % 11 === 0 ? 'off' : 'auto'}`,
      ];
      return { primaries: others, fallbacks: [first], flags };
    };
    // Reading them is not what is tried here, and takes longest.
    const configs = Array.from({ length: 20 }, (_, round) => configOfLists(listed(round)));
    const serving = await Serving.start(listed(0));
    let rounds = 0;
    const reloads = async () => {
      for (; rounds < 200; rounds += 1) {
        const config = configs[rounds % configs.length];
        if (config) serving.reloadTo(config);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    };
    const goesOn = () => rounds < 200;
    const [report] = await Promise.all([
      load({ url: serving.url, durationMs: 0, clients: 16, goesOn, expected: 'A' }),
      reloads(),
    ]);
    expect(report).toMatchObject({ sent: report.good, bad: 0, errors: 0 });
    expect(report.good).toBeGreaterThan(200);
    expect(serving.pool.usage.underWay).toBe(0);
    // Those that are idle end by themselves; those of removed upstreams have ended.
    serving.pool.stop();
    for (const each of upstreams) await until(() => each.openConnections === 0, 'the end of all connections');
  });
});

describe('a pool that is taken out of service', () => {
  it('serves what is under way to its end, retries included, and then keeps nothing', async () => {
    const gate = new Gate();
    const a = await FakeUpstream.start('A', held(gate, resetAfterRequest()));
    const b = await FakeUpstream.start('B');
    const serving = await Serving.start({
      primaries: [`${a.url} name=a`],
      fallbacks: [`${b.url} name=b`],
      flags: ['--health-check=tcp', '--health-check-interval=1s'],
    });
    const first = post(serving.url, CALL);
    await a.arrived();
    serving.pool.retire();
    expect(serving.told.slice(-2)).toEqual(['upstream-removed a', 'upstream-removed b']);
    gate.release();
    expect((await first).json()).toMatchObject({ result: 'B' });
    await until(() => a.openConnections + b.openConnections === 0, 'the end of all connections');
    // What its last requests have found is told of nobody.
    expect(serving.told.filter((text) => text.startsWith('upstream-quarantined'))).toEqual([]);
  });
});
