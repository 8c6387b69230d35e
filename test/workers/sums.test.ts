import { expect, it } from 'vitest';
import { PoolIdentity } from '../../src/events.ts';
import type { Pool } from '../../src/pools/pool.ts';
import { PoolTable } from '../../src/pools/pool-table.ts';
import { PoolUsage } from '../../src/pools/usage.ts';
import { Upstream } from '../../src/upstreams/upstream.ts';
import { NumberReader } from '../../src/workers/numbers.ts';
import { Roster } from '../../src/workers/roster.ts';
import { Sums } from '../../src/workers/sums.ts';

/** A process with one pool of one upstream; of the pool only what numbers are read from and written to. */
function makeProcess() {
  const identity = new PoolIdentity('default');
  const spec = { url: new URL('http://one.example'), name: 'one', tier: 'primary', weight: 1 } as const;
  const upstream = new Upstream(spec, 0, identity);
  const queue = {
    elsewhere: 0,
    elsewhereFor: new WeakMap<Upstream, number>(),
    length: 0,
    waitingFor: () => 3,
  };
  const usage = new PoolUsage();
  const pool = {
    identity,
    path: '',
    registry: { all: [upstream] },
    usage,
    queue,
    onlookers: { ...queue },
  };
  // It has the same name, and no requests.
  const nowhere = { ...pool, registry: { all: [] }, usage: new PoolUsage(), queue: { ...queue } };
  const table = new PoolTable([pool as unknown as Pool], nowhere as unknown as Pool);
  return { upstream, queue, usage, pools: () => table };
}

function makeWorker() {
  const worker = makeProcess();
  let linesDropped = 0;
  const numbers = new NumberReader({
    ...{ pools: worker.pools, linesDropped: () => linesDropped, connections: () => 0 },
  });
  const drop = () => {
    linesDropped += 1;
  };
  return { ...worker, numbers, drop };
}

it('what is counted is the sum of all workers and never falls; what is under way is that of those that live', () => {
  const first = makeProcess();
  const sums = new Sums(first.pools, new Roster(first.pools));
  const [one, two] = [makeWorker(), makeWorker()];
  const report = () =>
    [one, two].forEach(({ numbers }, index) => {
      const told = numbers.read();
      if (told) sums.add(index + 1, told);
    });
  Object.assign(one.upstream, { attempts: 5, failures: 1, connectionsOpened: 2, probeCalls: 1, inFlight: 3 });
  one.upstream.answers.rpc = true;
  one.upstream.slow = { isSilent: true, kinds: 1 };
  one.queue.length = 4;
  one.usage.begin();
  one.drop();
  Object.assign(two.upstream, { attempts: 7, inFlight: 1 });
  report();
  const { upstream, queue, usage } = first;
  expect(upstream).toMatchObject({
    attempts: 12,
    failures: 1,
    connectionsOpened: 2,
    probeCalls: 1,
    inFlight: 4,
  });
  expect(upstream.answers).toEqual({ rpc: true, http: false });
  expect(upstream.slow?.isSilent).toBe(true);
  expect([usage.underWay, queue.elsewhere, queue.elsewhereFor.get(upstream)]).toEqual([1, 4, 3]);
  expect(sums.linesDropped).toBe(1);

  one.upstream.inFlight = 1;
  two.upstream.attempts = 8;
  report();
  expect(upstream).toMatchObject({ attempts: 13, inFlight: 2 });
  expect([one.numbers.read(), two.numbers.read()]).toEqual([undefined, undefined]);

  sums.drop(1);
  expect(upstream).toMatchObject({
    attempts: 13,
    failures: 1,
    connectionsOpened: 2,
    inFlight: 1,
    slow: undefined,
  });
  expect([usage.underWay, queue.elsewhere, queue.elsewhereFor.get(upstream)]).toEqual([0, 0, 0]);
  // The next one begins at nothing.
  const next = makeWorker();
  next.upstream.attempts = 2;
  const told = next.numbers.read();
  if (told) sums.add(3, told);
  expect(upstream.attempts).toBe(15);
});
