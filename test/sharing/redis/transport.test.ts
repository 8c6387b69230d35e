// What replicas tell each other through Redis, and what becomes of it when Redis fails.
import { describe, expect, it } from 'vitest';
import { FakeRedis, pass, replicaOf } from './fake-redis.ts';

const WORKS = 'Shares with other replicas through Redis';
const AGAIN = 'Redis works again';
const ALONE = 'Redis does not work: this replica goes on by itself';
const HASH = 'Redis takes no messages of this replica: what it tells reaches the others seconds later';
const CLOCK =
  'The clock of this machine, or that of Redis, is wrong: replicas with another one share nothing with this one';
const MESSAGES = 'Redis can’t keep what replicas share: they go on by messages alone';

/** Two replicas that know of each other. */
async function two(redis = new FakeRedis()) {
  const [a, b] = [replicaOf(redis, 'a'), replicaOf(redis, 'b')];
  await Promise.all([a.sharing.ready, b.sharing.ready]);
  const later = (ms: number) => pass(redis.clock, ms);
  return { redis, a, b, later };
}

describe('a fact', () => {
  it('that is urgent is known elsewhere at once, and stands in Redis after the next round', async () => {
    const { redis, a, b, later } = await two();
    a.table.put('out x', { reason: 'auth' }, 60_000);
    await later(50);
    expect(b.table.get('out x')).toEqual({ reason: 'auth' });
    expect([...redis.fields().keys()]).toEqual([]);
    await later(2_200);
    expect([...redis.fields().keys()]).toEqual(['out x']);
    expect(redis.published).toHaveLength(1);
  });

  it('that is not urgent is known elsewhere after two rounds, without a message', async () => {
    const { redis, a, b, later } = await two();
    a.table.put('sizes a', { calls: 5 }, 6_000);
    await later(4_400);
    expect(b.table.newsOf('sizes a')).toMatchObject({ subject: 'a', value: { calls: 5 } });
    expect(redis.published).toEqual([]);
  });

  it('ends for all at the same moment, whatever their clocks say', async () => {
    const { a, b, later } = await two();
    a.table.put('use a', { calls: 5 }, 6_000);
    await later(4_000);
    expect(b.table.newsOf('use a')?.leftMs).toBeCloseTo(2_000, -2);
    await later(2_100);
    expect(b.table.get('use a')).toBeUndefined();
  });

  it('is known to a replica that starts before it serves', async () => {
    const { redis, a, later } = await two();
    a.table.put('strategy default', { strategy: 'random' }, null);
    await later(2_200);
    const c = replicaOf(redis, 'c');
    await c.sharing.ready;
    expect(c.table.get('strategy default')).toEqual({ strategy: 'random' });
  });

  it('that is over is removed by whoever sees it', async () => {
    const { redis, a, later } = await two();
    a.table.put('out x', {}, 3_000);
    await later(2_200);
    await a.sharing.close();
    expect(redis.fields().size).toBe(1);
    await later(12_000);
    expect(redis.fields().size).toBe(0);
  });

  it('that was ended is over elsewhere', async () => {
    const { a, b, later } = await two();
    a.table.put('out x', {}, 60_000);
    await later(2_200);
    b.table.end('out x');
    await later(2_200);
    expect(a.table.get('out x')).toBeUndefined();
  });

  it('is told for the last time when its replica ends', async () => {
    const { redis, a } = await two();
    a.table.put('use a', {}, 6_000);
    await a.sharing.close();
    expect([...redis.fields().keys()]).toEqual(['use a']);
  });
});

it('an outage of everything is few messages, of which the last comes within a second', async () => {
  const { redis, a, b, later } = await two();
  for (let each = 0; each < 40; each++) {
    a.table.put(`out ${each}`, {}, 60_000);
    await later(10);
  }
  await later(250);
  expect(b.table.current('out').size).toBe(40);
  expect(redis.published.length).toBeLessThanOrEqual(8);
});

it('a reader that fails ends nothing, and is told of once', async () => {
  const { a, b, later } = await two();
  b.table.read('out', () => {
    throw new Error('a defect');
  });
  a.table.put('out x', {}, 60_000);
  a.table.put('use a', {}, 60_000);
  await later(10_000);
  expect(b.sharing.isUp).toBe(true);
  expect(b.table.get('use a')).toEqual({});
  expect(b.lines()).toEqual([[WORKS], ['What another replica has told was lost by a defect']]);
});

describe('Redis that', () => {
  it('is gone at the start holds nothing up, and is used once it is there', async () => {
    const redis = new FakeRedis();
    redis.isGone = true;
    const a = replicaOf(redis, 'a');
    // Without any time passing: nothing else would keep the process alive.
    await a.sharing.ready;
    expect(a.sharing.isUp).toBe(false);
    await pass(redis.clock, 20_000);
    redis.isGone = false;
    await pass(redis.clock, 5_000);
    expect(a.sharing.isUp).toBe(true);
    expect(a.lines()).toEqual([[ALONE, 'no connection (ECONNREFUSED)'], [AGAIN]]);
    // 250 ms, doubled up to 5 s, each up to half shorter.
    expect(redis.opened).toBeGreaterThan(5);
    expect(redis.opened).toBeLessThan(15);
  });

  it('is cut off is found again; what was found meanwhile is told then', async () => {
    const { redis, a, b, later } = await two();
    redis.cut();
    redis.isGone = true;
    a.table.put('out x', {}, 60_000);
    await later(3_000);
    expect([a.sharing.isUp, b.table.get('out x')]).toEqual([false, undefined]);
    redis.isGone = false;
    await later(8_000);
    expect(b.table.get('out x')).toEqual({});
    expect(a.lines()).toEqual([[WORKS], [ALONE, 'the connection was closed'], [AGAIN]]);
  });

  it('hangs at the start is waited for a moment', async () => {
    const redis = new FakeRedis();
    redis.isHung = true;
    const a = replicaOf(redis, 'a');
    await pass(redis.clock, 200);
    await a.sharing.ready;
    expect(a.lines()).toEqual([]);
    await pass(redis.clock, 3_000);
    expect(a.lines()).toEqual([[ALONE, 'no answer within 3 s']]);
  });

  it('hangs is left after two rounds without an answer, and told of once', async () => {
    const { redis, a, later } = await two();
    redis.isHung = true;
    await later(2_100);
    expect(a.lines()).toEqual([[WORKS]]);
    await later(20_000);
    expect(a.lines()).toEqual([[WORKS], [ALONE, 'no answer within 50 ms']]);
    redis.isHung = false;
    await later(10_000);
    expect(a.lines().slice(2)).toEqual([[AGAIN]]);
  });

  it('is late once is not worth a line', async () => {
    const { redis, a, later } = await two();
    redis.isHung = true;
    await later(2_100);
    redis.isHung = false;
    await later(6_000);
    expect(a.lines()).toEqual([[WORKS]]);
    expect(redis.opened).toBe(2);
  });

  it('was emptied has all again within seconds, that of replicas that are gone too', async () => {
    const { redis, a, b, later } = await two();
    a.table.put('out x', {}, 600_000);
    b.table.put('out y', {}, 600_000);
    await later(4_400);
    await b.sharing.close();
    redis.hashes.clear();
    await later(2_200);
    expect([...redis.fields().keys()]).toEqual([]);
    await later(2_200);
    expect([...redis.fields().keys()]).toEqual(['out x']);
    await later(2_200);
    expect([...redis.fields().keys()].sort()).toEqual(['out x', 'out y']);
  });

  it.each([
    ['OOM', 'HSET', 'it is full (maxmemory) (OOM)'],
    ['MISCONF', 'HSET', 'it refuses to write, since it can’t save its data (MISCONF)'],
    ['WRONGTYPE', 'HLEN', 'a key of ours holds data of another type (WRONGTYPE)'],
    ['NOPERM', 'HGETALL', 'the user of REDIS_URL is not permitted to (NOPERM)'],
  ])('answers with %s to %s carries messages alone', async (code, command, problem) => {
    const { redis, a, b, later } = await two();
    redis.refusals.set(command, code);
    a.table.put('use a', {}, 60_000);
    a.table.put('out x', {}, 60_000);
    await later(2_200);
    expect([...b.table.current('use'), ...b.table.current('out')]).toHaveLength(2);
    const late = replicaOf(redis, 'late');
    await later(12_000);
    expect([...late.table.current('use'), ...late.table.current('out')]).toHaveLength(2);
    expect([a.sharing.isUp, a.lines()]).toEqual([false, [[WORKS], [MESSAGES, problem]]]);
    redis.refusals.clear();
    await later(2_200);
    expect(a.lines().slice(2)).toEqual([[AGAIN]]);
    expect(redis.opened).toBe(3);
  });

  it.each(['READONLY', 'LOADING', 'NOAUTH'])('answers with %s is connected to anew', async (code) => {
    const { redis, a, later } = await two();
    const name = code === 'READONLY' ? 'HSET' : 'TIME';
    a.table.put('use a', {}, 60_000);
    redis.refusals.set(name, code);
    await later(8_000);
    expect(a.lines()).toHaveLength(2);
    expect(a.lines()[1]).toEqual([ALONE, expect.stringContaining(`(${code})`)]);
    expect(redis.opened).toBeGreaterThan(3);
    redis.refusals.clear();
    await later(5_000);
    expect(a.lines().slice(2)).toEqual([[AGAIN]]);
  });

  it('wants a password after a restart says so in a line of its own, once', async () => {
    const { redis, a, later } = await two();
    redis.refusals.set('TIME', 'NOAUTH');
    redis.cut();
    await later(20_000);
    const told = [
      [ALONE, 'the connection was closed'],
      [ALONE, 'it wants a password (NOAUTH)'],
    ];
    expect(a.lines().slice(1)).toEqual(told);
    redis.refusals.clear();
    await later(6_000);
    expect(a.lines().slice(1)).toEqual([...told, [AGAIN]]);
  });

  it('is gone for long, in one way and another, is one line', async () => {
    const { redis, a, later } = await two();
    redis.isGone = true;
    redis.cut();
    await later(20_000);
    expect(a.lines().slice(1)).toEqual([[ALONE, 'the connection was closed']]);
  });

  it('refuses messages is told of, and what was told arrives with the rounds', async () => {
    const { redis, a, b, later } = await two();
    redis.refusals.set('PUBLISH', 'NOPERM');
    a.table.put('out x', {}, 60_000);
    await later(4_400);
    expect(b.table.get('out x')).toEqual({});
    expect([a.sharing.isUp, a.lines()]).toEqual([
      false,
      [[WORKS], [HASH, 'the user of REDIS_URL is not permitted to (NOPERM)']],
    ]);
    redis.refusals.set('HSET', 'OOM');
    a.table.put('out x', {}, 50_000);
    await later(2_200);
    expect(a.lines().slice(2)).toEqual([[ALONE, 'it is full (maxmemory) (OOM)']]);
    redis.refusals.clear();
    a.table.put('out y', {}, 60_000);
    await later(2_200);
    expect(a.lines().slice(3)).toEqual([[AGAIN]]);
  });

  it('can’t keep facts and is gone then is told of twice', async () => {
    const { redis, a, later } = await two();
    redis.refusals.set('HLEN', 'WRONGTYPE');
    await later(2_200);
    redis.isGone = true;
    redis.cut();
    await later(10_000);
    expect(a.lines().map(([line]) => line)).toEqual([WORKS, MESSAGES, ALONE]);
  });

  it('has a time that is days away is told of', async () => {
    const { redis, a, later } = await two();
    redis.aheadMs = -48 * 3_600_000;
    await later(4_400);
    expect(a.lines().slice(1)).toEqual([[CLOCK, 'it is 48 h ahead of that of Redis']]);
  });

  it('does not let its memory be asked is trusted with few fields', async () => {
    const { redis, a, later } = await two();
    redis.refusals.set('MEMORY', 'NOPERM');
    await later(4_400);
    expect(a.lines()).toEqual([[WORKS]]);
  });
});

describe('what others have written under our key', () => {
  it('is not read where it is too much, and not deleted', async () => {
    const { redis, a, b, later } = await two();
    for (let each = 0; each < 10_001; each++) redis.fields().set(`foreign ${each}`, '1');
    redis.asked.splice(0);
    a.table.put('use a', {}, 60_000);
    await later(4_400);
    expect(redis.asked.map(([name]) => name)).not.toContain('HGETALL');
    expect(redis.asked.map(([name]) => name)).not.toContain('HSET');
    expect(redis.fields().size).toBe(10_001);
    expect(a.lines()).toEqual([[WORKS], [MESSAGES, 'lb:facts holds far more than replicas write']]);
    expect(b.table.get('use a')).toEqual({});
  });

  it('silences no alert for a year', async () => {
    const { redis, a } = await two();
    const text = '{"origin":"x.0","subjects":[]}';
    const claimed = async (leftMs: number) => {
      redis.texts.set('lb:alert:default:down', { text, untilMs: redis.nowMs + leftMs });
      return await a.sharing.claims.claim('default:down', [], 30_000);
    };
    expect(await claimed(300_000)).toEqual({ leftMs: 300_000, subjects: [] });
    expect(await claimed(365 * 24 * 3_600_000)).toBeUndefined();
  });

  it('is not read where it is too large', async () => {
    const { redis, a, later } = await two();
    redis.fields().set('foreign', 'x'.repeat(9 * 1_024 * 1_024));
    redis.asked.splice(0);
    await later(2_200);
    expect(redis.asked.map(([name]) => name)).not.toContain('HGETALL');
    expect(a.sharing.isUp).toBe(false);
  });

  it('is left alone, and takes the place of no fact', async () => {
    const { redis, a, b, later } = await two();
    const broken: readonly (readonly [string, string])[] = [
      ['out a', 'no JSON'],
      ['out b', '[1]'],
      ['out c', '{"version":1e300,"origin":"x.0","end":null,"value":{}}'],
      ['out d', `{"version":${redis.clock.wallMs() + 1e9},"origin":"x.0","end":null,"value":{}}`],
      ['out e', '{"version":5,"origin":"x.0","end":"soon","value":{}}'],
      ['out f', `{"version":5,"origin":"x.0","end":null,"value":"${'x'.repeat(1_000_001)}"}`],
      ['of a later version', '{"version":5,"origin":"x.0","end":null,"value":{}}'],
    ];
    for (const [key, text] of broken) redis.fields().set(key, text);
    await later(2_200);
    expect(a.lines()).toEqual([[WORKS]]);
    expect(a.table.snapshot('fleet')).toEqual([]);
    expect(redis.fields().size).toBe(broken.length);
    a.table.put('out d', { reason: 'auth' }, 60_000);
    await later(4_400);
    expect(redis.fields().get('out d')).toContain('"auth"');
    expect(b.table.get('out d')).toEqual({ reason: 'auth' });
  });

  it.each([
    'no JSON',
    '{}',
    '{"from":"x","facts":5}',
    '{"from":"x","facts":[5,null,{}]}',
    'x'.repeat(1_000_001),
  ])('is no message: %.20s', async (message) => {
    const { a, b, redis, later } = await two();
    const [connection] = [await redis.open(() => {}, new AbortController().signal)];
    await connection?.ask([['PUBLISH', 'lb:facts', message]]);
    await later(50);
    expect([...a.table.snapshot('fleet'), ...b.table.snapshot('fleet')]).toEqual([]);
  });
});

it('a round is five commands, and one more where something has changed', async () => {
  const { redis, a, later } = await two();
  redis.asked.splice(0);
  await later(20_000);
  expect(redis.asked.length / 2 / 10).toBeCloseTo(5, 0);
  a.table.put('use a', {}, 60_000);
  redis.asked.splice(0);
  await later(2_200);
  expect(redis.asked.filter(([name]) => name === 'HSET')).toHaveLength(1);
});
