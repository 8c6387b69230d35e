import { describe, expect, it } from 'vitest';
import { type Fact, reaches } from '../../src/sharing/fact.ts';
import { FactTable, type News, type Transport } from '../../src/sharing/fact-table.ts';
import { ManualClock } from '../support/manual-clock.ts';

function setUp(origin = 'a', clock = new ManualClock()) {
  const table = new FactTable({ clock, origin });
  const sent: Fact[] = [];
  const urgent: boolean[] = [];
  const transport: Transport = {
    reach: 'fleet',
    send(facts, areUrgent) {
      sent.push(...facts);
      urgent.push(areUrgent);
    },
  };
  table.connect(transport);
  const news: News[] = [];
  table.read('out', (each) => news.push(each));
  return { clock, table, sent, urgent, transport, news };
}

const fact = (parts: Partial<Fact>): Fact => ({
  key: 'out x',
  version: 5,
  origin: 'b',
  leftMs: 1_000,
  value: { reason: 'refused' },
  ...parts,
});

describe('a table of facts', () => {
  it('tells transports of its own facts, with the time left, and readers here of none', () => {
    const { table, sent, urgent, news, clock } = setUp();
    table.put('out x', { reason: 'refused' }, 5_000);
    table.put('sizes x', { batch: 3 }, null);
    expect(sent).toEqual([
      { key: 'out x', version: clock.wallMs(), origin: 'a', leftMs: 5_000, value: { reason: 'refused' } },
      { key: 'sizes x', version: clock.wallMs() + 1, origin: 'a', leftMs: null, value: { batch: 3 } },
    ]);
    expect(urgent).toEqual([true, false]);
    expect(news).toEqual([]);
  });

  it('tells readers what others have found, and again only what is newer', () => {
    const { table, transport, news } = setUp();
    table.receive([fact({})], transport);
    table.receive([fact({}), fact({ version: 4, value: { reason: 'dns' } })], transport);
    expect(news).toEqual([{ subject: 'x', value: { reason: 'refused' }, leftMs: 1_000 }]);
    table.receive([fact({ version: 6, value: null })], transport);
    expect(news.at(-1)).toEqual({ subject: 'x', value: undefined, leftMs: 0 });
    expect(table.get('out x')).toBeUndefined();
  });

  it('lets the greater origin win where versions are equal', () => {
    const { table, transport } = setUp();
    table.receive(
      [fact({ origin: 'b', value: { by: 'b' } }), fact({ origin: 'c', value: { by: 'c' } })],
      transport,
    );
    table.receive([fact({ origin: 'b', value: { by: 'b' } })], transport);
    expect(table.get('out x')).toEqual({ by: 'c' });
  });

  it('writes later than all that it has received, however far ahead the clock of others is', () => {
    const { table, transport, sent, clock } = setUp();
    const version = clock.wallMs() + 3_600_000;
    table.receive([fact({ version })], transport);
    table.end('out x');
    expect(sent.at(-1)).toMatchObject({ key: 'out x', version: version + 1, value: null });
  });

  it('ignores a version that is a day ahead, which would hold for ever', () => {
    const { table, transport, clock } = setUp();
    table.receive([fact({ version: clock.wallMs() + 25 * 3_600_000 })], transport);
    expect(table.get('out x')).toBeUndefined();
  });

  it('passes news on to the other transports, but not back', () => {
    const { table, transport, sent } = setUp();
    const others: Fact[] = [];
    table.connect({ reach: 'machine', send: (facts) => others.push(...facts) });
    table.receive([fact({})], transport);
    expect(sent).toEqual([]);
    expect(others).toEqual([fact({})]);
  });

  it('keeps what concerns one machine from those of others', () => {
    const { table, sent } = setUp();
    const machine: Fact[] = [];
    table.connect({ reach: 'machine', send: (facts) => machine.push(...facts) });
    table.put('standing x', { down: 'probe-failed' }, null);
    expect(sent).toEqual([]);
    expect(machine).toMatchObject([{ key: 'standing x' }]);
    expect(table.snapshot('fleet')).toEqual([]);
    expect(table.snapshot('machine')).toHaveLength(1);
    expect(reaches({ key: 'standing x' }, 'fleet')).toBe(false);
  });

  it('tells a new reader what is known and in force', () => {
    const { table, transport, clock } = setUp();
    table.receive(
      [fact({ key: 'ban x eth_call', leftMs: 400 }), fact({ key: 'ban y eth_call', leftMs: 900 })],
      transport,
    );
    clock.advance(500);
    const news: News[] = [];
    table.read('ban', (each) => news.push(each));
    expect(news).toEqual([{ subject: 'y eth_call', value: { reason: 'refused' }, leftMs: 400 }]);
    expect(table.current('ban')).toEqual(new Map([['y eth_call', { reason: 'refused' }]]));
  });

  it('does not take what was replaced for news when it comes late, not even after its end', () => {
    const { table, transport, clock } = setUp();
    table.receive([fact({ version: 6, leftMs: 1_000 })], transport);
    table.end('out x');
    clock.advance(30_000);
    table.receive([fact({ version: 5, leftMs: 60_000 })], transport);
    expect(table.get('out x')).toBeUndefined();
  });

  it('forgets what was over long ago', () => {
    const { table, transport, clock } = setUp();
    table.receive([fact({})], transport);
    clock.advance(61_001);
    expect(table.snapshot('machine')).toEqual([]);
  });

  it('says which of two facts was written later, also of those that are over', () => {
    const { table, transport, clock } = setUp();
    table.put('out x', {}, 10);
    table.put('out y', {}, 10);
    expect([table.isLater('out y', 'out x'), table.isLater('out x', 'out y')]).toEqual([true, false]);
    const version = table.snapshot('machine').at(-1)?.version ?? 0;
    table.receive([fact({ key: 'out z', version, origin: 'b' })], transport);
    expect([table.isLater('out z', 'out y'), table.isLater('out z', 'out z')]).toEqual([true, false]);
    clock.advance(20);
    expect(table.isLater('out y', 'out x')).toBe(true);
    expect([table.isLater('out x', 'out none'), table.isLater('out none', 'out x')]).toEqual([false, false]);
  });

  it('ends a fact of a process that has gone, for the readers here as well', () => {
    const { table, transport, sent, news } = setUp();
    table.receive([fact({})], transport);
    table.endForGone('out x');
    table.endForGone('out x');
    table.endForGone('out unknown');
    expect(news.map(({ value }) => value)).toEqual([{ reason: 'refused' }, undefined]);
    expect(sent.map(({ key, value }) => [key, value])).toEqual([['out x', null]]);
    table.receive([fact({})], transport);
    expect(table.get('out x')).toBeUndefined();
  });

  it('drops what is kept elsewhere, without a word', () => {
    const { table, transport, sent, news } = setUp();
    table.receive([fact({})], transport);
    table.forget('out x');
    table.forget('out x');
    expect([table.get('out x'), table.snapshot('machine'), sent]).toEqual([undefined, [], []]);
    table.receive([fact({})], transport);
    expect(news).toHaveLength(2);
  });

  it('leaves room for the facts of each kind, however many there are of another', () => {
    const { table, transport, news } = setUp();
    const sizes = Array.from({ length: 100_010 }, (_, id) => fact({ key: `sizes ${id}` }));
    table.receive(sizes, transport);
    expect(table.current('sizes').size).toBe(100_000);
    table.receive([fact({})], transport);
    expect(news).toHaveLength(1);
    table.forget('sizes 0');
    table.receive([fact({ key: 'sizes new' }), fact({ key: 'sizes newer' })], transport);
    expect([table.get('sizes new'), table.get('sizes newer')]).toEqual([fact({}).value, undefined]);
  });

  it('takes from another machine nothing that is true of one machine alone', () => {
    const { table, transport } = setUp();
    table.receive([fact({ key: 'gone x' }), fact({ key: 'standing x' })], transport);
    expect([table.get('gone x'), table.get('standing x')]).toEqual([undefined, undefined]);
    table.receive([fact({ key: 'gone x' })], { reach: 'machine', send() {} });
    expect(table.get('gone x')).toBeDefined();
  });

  it('ignores what is said to hold longer than anything of its kind does', () => {
    const { table, transport } = setUp();
    const year = 365 * 24 * 3_600_000;
    const kinds = ['out', 'ban', 'sizes', 'learnt', 'use', 'rest'];
    for (const leftMs of [null, year])
      table.receive(
        kinds.map((kind) => fact({ key: `${kind} x`, leftMs })),
        transport,
      );
    expect(table.snapshot('fleet')).toEqual([]);
    table.receive([fact({ key: 'server x', leftMs: null })], transport);
    expect(table.get('server x')).toBeDefined();
  });

  it('tells first that settings were read anew, since what has come with it is to be read by that', () => {
    const { table, transport } = setUp();
    const told: string[] = [];
    table.read('lists', () => told.push('lists'));
    table.read('server', () => told.push('server'));
    table.receive([fact({ key: 'server x' }), fact({ key: 'lists' })], transport);
    expect(told).toEqual(['lists', 'server']);
  });

  it.each([
    [null],
    ['out x'],
    [[]],
    [{}],
    [fact({ key: 'odd x' })],
    [fact({ key: `out ${'x'.repeat(600)}` })],
    [fact({ version: 1.5 })],
    [fact({ version: 0 })],
    [fact({ origin: '' })],
    [fact({ leftMs: -1 })],
    [fact({ leftMs: Number.NaN })],
    [{ ...fact({}), value: 'text' }],
    [{ ...fact({}), version: '5' }],
  ])('ignores what is no fact: %j', (received) => {
    const { table, transport } = setUp();
    table.receive([received], transport);
    expect(table.snapshot('machine')).toEqual([]);
  });
});
