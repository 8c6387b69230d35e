// HEALTH_CHECK=rpc: who is on another chain, who lags, who is gone for long; and what the checks cost.
import { describe, expect, it } from 'vitest';
import { AdminClient } from '../support/admin-client.ts';
import { balanceHere, startApp } from '../support/app.ts';
import { answer, answerRpc, type Behaviour, refuseRate, silence } from '../support/behaviours.ts';
import { type Balancer, runDaemon, type StatsRow, startBalancer } from '../support/daemon.ts';
import { FakeUpstream, releasedPort } from '../support/fake-upstream.ts';
import { startFakeWebhook } from '../support/fake-webhook.ts';
import { http, rpc } from '../support/http-client.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { callsIn } from '../support/rpc-script.ts';
import { until } from '../support/waiting.ts';

/** Checks as often as that; their time-out is long, so that a slow machine fails none. */
const RPC = {
  HEALTH_CHECK: 'rpc',
  HEALTH_CHECK_INTERVAL: '100ms',
  HEALTH_CHECK_TIMEOUT: '10s',
  STRATEGY: 'round-robin',
};

/** A node of a chain that has come so far; other calls get its name. */
function node(label: string, chainId: number, height: number): Behaviour {
  const hex = (value: number) => `0x${value.toString(16)}`;
  return answerRpc({ eth_chainId: hex(chainId), eth_blockNumber: hex(height) }, label);
}

function startNode(label: string, chainId = 1, height = 1_000): Promise<FakeUpstream> {
  return FakeUpstream.start(label, node(label, chainId, height));
}

const named = (upstream: FakeUpstream) => `${upstream.url}/seCret name=${upstream.label}`;

async function row(daemon: Balancer, name: string): Promise<StatsRow | undefined> {
  return (await daemon.stats()).find((each) => each.name === name);
}

/** Who answers so many calls, one after the other. */
async function answerers(daemon: Balancer, count = 8): Promise<Set<unknown>> {
  const found = new Set<unknown>();
  for (let call = 0; call < count; call += 1) found.add((await rpc(daemon.url, 'eth_call')).reply.result);
  return found;
}

const checked = (daemon: Balancer) =>
  until(async () => (await daemon.stats()).every(({ chain_id }) => chain_id !== null), 'every chain id');

describe('an upstream on another chain than the others', () => {
  it('is taken out with a log line and an alert, asked by nobody, and comes back by itself', async () => {
    const webhook = await startFakeWebhook();
    const [a, b, stranger] = await Promise.all([startNode('a'), startNode('b'), startNode('stranger', 5)]);
    const daemon = await startBalancer({
      primaries: [a, stranger, b].map(named),
      env: { ...RPC, SLACK_WEBHOOK_URL: webhook.url },
    });
    const line = await daemon.logged(({ msg }) => msg === 'Status change: stranger [down]', 'the stranger');
    expect(line).toMatchObject({
      level: 'warn',
      reason: 'wrong-chain',
      problem: 'chain 5 instead of 1',
    });
    expect(await row(daemon, 'stranger')).toMatchObject({
      alive: false,
      state: 'down',
      reason: 'wrong-chain',
      chain_id: '5',
    });
    expect(await answerers(daemon)).toEqual(new Set(['a', 'b']));
    await webhook.received(1);
    expect(webhook.texts[0]).toContain('stranger (primary) is on the wrong chain (chain 5 instead of 1)');
    expect(webhook.texts[0]).not.toMatch(/seCret|127\.0\.0\.1/);
    stranger.use(node('stranger', 1, 1_000));
    await daemon.logged(({ msg }) => msg === 'Status change: stranger [up]', 'its return');
    expect(await answerers(daemon)).toEqual(new Set(['a', 'b', 'stranger']));
    await webhook.received(2);
    expect(webhook.texts[1]).toMatch(/resolved/i);
  });

  it('is not asked as a last resort either', async () => {
    const [a, b, stranger] = await Promise.all([startNode('a'), startNode('b'), startNode('stranger', 5)]);
    const daemon = await balanceHere({ primaries: [a, stranger, b].map(named), env: RPC });
    await daemon.logged(({ msg }) => msg === 'Status change: stranger [down]', 'the stranger');
    for (const upstream of [a, b]) upstream.use(answer({ status: 500 }));
    for (let count = 0; count < 3; count += 1) {
      const { status, reply } = await rpc(daemon.url, 'eth_call');
      expect(status).toBeGreaterThanOrEqual(500);
      expect(reply.error).toBeDefined();
    }
    expect(await row(daemon, 'stranger')).toMatchObject({ state: 'down', reason: 'wrong-chain' });
    const methods = stranger.requests.flatMap(({ body }) => callsIn(body).map(({ method }) => method));
    expect(methods).not.toContain('eth_call');
  });

  it('is the one that CHAIN_ID does not name, however many they are', async () => {
    const [a, b, right] = await Promise.all([startNode('a', 5), startNode('b', 5), startNode('right', 1)]);
    const daemon = await balanceHere({
      primaries: [a, b, right].map(named),
      env: { ...RPC, CHAIN_ID: '0x1' },
    });
    for (const name of ['a', 'b'])
      await daemon.logged(({ msg }) => msg === `Status change: ${name} [down]`, name);
    expect(await answerers(daemon)).toEqual(new Set(['right']));
  });

  it('can not be told among two: both serve, and the operators are asked to decide', async () => {
    const webhook = await startFakeWebhook();
    const [a, b] = await Promise.all([startNode('a', 1), startNode('b', 5)]);
    const env = { ...RPC, SLACK_WEBHOOK_URL: webhook.url };
    const daemon = await balanceHere({ primaries: [a, b].map(named), env });
    const line = await daemon.logged(({ msg }) => /different chains/.test(`${msg}`), 'the disagreement');
    expect(line).toMatchObject({ level: 'warn', chains: '1 (a), 5 (b)' });
    await webhook.received(1);
    expect(await answerers(daemon)).toEqual(new Set(['a', 'b']));
  });
});

describe('an upstream that lags', () => {
  it('is asked after the others of its tier, before the fallback, until it has caught up', async () => {
    const [a, late, spare] = await Promise.all([startNode('a'), startNode('late'), startNode('spare')]);
    const daemon = await balanceHere({
      primaries: [late, a].map(named),
      fallbacks: [named(spare)],
      env: RPC,
    });
    await checked(daemon);
    expect(await answerers(daemon)).toEqual(new Set(['a', 'late']));
    for (const upstream of [a, spare]) upstream.use(node(upstream.label, 1, 1_011));
    const line = await daemon.logged(({ msg }) => msg === 'Lags behind', 'the lag');
    expect(line).toMatchObject({ level: 'warn', upstream: 'late', blocks: 11 });
    expect(await row(daemon, 'late')).toMatchObject({ state: 'usable', lagging: true, block_height: 1_000 });
    expect(await answerers(daemon)).toEqual(new Set(['a']));
    const failsClients: Behaviour = answerOr(answer({ status: 500 }), node('a', 1, 1_011));
    a.use(failsClients);
    expect(await answerers(daemon, 1)).toEqual(new Set(['late']));
    a.use(node('a', 1, 1_011));
    late.use(node('late', 1, 1_011));
    await daemon.logged(({ msg }) => msg === 'Caught up', 'its catching up');
    await daemon.allUsable();
    expect(await answerers(daemon)).toEqual(new Set(['a', 'late']));
  });

  it('may be as far behind as MAX_BLOCK_LAG says', async () => {
    const [a, late] = await Promise.all([startNode('a'), startNode('late', 1, 900)]);
    const env = { ...RPC, MAX_BLOCK_LAG: '100' };
    const daemon = await balanceHere({ primaries: [late, a].map(named), env });
    await until(
      async () => (await daemon.stats()).every(({ probe_calls }) => probe_calls > 4),
      'some checks',
    );
    expect((await row(daemon, 'late'))?.lagging).toBe(false);
  });
});

/** One behaviour for calls of clients, another one for the checks. */
function answerOr(clients: Behaviour, checks: Behaviour): Behaviour {
  return {
    at: 'body',
    run(socket, request) {
      const isCheck = /eth_(?:chainId|blockNumber)/.test(request.body.toString());
      const behaviour = isCheck ? checks : clients;
      if (behaviour.at !== 'connect') behaviour.run(socket, request);
    },
  };
}

describe('checks', () => {
  it('hold up no request: before they have an answer clients have theirs', async () => {
    const slow = await FakeUpstream.start('slow', answerOr(node('slow', 1, 1), silence()));
    const daemon = await balanceHere({ primaries: [named(slow)], env: RPC });
    await until(() => slow.requests.length > 0, 'the first check');
    expect(await answerers(daemon, 3)).toEqual(new Set(['slow']));
  });

  it('do not take an upstream down that refuses them for a limit', async () => {
    const limited = await FakeUpstream.start('limited', refuseRate());
    const env = { ...RPC, HEALTH_CHECK_FALL: '1' };
    const daemon = await balanceHere({ primaries: [named(limited)], env });
    await until(async () => ((await row(daemon, 'limited'))?.probe_calls ?? 0) > 3, 'some checks');
    expect(await row(daemon, 'limited')).toMatchObject({ alive: true, chain_id: null });
  });

  it('are counted in /stats, whatever they ask', async () => {
    const a = await startNode('a');
    for (const probe of ['tcp', 'http', 'rpc']) {
      const daemon = await balanceHere({ primaries: [named(a)], env: { ...RPC, HEALTH_CHECK: probe } });
      await until(async () => ((await row(daemon, 'a'))?.probe_calls ?? 0) > 2, `checks by ${probe}`);
    }
    const daemon = await balanceHere({ primaries: [named(a)] });
    expect(await row(daemon, 'a')).toMatchObject({ probe_calls: 0, chain_id: null, block_height: null });
  });

  it('are left out where a client was just told the newest block', async () => {
    const upstream = await startNode('a');
    const clock = new ManualClock();
    const { url } = await startApp({ primaries: [upstream], flags: ['--health-check=rpc'], clock });
    // A row of the contract's own form.
    const stats = async () => ((await http(`${url}/stats`)).json() as StatsRow[])[0];
    clock.advance(1_000);
    await until(async () => (await stats())?.block_height === 1_000, 'the first check');
    expect((await stats())?.probe_calls).toBe(2);
    upstream.use(node('a', 1, 1_001));
    clock.advance(15_000);
    expect((await rpc(url, 'eth_blockNumber')).reply.result).toBe('0x3e9');
    expect((await stats())?.block_height).toBe(1_001);
    // Over the time of the second check, and then of the third one.
    clock.advance(8_000);
    expect((await stats())?.probe_calls).toBe(2);
    clock.advance(25_000);
    expect((await stats())?.probe_calls).toBe(3);
  });
});

describe('REMOVE_UNHEALTHY_AFTER', () => {
  it('removes who was down so long, with a log line and an alert, and never the last one of a list', async () => {
    const webhook = await startFakeWebhook();
    const a = await startNode('a');
    const daemon = await balanceHere({
      primaries: [`http://127.0.0.1:${await releasedPort()}/seCret name=dead`, named(a)],
      env: {
        ...RPC,
        HEALTH_CHECK_FALL: '1',
        REMOVE_UNHEALTHY_AFTER: '300ms',
        SLACK_WEBHOOK_URL: webhook.url,
      },
    });
    const removed = await daemon.logged(({ msg }) => msg === 'Removed', 'the removal');
    expect(removed).toMatchObject({ level: 'warn', upstream: 'dead', cause: 'unhealthy' });
    expect((await daemon.stats()).map(({ name }) => name)).toEqual(['a']);
    expect(await answerers(daemon)).toEqual(new Set(['a']));
    await until(
      () => webhook.texts.find((text) => text.includes('dead (primary) was down for REMOVE_UNHEALTHY_AFTER')),
      'the alert',
    );
    expect(webhook.texts.join()).not.toContain('seCret');
    await a.close();
    const kept = await daemon.logged(({ msg }) => /^Not removed/.test(`${msg}`), 'the last one');
    expect(kept).toMatchObject({ level: 'warn', upstream: 'a' });
    expect((await daemon.stats()).map(({ name, state }) => [name, state])).toEqual([['a', 'down']]);
    await a.listenAgain();
    await daemon.logged(({ msg }) => msg === 'Status change: a [up]', 'its return');
    expect(await answerers(daemon)).toEqual(new Set(['a']));
  });

  it('removes for as long as nobody adds it again', async () => {
    const [a, b] = [await startNode('a'), await startNode('b')];
    const env = { ...RPC, HEALTH_CHECK_FALL: '1', REMOVE_UNHEALTHY_AFTER: '300ms', ADMIN_PORT: '0' };
    const daemon = await balanceHere({ primaries: [named(a), named(b)], env });
    const names = async () => (await daemon.stats()).map(({ name, state }) => `${name} ${state}`);
    await a.close();
    await daemon.logged(({ msg }) => msg === 'Removed', 'the removal');
    expect(await names()).toEqual(['b usable']);
    await a.listenAgain();
    const admin = new AdminClient(daemon.adminUrl);
    expect((await admin.post('/servers', { url: a.url, name: 'a' })).status).toBe(201);
    expect(await names()).toEqual(['b usable', 'a usable']);
    expect(await answerers(daemon)).toEqual(new Set(['a', 'b']));
  });
});

describe('--check with HEALTH_CHECK=rpc', () => {
  const check = (upstreams: readonly FakeUpstream[], env: Record<string, string> = {}) =>
    runDaemon(['--check', `--backends=${upstreams.map(named).join(',')}`], { HEALTH_CHECK: 'rpc', ...env });

  it('shows chain and block of each upstream', async () => {
    const { code, stdout } = await check([await startNode('a')]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/ a +primary +\S+ +up +\d+ ms, chain 1, block 1000$/m);
  });

  it('finds one on another chain, by the majority or by CHAIN_ID', async () => {
    const nodes = await Promise.all([startNode('a'), startNode('b'), startNode('c', 5)]);
    const { code, stdout } = await check(nodes);
    expect(code).toBe(1);
    expect(stdout).toMatch(/ c +primary +\S+ +down +chain 5 instead of 1$/m);
    expect(stdout).toContain('1 of 3 upstreams are down.');
    expect((await check(nodes, { CHAIN_ID: '5' })).stdout).toContain('2 of 3 upstreams are down.');
  });

  it('is not content where nobody can tell the chain', async () => {
    const { code, stdout } = await check(await Promise.all([startNode('a'), startNode('b', 5)]));
    expect(code).toBe(1);
    expect(stdout).toContain('They are on different chains: 1 (a), 5 (b); set CHAIN_ID.');
  });
});
