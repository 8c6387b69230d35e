// Operators change several processes at once, and messages are late, lost and repeated: all come to the same lists.
import { describe, expect, it } from 'vitest';
import { type ListStore, ServerLists } from '../../src/admin/server-lists.ts';
import { Servers } from '../../src/admin/servers.ts';
import { createStrategyChange } from '../../src/admin/strategy.ts';
import { ListFollower } from '../../src/app/list-follower.ts';
import type { Service } from '../../src/app/service.ts';
import { DEFAULT_POOL, type Event, PoolIdentity } from '../../src/events.ts';
import type { Logger } from '../../src/log.ts';
import type { Pool } from '../../src/pools/pool.ts';
import { PoolTable } from '../../src/pools/pool-table.ts';
import type { Fact } from '../../src/sharing/fact.ts';
import { FactTable, type Transport } from '../../src/sharing/fact-table.ts';
import { StrategyChoice } from '../../src/strategies/choice.ts';
import type { UpstreamSpec } from '../../src/upstreams/upstream.ts';
import { link } from '../support/fact-links.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { fc, isNewGround } from '../support/properties.ts';
import { membershipOf } from '../support/upstreams.ts';

const spec = (name: string, url = `http://${name}.example`): UpstreamSpec => ({
  name,
  url: new URL(url),
  tier: 'primary',
  weight: 1,
});

const shown = ({ name, url, weight, draining }: UpstreamSpec) =>
  `${name}@${url.host}${url.pathname.slice(1)}${weight > 1 ? weight : ''}${draining ? '-' : ''}`;

class MemoryStore implements ListStore {
  saved = '';

  async save(upstreams: readonly UpstreamSpec[]): Promise<void> {
    await Promise.resolve();
    this.saved = upstreams.map(shown).join(' ');
  }
}

interface Message {
  readonly to: number;
  readonly facts: readonly Fact[];
}

/** All that belongs to the lists of one process, in front of upstreams to which nothing is sent. */
class Process {
  readonly clock: ManualClock;
  readonly table: FactTable;
  readonly store = new MemoryStore();
  readonly lists: ServerLists;
  readonly events: Event[] = [];
  readonly warnings: string[] = [];
  readonly servers: Servers;
  readonly chooseStrategy: (body: unknown) => unknown;
  readonly follower: ListFollower;
  /** Whether its files can be read. */
  isReadable = true;
  readonly #pool: Pool;
  #stated: readonly UpstreamSpec[];

  constructor(
    index: number,
    stated: readonly UpstreamSpec[],
    { offMs = 0, isWorker = false, persistServers = undefined as string | undefined } = {},
  ) {
    this.clock = new ManualClock(1_000, Date.UTC(2026, 0, 15) + offMs);
    this.#stated = stated;
    this.table = new FactTable({ clock: this.clock, origin: `${index}` });
    const { announcer, registry, quarantine, membership } = membershipOf(stated);
    announcer.listen((event) => this.events.push(event));
    this.lists = new ServerLists(stated, this.store);
    const identity = new PoolIdentity(DEFAULT_POOL);
    const strategies = new StrategyChoice('random', { clock: this.clock, random: () => 0.5 });
    // Nothing else is read of it.
    this.#pool = { identity, path: '', registry, membership, quarantine, strategies } as unknown as Pool;
    const pools = new PoolTable([this.#pool], this.#pool);
    const upstreamsNow = () => this.#stated;
    const service = {
      get config() {
        const upstreams = upstreamsNow();
        return { upstreams, persistServers, pools: [{ name: undefined, upstreams, strategy: 'random' }] };
      },
      pools,
    } as unknown as Service;
    const logger = { warn: (text: string) => this.warnings.push(text) } as unknown as Logger;
    const runtime = { clock: this.clock, random: () => 0.5, announcer, logger };
    this.follower = new ListFollower({
      ...{ table: this.table, lists: this.lists, service, runtime, folder: '.', hide: () => {} },
      reload: () => this.reload('others'),
      isWorker,
    });
    const { told } = this.follower;
    this.servers = new Servers({
      ...{ lists: this.lists, pools: () => pools, announcer, folder: '.', onNew: () => {}, told },
    });
    this.chooseStrategy = createStrategyChange(() => pools, announcer, told);
    void this.follower.takeOver();
  }

  /** The files say what they have said before. */
  reload(by: 'operator' | 'others' = 'operator'): Promise<void> {
    return this.lists.reload(() => {
      if (!this.isReadable) return { lists: undefined, result: undefined };
      const lists = { upstreams: this.#stated, leftOut: [] };
      this.#pool.membership.replace(this.#stated);
      this.#pool.strategies.choose('random');
      this.follower.onReloaded(by);
      return { lists, result: undefined };
    });
  }

  /** Those that serve and those that are wanted, which are the same here. */
  get state(): string {
    const { registry, strategies } = this.#pool;
    const serving = registry.all.map(({ name, url, weight, draining }) =>
      shown({ ...spec(name, url), weight, ...(draining ? { draining } : {}) }),
    );
    const wanted = this.lists.upstreams.map(shown);
    return `${serving.sort().join(' ')}|${wanted.sort().join(' ')}|${strategies.name}`;
  }

  get names(): string {
    return this.#pool.registry.all.map(({ name }) => name).join(' ');
  }
}

/** Changes that others have made are done after a few steps of promises. */
const settled = () => new Promise<void>((done) => setImmediate(done));

type Step =
  | { readonly do: 'add'; readonly at: number; readonly name: string; readonly host: string }
  | { readonly do: 'change'; readonly at: number; readonly name: string; readonly body: object }
  | { readonly do: 'remove'; readonly at: number; readonly name: string }
  | { readonly do: 'strategy'; readonly at: number; readonly strategy: string }
  | { readonly do: 'reload'; readonly at: number }
  | { readonly do: 'deliver' | 'repeat' | 'lose'; readonly which: number };

class Fleet {
  readonly processes: readonly Process[];
  readonly underWay: Message[] = [];
  readonly #from: Transport = { reach: 'fleet', send: () => {} };

  constructor(stated: readonly (readonly UpstreamSpec[])[]) {
    this.processes = stated.map(
      (each, index) => new Process(index, each, { offMs: [0, 40_000, -40_000][index] ?? 0 }),
    );
    for (const [index, { table }] of this.processes.entries())
      table.connect({
        reach: 'fleet',
        send: (facts) => {
          for (const to of this.#others(index)) this.underWay.push({ to, facts: structuredClone(facts) });
        },
      });
  }

  get states(): string[] {
    return this.processes.map(({ state }) => state);
  }

  /** Resolves to whether it was done, or refused. */
  async run(step: Step): Promise<boolean> {
    if ('which' in step) return this.#carry(step.do, step.which);
    const process = this.processes[step.at];
    if (!process) return false;
    process.clock.advance(1);
    try {
      await this.#operate(process, step);
    } catch {
      return false;
    }
    return true;
  }

  async deliverAll(): Promise<void> {
    while (this.underWay.length > 0) {
      this.#carry('deliver', 0);
      await settled();
    }
  }

  /** Nothing is changed any more: each tells all that it knows, twice, since some of it is news from the first time. */
  async settle(): Promise<void> {
    await settled();
    this.underWay.length = 0;
    for (let round = 0; round < 2; round += 1) {
      for (const [from, { table }] of this.processes.entries())
        for (const to of this.#others(from))
          this.processes[to]?.table.receive(table.snapshot('fleet'), this.#from);
      await settled();
    }
    this.underWay.length = 0;
  }

  #operate(process: Process, step: Exclude<Step, { readonly which: number }>): unknown {
    switch (step.do) {
      case 'add':
        return process.servers.add({ url: `http://${step.host}`, name: step.name });
      case 'change':
        return process.servers.change(step.name, step.body);
      case 'remove':
        return process.servers.remove(step.name);
      case 'strategy':
        return process.chooseStrategy({ strategy: step.strategy });
      case 'reload':
        return process.reload();
      default:
        return step satisfies never;
    }
  }

  #carry(how: 'deliver' | 'repeat' | 'lose', which: number): boolean {
    const index = this.underWay.length === 0 ? -1 : which % this.underWay.length;
    const message = this.underWay[index];
    if (!message) return false;
    if (how !== 'lose') this.processes[message.to]?.table.receive(message.facts, this.#from);
    if (how !== 'repeat') this.underWay.splice(index, 1);
    return true;
  }

  #others(index: number): number[] {
    return this.processes.map((_, other) => other).filter((other) => other !== index);
  }
}

const at = fc.nat(2);
const name = fc.constantFrom('a', 'b', 'c', 'd', 'c-2');
const host = fc.constantFrom('a.example', 'c.example', 'd.example', 'e.example');
const body = fc.constantFrom({ weight: 2 }, { weight: 3 }, { draining: true }, { draining: false });
const strategy = fc.constantFrom('random', 'round-robin', 'peak-ewma');
const operations: fc.Arbitrary<Step>[] = [
  fc.record({ do: fc.constant('add' as const), at, name, host }),
  fc.record({ do: fc.constant('change' as const), at, name, body }),
  fc.record({ do: fc.constant('remove' as const), at, name }),
  fc.record({ do: fc.constant('strategy' as const), at, strategy }),
  fc.record({ do: fc.constant('reload' as const), at }),
];
const messages: fc.Arbitrary<Step> = fc.record({
  do: fc.constantFrom('deliver' as const, 'deliver' as const, 'repeat' as const, 'lose' as const),
  which: fc.nat(1_000),
});

const STATED = [spec('a'), spec('b')];

describe('changes that operators make in three processes', () => {
  it('come to the same lists, in any order, lost and repeated', async () => {
    const script = fc.array(fc.oneof(...operations, messages, messages, messages), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(script, async (steps) => {
        const fleet = new Fleet([STATED, STATED, STATED]);
        for (const step of steps) await fleet.run(step);
        await fleet.settle();
        const [first = '', ...others] = fleet.states;
        expect(others).toEqual([first, first]);
        const [serving, wanted] = first.split('|');
        expect(serving).toBe(wanted);
        expect(serving).not.toBe('');
        for (const { store, lists } of fleet.processes)
          if (store.saved !== '' && !steps.some((step) => step.do === 'reload'))
            expect(store.saved).toBe(lists.upstreams.map(shown).join(' '));
      }),
      { numRuns: isNewGround ? 2_000 : 60 },
    );
  });

  it('are those of one process, where each is known before the next is made', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(...operations), { maxLength: 25 }), async (steps) => {
        const fleet = new Fleet([STATED, STATED, STATED]);
        const alone = new Fleet([STATED]);
        for (const step of steps) {
          const wasDone = await fleet.run(step);
          await fleet.deliverAll();
          expect(await alone.run('at' in step ? { ...step, at: 0 } : step)).toBe(wasDone);
          await alone.settle();
          const [expected = ''] = alone.states;
          expect(fleet.states).toEqual([expected, expected, expected]);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('hold beside what the files of one process say alone', async () => {
    const script = fc.array(fc.oneof(...operations, messages, messages), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(script, async (steps) => {
        const own = [spec('b'), spec('c', 'http://own.example')];
        const fleet = new Fleet([STATED, own]);
        for (const step of steps) await fleet.run(step);
        await fleet.settle();
        const lists = fleet.processes.map((each) => each.names.split(' '));
        for (const names of lists) expect(new Set(names).size).toBe(names.length);
        expect(lists.every(([first]) => first !== '')).toBe(true);
      }),
      { numRuns: 30 },
    );
  });
});

describe('a change', () => {
  it('that was made before a reload elsewhere is void, however late either is heard of', async () => {
    const fleet = new Fleet([STATED, STATED]);
    const [one, two] = fleet.processes;
    await one?.servers.change('a', { weight: 9 });
    await one?.servers.add({ url: 'http://c.example', name: 'c' });
    one?.chooseStrategy({ strategy: 'round-robin' });
    // Its clock is ahead of the first one's.
    await two?.reload();
    await one?.servers.change('b', { draining: true });
    await fleet.settle();
    const [state] = fleet.states;
    expect(fleet.states).toEqual([state, state]);
    expect(state).toBe('a@a.example b@b.example|a@a.example b@b.example|random');
    await one?.servers.change('b', { draining: true });
    await fleet.settle();
    expect(fleet.states.map((each) => each.split('|')[0])).toEqual(Array(2).fill('a@a.example b@b.example-'));
  });

  it('that is in a file of its own survives that the settings can’t be read when others reload', async () => {
    const persistServers = 'servers.json';
    const [one, two] = [
      new Process(0, STATED, { persistServers }),
      new Process(1, STATED, { persistServers }),
    ];
    link(one.table, two.table, 'fleet');
    await one.servers.add({ url: 'http://c.example', name: 'c' });
    await settled();
    for (const { clock } of [one, two]) clock.advance(10);
    two.isReadable = false;
    await one.reload();
    await settled();
    expect([two.names, two.store.saved]).toEqual(['a b c', 'a@a.example b@b.example c@c.example']);
    await one.servers.change('a', { weight: 3 });
    await settled();
    expect(two.state).toContain('a@a.example3 b@b.example c@c.example|');
  });

  it('of the weight stays when another one drains it, for those who come later', async () => {
    const fleet = new Fleet([STATED, STATED]);
    const [one, two] = fleet.processes;
    await one?.servers.change('a', { weight: 4 });
    await one?.servers.change('a', { draining: true });
    await one?.servers.change('b', { draining: true });
    await one?.servers.change('b', { draining: false });
    await fleet.settle();
    expect(two?.state.split('|')[0]).toBe('a@a.example4- b@b.example');
  });
});

describe('two changes at once', () => {
  it('that give two upstreams one name leave it to the one that was added first, and say so once', async () => {
    const fleet = new Fleet([STATED, STATED]);
    const [one, two] = fleet.processes;
    await one?.servers.add({ url: 'http://first.example', name: 'c' });
    two?.clock.advance(5);
    await two?.servers.add({ url: 'http://second.example', name: 'c' });
    await fleet.settle();
    await fleet.settle();
    // The clock of the second is ahead.
    for (const each of fleet.processes) {
      expect(each.state.split('|')[0]).toBe('a@a.example b@b.example c-2@second.example c@first.example');
      expect(each.warnings).toEqual([
        'Changes on several replicas: two upstreams are named c: the one that was added later is called c-2 here',
      ]);
    }
    one?.clock.advance(100_000);
    await one?.servers.change('c', { weight: 2 });
    await fleet.settle();
    for (const each of fleet.processes)
      expect(each.state.split('|')[0]).toBe('a@a.example b@b.example c-2@second.example c@first.example2');
    await one?.servers.change('c-2', { weight: 4 });
    await two?.servers.remove('c');
    await fleet.settle();
    for (const each of fleet.processes)
      expect(each.state.split('|')[0]).toBe('a@a.example b@b.example c-2@second.example4');
  });

  it('that give an account two ceilings leave it the one that was added first', async () => {
    const fleet = new Fleet([STATED, STATED]);
    const [one, two] = fleet.processes;
    await one?.servers.add({ url: 'http://x.example', name: 'x', account: 'acc', rps: 5 });
    await two?.servers.add({ url: 'http://y.example', name: 'y', account: 'acc', rps: 9 });
    await fleet.settle();
    for (const { lists, warnings } of fleet.processes) {
      expect(lists.upstreams.map(({ rps }) => rps)).toEqual([undefined, undefined, 5, undefined]);
      expect(warnings).toEqual([
        'Changes on several replicas: x and y give account=acc two ceilings: rps=5 holds',
      ]);
    }
  });

  it('that would remove all leave the one that was removed last, until another one comes', async () => {
    const fleet = new Fleet([STATED, STATED]);
    const [one, two] = fleet.processes;
    await one?.servers.remove('a');
    await two?.servers.remove('b');
    await fleet.settle();
    for (const each of fleet.processes) {
      expect(each.names).toBe('b');
      expect(each.warnings).toEqual([
        'Changes on several replicas: all upstreams of the pool default were removed: b, the last one, stays',
      ]);
    }
    await one?.servers.add({ url: 'http://c.example', name: 'c' });
    await fleet.settle();
    expect(fleet.processes.map(({ names }) => names)).toEqual(['c', 'c']);
  });
});

describe('a change of an upstream that a process does not have', () => {
  it('holds when it comes', async () => {
    const fleet = new Fleet([[...STATED, spec('c')], STATED]);
    const [one, two] = fleet.processes;
    await one?.servers.change('c', { weight: 8 });
    await fleet.settle();
    expect(two?.names).toBe('a b');
    await one?.servers.add({ url: 'http://d.example', name: 'd', pool: 'default' });
    await fleet.settle();
    expect(two?.names).toBe('a b d');
  });

  it('of another pool waits for the pool', async () => {
    const fleet = new Fleet([STATED, STATED]);
    const [one, two] = fleet.processes;
    one?.follower.told.added({ ...spec('x'), pool: 'elsewhere' });
    one?.follower.told.strategyChosen('elsewhere', 'round-robin');
    await fleet.settle();
    expect([two?.names, two?.warnings]).toEqual(['a b', []]);
    expect(two?.table.current('server').size).toBe(1);
  });
});

describe('a worker that hears of a reload', () => {
  async function setUp() {
    const first = new Process(0, STATED);
    const worker = new Process(1, STATED, { isWorker: true });
    link(first.table, worker.table, 'machine');
    await first.servers.remove('a');
    await first.servers.change('b', { weight: 2 });
    await settled();
    for (const { clock } of [first, worker]) clock.advance(10);
    expect(worker.names).toBe('b');
    return { first, worker };
  }

  it('keeps its lists until it gets the settings', async () => {
    const { first, worker } = await setUp();
    await first.reload();
    await first.servers.change('b', { draining: true });
    await settled();
    expect([first.names, worker.names]).toEqual(['a b', 'b']);
    await worker.reload('others');
    await settled();
    expect(worker.state).toBe(first.state);
    expect(worker.clock.pendingTimers).toBe(0);
    expect(worker.store.saved).toBe('a@a.example b@b.example-');
  });

  it('goes back to those that it has when none come', async () => {
    const { first, worker } = await setUp();
    await first.reload();
    worker.clock.advance(1_999);
    await settled();
    expect(worker.names).toBe('b');
    worker.clock.advance(1);
    await settled();
    expect(worker.state).toBe(first.state);
    expect(worker.warnings).toEqual([]);
  });
});

describe('that an upstream was removed', () => {
  const DAY_MS = 24 * 3_600_000;
  const known = ({ table }: Process) => table.current('server').size;

  it('is told for a week where no settings name it, and for good where some do', async () => {
    const added = spec('x');
    // The second has it in its file: it was added, and then the process was started anew.
    const fleet = new Fleet([STATED, STATED]);
    const [one] = fleet.processes;
    await one?.servers.add({ url: added.url.href, name: 'x' });
    await one?.servers.remove('x');
    await one?.servers.remove('a');
    await fleet.settle();
    for (const each of fleet.processes) {
      each.clock.advance(8 * DAY_MS);
      expect([each.names, known(each)]).toEqual(['b', 1]);
    }
    const other = new Fleet([STATED, [...STATED, added]]);
    const [first, second] = other.processes;
    await first?.servers.add({ url: added.url.href, name: 'x' });
    await other.settle();
    await first?.servers.remove('x');
    await other.settle();
    for (const { clock } of other.processes) clock.advance(8 * DAY_MS);
    await second?.servers.change('a', { weight: 2 });
    await other.settle();
    expect(other.processes.map(({ names }) => names)).toEqual(['a b', 'a b']);
  });
});

describe('one whose certificates are not there', () => {
  it('is left out, and logged without its secrets', async () => {
    const fleet = new Fleet([STATED, STATED]);
    const [one, two] = fleet.processes;
    const url = new URL('https://x.example/HUSH');
    one?.follower.told.added({ ...spec('x'), url, ca: { file: 'no-such.pem', pem: '' } });
    await fleet.settle();
    await fleet.settle();
    expect(two?.names).toBe('a b');
    expect(two?.warnings).toHaveLength(1);
    expect(two?.warnings[0]).toMatch(/can't be used here: .*no-such\.pem.*there is no such file/);
    expect(two?.warnings[0]).not.toContain('HUSH');
  });
});
