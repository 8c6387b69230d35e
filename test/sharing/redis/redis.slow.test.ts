// Three replicas that share through a real Redis, which fails in all ways.
import { describe, expect, it } from 'vitest';
import { AdminClient } from '../../support/admin-client.ts';
import { type Daemon, type LogLine, startBalancer } from '../../support/daemon.ts';
import { FakeUpstream } from '../../support/fake-upstream.ts';
import { startFakeWebhook } from '../../support/fake-webhook.ts';
import { http } from '../../support/http-client.ts';
import { isRedisInstalled, RedisServer } from '../../support/redis-server.ts';
import { SlowPath } from '../../support/slow-path.ts';
import { until } from '../../support/waiting.ts';

const isThere = isRedisInstalled || process.env['CI'] === 'true';
if (!isThere) console.log('Not tried: redis-server is not installed');

const WORKS = 'Shares with other replicas through Redis';
const AGAIN = 'Redis works again';

interface FleetOptions {
  readonly url: string;
  readonly size?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** Replicas in front of a good upstream and one that nobody listens at; each has asked nobody yet. */
async function startFleet({ url, size = 3, env = {} }: FleetOptions) {
  const [good, dead] = [await FakeUpstream.start('good'), await FakeUpstream.start('dead')];
  await dead.close();
  const start = () =>
    startBalancer({
      primaries: [`${dead.url} name=dead`, `${good.url} name=good`],
      env: { REDIS_URL: url, STRATEGY: 'round-robin', ADMIN_PORT: '0', ...env },
    });
  const daemons = await Promise.all(Array.from({ length: size }, start));
  return { daemons, good, dead, start };
}

const ask = (daemon: Daemon) => http(daemon.url, { method: 'POST', body: '{"x":1}' });
const stateAt = async (daemon: Daemon, name: string) =>
  (await daemon.stats()).find((row) => row.name === name)?.state;
const isOut = async (daemon: Daemon) => (await stateAt(daemon, 'dead')) !== 'usable';
const aboutRedis = ({ msg }: LogLine) => /Redis/.test(msg ?? '');
const linesOf = (daemon: Daemon) =>
  daemon
    .logs()
    .filter(aboutRedis)
    .map(({ msg }) => msg);
const worksAt = (daemon: Daemon, lines = 1) =>
  until(
    () => [WORKS, AGAIN].includes(linesOf(daemon).at(-1) ?? '') && linesOf(daemon).length >= lines,
    'Redis',
    15_000,
  );
const failsAt = (daemon: Daemon, lines = 2) =>
  until(
    () => linesOf(daemon).length === lines && daemon.logs().filter(aboutRedis).at(-1)?.level === 'warn',
    'a warning',
    15_000,
  );
const upAt = async ({ adminUrl }: Daemon) =>
  /^rpc_lb_sharing_up (\d)/m.exec((await http(`${adminUrl}/metrics`)).text)?.[1];

/** Takes the dead one out at the first, and waits until it is out at the others. Resolves to how long that took. */
async function spread([first, ...others]: readonly Daemon[]): Promise<number> {
  if (!first) throw new Error('no daemon');
  while (!(await isOut(first))) await ask(first);
  const begun = performance.now();
  await Promise.all(others.map((other) => until(() => isOut(other), 'out elsewhere')));
  return performance.now() - begun;
}

/** Calls to each, one after the other: how many were answered well, and the slowest in ms. */
async function traffic(daemons: readonly Daemon[], calls = 30) {
  let [good, slowestMs] = [0, 0];
  for (let each = 0; each < calls; each++) {
    for (const daemon of daemons) {
      const begun = performance.now();
      const { status } = await ask(daemon);
      slowestMs = Math.max(slowestMs, performance.now() - begun);
      if (status === 200) good += 1;
    }
  }
  return { good, slowestMs };
}

describe.runIf(isThere)('three replicas with a real Redis', () => {
  it('leave an upstream out at once that one of them finds dead; a fourth begins so', async () => {
    const redis = await RedisServer.start();
    const { daemons, start } = await startFleet({ url: redis.url });
    const ms = await spread(daemons);
    console.log(`out elsewhere after ${ms.toFixed(1)} ms`);
    for (const daemon of daemons.slice(1))
      expect(daemon.logs().filter(({ msg }) => msg === 'Quarantined')).toEqual([]);
    await until(() => redis.cli('hkeys', 'rpc-lb:facts').includes('out '), 'the fact in Redis');
    const fourth = await start();
    expect(await stateAt(fourth, 'dead')).not.toBe('usable');
    for (const daemon of [...daemons, fourth]) expect(await upAt(daemon)).toBe('1');
    // Released by an operator at one, it is back at all.
    const release = await new AdminClient(fourth.adminUrl).post('/servers/dead/release');
    expect(release.status).toBe(200);
    for (const daemon of daemons) await until(async () => !(await isOut(daemon)), 'usable elsewhere');
  });

  it('send one alert, and one message about its end', async () => {
    const redis = await RedisServer.start();
    const webhook = await startFakeWebhook();
    const env = { SLACK_WEBHOOK_URL: webhook.url, ERROR_TIME_TO_LIVE_MINUTES: '0.005' };
    const { daemons, good } = await startFleet({ url: redis.url, env });
    await good.close();
    for (let each = 0; each < 3; each++) for (const daemon of daemons) await ask(daemon);
    await webhook.received(1);
    await good.listenAgain();
    for (const daemon of daemons) await until(async () => (await ask(daemon)).status === 200, 'an answer');
    await webhook.received(2);
    await Promise.all(daemons.map((daemon) => daemon.stop()));
    expect(webhook.texts).toHaveLength(2);
  });

  it('with two workers each share what any of these finds', async () => {
    const redis = await RedisServer.start();
    const { daemons } = await startFleet({ url: redis.url, size: 2, env: { WORKERS: '2' } });
    const ms = await spread(daemons);
    console.log(`with workers out elsewhere after ${ms.toFixed(1)} ms`);
    expect((await traffic(daemons)).good).toBe(60);
    for (const daemon of daemons) {
      expect(linesOf(daemon)).toEqual([WORKS]);
      expect(await daemon.stop()).toMatchObject({ code: 0 });
    }
  });

  it('cost Redis little', async () => {
    const redis = await RedisServer.start();
    const path = await SlowPath.to(redis.port);
    const { daemons } = await startFleet({ url: path.url });
    await spread(daemons);
    const commands = () => Number(/total_commands_processed:(\d+)/.exec(redis.cli('info', 'stats'))?.[1]);
    const [before, bytes] = [commands(), path.passed.there + path.passed.back];
    const begun = performance.now();
    await traffic(daemons, 300);
    await new Promise((done) => setTimeout(done, 10_000));
    const seconds = ((performance.now() - begun) / 1_000) * daemons.length;
    const each = (number: number) => (number / seconds).toFixed(1);
    console.log(
      `each replica: ${each(commands() - before)} commands/s, ${each(path.passed.there + path.passed.back - bytes)} bytes/s`,
    );
    expect(commands() - before).toBeLessThan(8 * seconds);
  });
});

type Fault = (parts: { redis: RedisServer; path: SlowPath }) => unknown;
const KEY = 'rpc-lb:facts';

/** What happens, and how it is over. */
const FAULTS: readonly (readonly [name: string, problem: RegExp, begin: Fault, end: Fault])[] = [
  [
    'is 80 ms away',
    /no answer within 50 ms/,
    ({ path }) => {
      path.delayMs = 40;
    },
    ({ path }) => {
      path.delayMs = 0;
    },
  ],
  [
    'hangs',
    /no answer within/,
    ({ redis }) => redis.signal('SIGSTOP'),
    ({ redis }) => redis.signal('SIGCONT'),
  ],
  [
    'has a network that swallows everything',
    /no answer within/,
    ({ path }) => {
      path.isSilent = true;
    },
    ({ path }) => {
      path.isSilent = false;
      path.cut();
    },
  ],
  ['is gone, and comes back empty', /connection/, ({ redis }) => redis.stop(), ({ redis }) => redis.begin()],
  [
    'is full',
    /it is full \(maxmemory\)/,
    ({ redis }) => redis.cli('config', 'set', 'maxmemory', '1'),
    ({ redis }) => redis.cli('config', 'set', 'maxmemory', '0'),
  ],
  [
    'has text under our key',
    /data of another type/,
    ({ redis }) => redis.cli('eval', `redis.call('del', '${KEY}') redis.call('set', '${KEY}', 'x')`, '0'),
    ({ redis }) => redis.cli('del', KEY),
  ],
  [
    'has a hundred thousand fields of others under our key',
    /far more than replicas write/,
    ({ redis }) =>
      redis.cli('eval', `for i = 1, 100000 do redis.call('hset', '${KEY}', i, 'x') end return 1`, '0'),
    ({ redis }) => redis.cli('del', KEY),
  ],
  [
    'has become a read-only replica of a master that is gone',
    /read-only|lost its master/,
    ({ redis }) => redis.cli('replicaof', '127.0.0.1', '1'),
    ({ redis }) => redis.cli('replicaof', 'no', 'one'),
  ],
  [
    'wants a password from now on',
    // The connections were cut first.
    /connection was closed/,
    ({ redis, path }) => {
      redis.cli('config', 'set', 'requirepass', 'x');
      path.cut();
    },
    ({ redis }) => redis.cli('-a', 'x', 'config', 'set', 'requirepass', ''),
  ],
];

describe.runIf(isThere).each(FAULTS)('Redis that %s', (_, problem, begin, end) => {
  it('costs no request, one line at its beginning and one at its end', async () => {
    const redis = await RedisServer.start();
    const path = await SlowPath.to(redis.port);
    // Longer than the test: there is something to write again at its end.
    const env = { ERROR_TIME_TO_LIVE_MINUTES: '60' };
    const { daemons } = await startFleet({ url: path.url, env });
    for (const daemon of daemons) await worksAt(daemon);
    await spread(daemons);
    const before = await traffic(daemons);
    await begin({ redis, path });
    const during = [await traffic(daemons)];
    for (const daemon of daemons) await failsAt(daemon);
    during.push(await traffic(daemons));
    expect(during.map(({ good }) => good)).toEqual([before.good, before.good]);
    console.log(
      `slowest call: ${[before, ...during].map(({ slowestMs }) => slowestMs.toFixed(1)).join(', ')} ms`,
    );
    for (const daemon of daemons) {
      expect(daemon.logs().filter(aboutRedis).at(-1)?.['problem']).toMatch(problem);
      expect((await http(`${daemon.url}/readyz`)).status).toBe(200);
      expect(await upAt(daemon)).toBe('0');
    }
    await end({ redis, path });
    for (const daemon of daemons) await worksAt(daemon, 3);
    for (const daemon of daemons) expect(linesOf(daemon).slice(2)).toEqual([AGAIN]);
    // What living replicas know is there again.
    await until(() => Number(redis.cli('hlen', KEY)) >= 1, 'the fact in Redis', 10_000);
    for (const daemon of daemons) expect(await daemon.stop()).toMatchObject({ code: 0 });
  });
});

describe.runIf(isThere)('a replica', () => {
  it('starts and ends although Redis never answers', async () => {
    const redis = await RedisServer.start();
    const path = await SlowPath.to(redis.port);
    path.isSilent = true;
    const { daemons } = await startFleet({ url: path.url, size: 1 });
    const [daemon] = daemons;
    if (!daemon) throw new Error('no daemon');
    expect((await ask(daemon)).status).toBe(200);
    await failsAt(daemon, 1);
    expect(await daemon.stop()).toMatchObject({ code: 0 });
  });

  it('shows its password nowhere', async () => {
    const redis = await RedisServer.start(() => ['requirepass right/pass']);
    const start = async (password: string) => {
      const { daemons } = await startFleet({
        url: redis.url.replace('//', `//default:${encodeURIComponent(password)}@`),
        size: 1,
      });
      const [daemon] = daemons;
      if (!daemon) throw new Error('no daemon');
      return daemon;
    };
    const [right, wrong] = [await start('right/pass'), await start('wrong/pass')];
    await worksAt(right);
    await failsAt(wrong, 1);
    expect(wrong.logs().find(aboutRedis)).toMatchObject({
      redis: redis.url,
      problem: 'it refuses the user and password (WRONGPASS)',
    });
    for (const daemon of [right, wrong]) {
      const config = (await http(`${daemon.adminUrl}/config`)).text;
      expect(config).toContain(redis.url);
      expect(daemon.stdout + daemon.stderr + config).not.toMatch(/(?:right|wrong)(?:\/|%2F)pass/i);
    }
  });
});
