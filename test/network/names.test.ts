// The cache of names: who waits for what, and for how long. Look-ups are scripted, time is moved.
import { describe, expect, it } from 'vitest';
import { Announcer, type Event } from '../../src/events.ts';
import type { Found } from '../../src/network/look-up.ts';
import { Names } from '../../src/network/names.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { seededRandom } from '../support/seeded-random.ts';

interface Asked {
  readonly name: string;
  readonly signal: AbortSignal;
  found(addresses: readonly string[], ttlMs?: number): Promise<void>;
  failed(code?: string): Promise<void>;
}

/** Long enough for what promises have to say to each other. */
const turns = () => new Promise<void>((resolve) => setImmediate(resolve));

function setUp() {
  const clock = new ManualClock();
  const asked: Asked[] = [];
  const events: Event[] = [];
  const announcer = new Announcer();
  announcer.listen((event) => events.push(event));
  const names = new Names({
    clock,
    random: seededRandom(1),
    announcer,
    lookUp: (name, signal) =>
      new Promise<Found>((resolve, reject) => {
        asked.push({
          name,
          signal,
          found(addresses, ttlMs = 60_000) {
            resolve({ addresses, ttlMs });
            return turns();
          },
          failed(code = 'ESERVFAIL') {
            reject(Object.assign(new Error('failed'), { code }));
            return turns();
          },
        });
      }),
  });
  /** A promise's state after all turns: its value, `waits`, or the code of its error. */
  const state = async (promise: Promise<unknown>) => {
    const failed = promise.catch((error: { code?: string }) => error.code);
    await turns();
    return Promise.race([failed, Promise.resolve('waits')]);
  };
  const find = (name = 'a.test') => state(names.find(name));
  const latest = () => {
    const last = asked.at(-1);
    if (!last) throw new Error('nothing was asked');
    return last;
  };
  return { clock, asked, events, names, state, find, latest };
}

describe('a name', () => {
  it('has one look-up under way, for all who want it', async () => {
    const { names, asked, latest } = setUp();
    const all = [names.find('a.test'), names.find('a.test'), names.find('b.test')];
    expect(asked.map(({ name }) => name)).toEqual(['a.test', 'b.test']);
    await asked[0]?.found(['127.0.0.1']);
    await latest().found(['127.0.0.2']);
    expect(await Promise.all(all)).toEqual([['127.0.0.1'], ['127.0.0.1'], ['127.0.0.2']]);
  });

  it.each([
    [0, 1_000],
    [30_000, 30_000],
    [86_400_000, 300_000],
  ])('with a time to live of %i ms is asked for again after %i ms', async (ttlMs, againMs) => {
    const { clock, asked, find, latest } = setUp();
    await find();
    await latest().found(['127.0.0.1'], ttlMs);
    clock.advance(againMs - 1);
    expect([await find(), asked.length]).toEqual([['127.0.0.1'], 1]);
    clock.advance(1);
    expect([await find(), asked.length]).toEqual(['waits', 2]);
  });

  it('has its new address at once, as long as the look-up takes no longer than a moment', async () => {
    const { clock, find, latest, names, state } = setUp();
    await find();
    await latest().found(['127.0.0.1'], 1_000);
    clock.advance(1_000);
    const waiting = names.find('a.test');
    await turns();
    await latest().found(['127.0.0.2'], 1_000);
    expect(await state(waiting)).toEqual(['127.0.0.2']);
    clock.advance(1_000);
    const slow = names.find('a.test');
    clock.advance(250);
    expect(await state(slow)).toEqual(['127.0.0.2']);
    // Who comes later waits for the same look-up no more.
    expect(await find()).toEqual(['127.0.0.2']);
    await latest().found(['127.0.0.3']);
    expect(await find()).toEqual(['127.0.0.3']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('that can no longer be looked up goes on with its last addresses, and says so once', async () => {
    const { clock, asked, events, find, latest } = setUp();
    await find();
    await latest().found(['127.0.0.1'], 1_000);
    for (let round = 0; round < 3; round++) {
      clock.advance(1_000);
      await find();
      await latest().failed();
      expect(await find()).toEqual(['127.0.0.1']);
    }
    // While look-ups fail nobody waits for the next one.
    clock.advance(1_000);
    expect([await find(), asked.length]).toEqual([['127.0.0.1'], 5]);
    expect(events).toEqual([{ type: 'name-lost', host: 'a.test' }]);
    await latest().found(['127.0.0.2']);
    expect(await find()).toEqual(['127.0.0.2']);
    expect(events.at(-1)).toEqual({ type: 'name-found', host: 'a.test' });
  });

  it('that was never found fails all who want it, and is asked for again after a second', async () => {
    const { clock, asked, events, find, latest, names, state } = setUp();
    const first = state(names.find('a.test'));
    await latest().failed('ENOTFOUND');
    expect(await first).toBe('ENOTFOUND');
    expect([await find(), asked.length]).toEqual(['ENOTFOUND', 1]);
    clock.advance(1_000);
    expect([await find(), asked.length]).toEqual(['waits', 2]);
    await latest().found(['127.0.0.1']);
    expect([await find(), events]).toEqual([['127.0.0.1'], []]);
  });

  it('has a limit of its own: a look-up without an answer is stopped after five seconds', async () => {
    const { clock, latest, names, state } = setUp();
    const waiting = names.find('a.test');
    clock.advance(4_999);
    expect(await state(waiting)).toBe('waits');
    clock.advance(1);
    expect(await state(waiting)).toBe('ETIMEOUT');
    expect([latest().signal.aborted, clock.pendingTimers]).toEqual([true, 0]);
  });
});

describe('several addresses', () => {
  it('come in another order each time, the families in turns', async () => {
    const { find, latest } = setUp();
    await find();
    await latest().found(['::1', '::2', '127.0.0.1', '127.0.0.2', '127.0.0.3']);
    const seen = new Set<string>();
    for (let count = 0; count < 50; count++) {
      const order = await find();
      if (!Array.isArray(order)) throw new Error('no addresses');
      expect(order.map((address: string) => address.includes(':'))).toEqual([
        true,
        false,
        true,
        false,
        false,
      ]);
      seen.add(order.join());
    }
    // Two orders of the one family, six of the other.
    expect(seen.size).toBe(12);
  });

  it('that were of no use come last for half a minute', async () => {
    const { clock, find, latest, names } = setUp();
    await find();
    await latest().found(['::1', '127.0.0.1', '127.0.0.2'], 300_000);
    names.avoid('a.test', '::1');
    names.avoid('a.test', '127.0.0.2');
    const firsts = async () => {
      const seen = new Set<unknown>();
      for (let count = 0; count < 20; count++) seen.add((await names.find('a.test'))[0]);
      return [...seen];
    };
    expect(await firsts()).toEqual(['127.0.0.1']);
    clock.advance(30_000);
    expect(await firsts()).toEqual(['::1']);
  });
});
