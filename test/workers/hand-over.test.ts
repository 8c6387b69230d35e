import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import type { Worker } from '../../src/workers/crew.ts';
import { HandOver } from '../../src/workers/hand-over.ts';
import { releaseAfterwards } from '../support/leftovers.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { until } from '../support/waiting.ts';

/** A worker that takes nothing by itself. */
function makeWorker(number: number): { readonly worker: Worker; readonly got: Socket[] } {
  const got: Socket[] = [];
  const process = {
    pid: number,
    send: (_message: unknown, connection?: Socket) => void (connection && got.push(connection)),
    kill() {},
    onMessage() {},
    onEnd() {},
  };
  const worker = {
    ...{ number, place: 0, process, startedMs: 0, isReady: true, isLeaving: false, connections: 0 },
    handedOver: [],
  };
  return { worker, got };
}

async function setUp(maxWaiting = 100) {
  const clock = new ManualClock();
  const workers: Worker[] = [];
  const handOver = new HandOver(() => workers, maxWaiting, clock);
  const { port } = await handOver.listen('client', { port: 0, host: '127.0.0.1' });
  releaseAfterwards(() => handOver.close());
  const join = async () => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    releaseAfterwards(() => socket.destroy());
    await once(socket, 'connect');
    return socket;
  };
  return { clock, workers, handOver, join };
}

it('connections go to the worker that has the fewest, and stay here until it has taken them', async () => {
  const { workers, handOver, join } = await setUp();
  const [one, two] = [makeWorker(1), makeWorker(2)];
  workers.push(one.worker, two.worker);
  for (let count = 0; count < 4; count++) await join();
  await until(() => one.got.length === 2 && two.got.length === 2, 'two connections each');
  const [first] = one.got;
  handOver.onTaken(one.worker);
  expect([first?.destroyed, one.got[1]?.destroyed]).toEqual([true, false]);
  expect([one.worker.handedOver.length, one.worker.connections]).toEqual([1, 1]);
  // The other one is behind by two.
  await join();
  await until(() => one.got.length === 3, 'the next connection');
});

it('what a worker had not taken when it ended another one gets, in the same order', async () => {
  const { workers, handOver, join } = await setUp();
  const [one, two] = [makeWorker(1), makeWorker(2)];
  workers.push(one.worker);
  for (let count = 0; count < 3; count++) await join();
  await until(() => one.got.length === 3, 'three connections');
  handOver.onTaken(one.worker);
  workers.splice(0, 1, two.worker);
  handOver.onEnd(one.worker);
  expect(two.got).toEqual(one.got.slice(1));
  expect(two.got.some(({ destroyed }) => destroyed)).toBe(false);
});

it('without a worker they wait for the next one, up to a bound', async () => {
  const { workers, handOver, join } = await setUp(2);
  const clients = [await join(), await join(), await join()];
  await until(() => clients[2]?.resume().destroyed === true, 'the end of the one too many');
  const { worker, got } = makeWorker(1);
  workers.push(worker);
  handOver.resume();
  expect(got).toHaveLength(2);
  expect(clients.slice(0, 2).map(({ destroyed }) => destroyed)).toEqual([false, false]);
});

it('a worker that hangs gets no more connections while another one takes them, however many that has', async () => {
  const { clock, workers, handOver, join } = await setUp();
  const [hung, well] = [makeWorker(1), makeWorker(2)];
  workers.push(hung.worker, well.worker);
  await join();
  await join();
  await until(() => hung.got.length === 1 && well.got.length === 1, 'a connection each');
  handOver.onTaken(well.worker);
  clock.advance(250);
  for (let count = 0; count < 3; count++) await join();
  await until(() => well.got.length === 4, 'the other connections');
  expect(hung.got).toHaveLength(1);
  // Better late than not at all.
  clock.advance(250);
  await join();
  await until(() => hung.got.length === 2, 'the next connection');
});
