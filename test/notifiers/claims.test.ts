// Of replicas that see the same trouble, one tells operators of it.
import { describe, expect, it } from 'vitest';
import { Announcer, type Event } from '../../src/events.ts';
import { createAlerts } from '../../src/notifiers/alerts.ts';
import { type Alert, type NamedNotifier, NotificationFailed } from '../../src/notifiers/notifier.ts';
import { RedisClaims } from '../../src/sharing/redis/redis-claims.ts';
import { FakeRedis } from '../sharing/redis/fake-redis.ts';
import { COOLDOWN_MS, failed, POOL, primary, primaryAnswered, quarantined, settled } from './set-up.ts';

interface Sent extends Alert {
  readonly by: string;
  readonly to: string;
}

/** Replicas in front of one Redis, all with its clock; `broken` has those notifiers that take nothing: `b slack`. */
function fleet(names: readonly string[], { notifiers = ['slack'], cooldownMs = COOLDOWN_MS } = {}) {
  const redis = new FakeRedis();
  const clock = redis.clock;
  const sent: Sent[] = [];
  const broken = new Set<string>();
  const started = names.map((name, index) => replica(name, index));

  function replica(name: string, index: number) {
    const announcer = new Announcer((error) => {
      throw error;
    });
    const notifierOf = (to: string): NamedNotifier => ({
      name: to,
      async send(alert) {
        if (broken.has(`${name} ${to}`)) throw new NotificationFailed('no answer');
        sent.push({ ...alert, by: name, to });
      },
    });
    const alerts = createAlerts({
      ...{ announcer, clock, cooldownMs, link: undefined, random: () => 0, hostname: name, env: undefined },
      notifiers: notifiers.map(notifierOf),
      drained: () => [],
      claims: new RedisClaims({
        ...{ origin: `${name}.${index}`, prefix: 'lb' },
        async ask(commands) {
          const connection = await redis.open(() => {}, new AbortController().signal);
          return connection.ask(commands);
        },
      }),
    });
    return { announcer, alerts };
  }

  const announceAtOnce = async (name: string, ...events: Event[]) => {
    for (const event of events) started[names.indexOf(name)]?.announcer.announce(event);
    for (let each = 0; each < 3; each++) await settled();
  };
  const announce = async (name: string, ...events: Event[]) => {
    for (const event of events) await announceAtOnce(name, event);
  };
  const pass = async (ms: number) => {
    clock.advance(ms);
    for (let each = 0; each < 3; each++) await settled();
  };
  const told = () =>
    sent.map(({ by, severity, upstreams }) =>
      [by, severity, ...upstreams.map((each) => each.name)].join(' '),
    );
  return {
    redis,
    announce,
    announceAtOnce,
    pass,
    told,
    sent,
    broken,
    alerts: started.map(({ alerts }) => alerts),
  };
}

const wrong = (name: string): Event => ({
  type: 'upstream-down',
  upstream: primary(name),
  reason: 'wrong-chain',
  problem: 'chain 5 instead of 1',
});

describe('trouble that requests show', () => {
  it('is told of by the replica that sees it first, and so is its end', async () => {
    const { announce, told } = fleet(['a', 'b', 'c']);
    await announce('a', failed);
    await announce('b', failed, failed);
    await announce('c', failed, primaryAnswered);
    await announce('b', primaryAnswered);
    await announce('a', primaryAnswered);
    expect(told()).toEqual(['a critical', 'a resolved']);
  });

  it('is repeated after the cool-down by whoever sees it then, who tells of the end', async () => {
    const { announce, pass, told } = fleet(['a', 'b']);
    await announce('a', failed);
    await announce('b', failed);
    await pass(COOLDOWN_MS);
    await announce('b', failed);
    await announce('a', failed);
    expect(told()).toEqual(['a critical', 'b critical']);
    await announce('a', primaryAnswered);
    expect(told()).toHaveLength(2);
    await announce('b', primaryAnswered);
    expect(told().slice(2)).toEqual(['b resolved']);
  });

  it('is not counted as untold where another replica has told of it', async () => {
    const { announce, pass, sent } = fleet(['a', 'b']);
    await announce('a', failed);
    await announce('b', failed, primaryAnswered);
    await pass(COOLDOWN_MS);
    await announce('b', failed);
    expect(sent.map(({ by }) => by)).toEqual(['a', 'b']);
    expect(JSON.stringify(sent[1])).not.toContain('came and went');
  });

  it('is not counted either where it was over before its turn', async () => {
    const { announce, announceAtOnce, pass, sent } = fleet(['a', 'b']);
    await announce('a', failed);
    await announceAtOnce('b', failed, primaryAnswered);
    await pass(COOLDOWN_MS);
    await announce('b', failed);
    expect(sent.map(({ by }) => by)).toEqual(['a', 'b']);
    expect(JSON.stringify(sent[1])).not.toContain('came and went');
  });

  it('is told of by each where Redis does not answer', async () => {
    const { redis, announce, told } = fleet(['a', 'b']);
    redis.isGone = true;
    await announce('a', failed);
    await announce('b', failed);
    expect(told()).toEqual(['a critical', 'b critical']);
  });

  it.each(['WRONGTYPE', 'OOM', 'READONLY'])(
    'is told of by each where Redis answers with %s',
    async (code) => {
      const { redis, announce, told } = fleet(['a', 'b']);
      redis.refusals.set('SET', code);
      await announce('a', failed);
      await announce('b', failed);
      expect(told()).toEqual(['a critical', 'b critical']);
    },
  );

  it.each(['something else', '[]', '{"origin":5}', 'x'.repeat(300_000)])(
    'is told of where something else is under its key: %.20s',
    async (text) => {
      const { redis, announce, told } = fleet(['a']);
      redis.texts.set(`lb:alert:${POOL.name}:all-upstreams-failed`, { text, untilMs: Number.MAX_VALUE });
      await announce('a', failed);
      expect(told()).toEqual(['a critical']);
    },
  );

  it('is told of each time by each without a cool-down', async () => {
    const { redis, announce, told } = fleet(['a', 'b'], { cooldownMs: 0 });
    await announce('a', failed);
    await announce('b', failed);
    expect(told()).toEqual(['a critical', 'b critical']);
    expect(redis.asked).toEqual([]);
  });
});

describe('a replica that can’t deliver', () => {
  it('leaves it to another one, and does not send it any more', async () => {
    const { announce, pass, told, broken } = fleet(['a', 'b']);
    broken.add('a slack');
    await announce('a', failed);
    await announce('b', failed);
    expect(told()).toEqual(['b critical']);
    broken.clear();
    await pass(5_000);
    await announce('a', primaryAnswered);
    await announce('b', primaryAnswered);
    expect(told()).toEqual(['b critical', 'b resolved']);
  });

  it('sends it itself later where nobody else has seen it', async () => {
    const { announce, pass, told, broken } = fleet(['a', 'b']);
    broken.add('a slack');
    await announce('a', failed);
    broken.clear();
    await pass(1_100);
    expect(told()).toEqual(['a critical']);
    await announce('b', failed);
    expect(told()).toHaveLength(1);
  });

  it('by one of its notifiers has told all the same', async () => {
    const { announce, sent, broken } = fleet(['a', 'b'], { notifiers: ['slack', 'webhook'] });
    broken.add('a slack');
    await announce('a', failed);
    await announce('b', failed);
    expect(sent.map(({ by, to }) => `${by} ${to}`)).toEqual(['a webhook']);
  });

  it('because it has died leaves it to others after half a minute', async () => {
    const { redis, announce, pass, told } = fleet(['b']);
    const connection = await redis.open(() => {}, new AbortController().signal);
    const key = `lb:alert:${POOL.name}:all-upstreams-failed`;
    await connection.ask([['SET', key, '{"origin":"dead.0","subjects":[]}', 'NX', 'PX', '30000']]);
    await announce('b', failed);
    await pass(29_000);
    await announce('b', failed);
    expect(told()).toEqual([]);
    await pass(1_100);
    await announce('b', failed);
    expect(told()).toEqual(['b critical']);
  });
});

it('each notifier of the replica that tells gets the message', async () => {
  const { announce, sent } = fleet(['a', 'b'], { notifiers: ['slack', 'webhook'] });
  await announce('a', failed);
  await announce('b', failed);
  expect(sent.map(({ by, to }) => `${by} ${to}`)).toEqual(['a slack', 'a webhook']);
});

describe('trouble of single upstreams', () => {
  it('that another replica has told of is not told of again', async () => {
    const { announce, pass, told } = fleet(['a', 'b']);
    await announce('a', quarantined('x', 'auth'));
    await announce('b', quarantined('x', 'auth'));
    await pass(2_000);
    await pass(COOLDOWN_MS + 5_000);
    expect(told()).toHaveLength(1);
  });

  it('that another replica has not told of is told of when its claim ends', async () => {
    const { announce, pass, told } = fleet(['a', 'b']);
    await announce('a', quarantined('x', 'auth'));
    await pass(2_000);
    await announce('b', quarantined('x', 'auth'), quarantined('y', 'plan'));
    await pass(2_000);
    expect(told()).toEqual(['a warning x']);
    await pass(COOLDOWN_MS);
    expect(told()).toEqual(['a warning x', 'b warning x y']);
  });

  it('is over when the replica that has told of it sees so', async () => {
    const { announce, pass, told } = fleet(['a', 'b']);
    const up: Event = { type: 'upstream-up', upstream: primary('x'), downMs: 1 };
    await announce('b', wrong('x'));
    await pass(500);
    await announce('a', wrong('x'));
    await pass(2_000);
    await announce('a', up);
    await announce('b', up);
    expect(told()).toEqual(['b warning x', 'b resolved x']);
  });

  it('is repeated by one replica while it lasts', async () => {
    const { announce, pass, told } = fleet(['a', 'b']);
    await announce('a', wrong('x'));
    await announce('b', wrong('x'));
    await pass(2_000);
    for (let each = 0; each < 3; each++) await pass(COOLDOWN_MS + 2_000);
    expect(told()).toHaveLength(4);
  });
});

it('a test message goes out whatever is claimed', async () => {
  const { redis, alerts, sent } = fleet(['a', 'b']);
  for (const each of alerts) await each.test();
  expect(sent.map(({ by, kind }) => `${by} ${kind}`)).toEqual(['a test', 'b test']);
  expect(redis.asked).toEqual([]);
});
