import { expect, it } from 'vitest';
import { createLog } from '../../src/log.ts';
import { Crew, type Worker } from '../../src/workers/crew.ts';
import type { FromWorker, ToWorker } from '../../src/workers/messages.ts';
import type { Ending, WorkerProcess } from '../../src/workers/worker-process.ts';
import { linesInto } from '../support/app.ts';
import { ManualClock } from '../support/manual-clock.ts';

class FakeProcess implements WorkerProcess {
  readonly pid = 17;
  readonly told: ToWorker['type'][] = [];
  say: (message: FromWorker) => void = () => {};
  end: (ending: Ending) => void = () => {};

  send({ type }: ToWorker): void {
    this.told.push(type);
  }
  kill(): void {
    this.end({ code: null, signal: 'SIGKILL' });
  }
  onMessage(hear: (message: FromWorker) => void): void {
    this.say = hear;
  }
  onEnd(run: (ending: Ending) => void): void {
    this.end = run;
  }
}

async function setUp(count: number) {
  const clock = new ManualClock();
  const made: FakeProcess[] = [];
  const gone: number[] = [];
  const lines: { readonly msg?: string }[] = [];
  const { logger, flush } = await createLog({
    level: 'info',
    format: 'json',
    secrets: [],
    to: linesInto(lines),
  });
  const fork = () => {
    const process = new FakeProcess();
    made.push(process);
    return process;
  };
  const crew = new Crew({
    ...{ count, fork, clock, logger, hear() {}, onReady() {} },
    greet: () => ({ type: 'begin-drain' }),
    onEnd: ({ number }: Worker) => gone.push(number),
  });
  crew.start();
  return { clock, made, gone, crew, lines, flush };
}

it('a worker that has served for a while is replaced at once, with one line', async () => {
  const { clock, made, gone, crew, lines, flush } = await setUp(2);
  for (const process of made) process.say({ type: 'ready' });
  expect(crew.serving.map(({ number }) => number)).toEqual([1, 2]);
  clock.advance(5_000);
  made[0]?.end({ code: null, signal: 'SIGKILL' });
  expect(gone).toEqual([1]);
  expect(made).toHaveLength(3);
  expect(made[2]?.told).toEqual(['begin-drain']);
  expect(crew.serving.map(({ number }) => number)).toEqual([2]);
  made[2]?.say({ type: 'ready' });
  expect(crew.serving.map(({ number }) => number)).toEqual([2, 3]);
  flush();
  expect(lines).toMatchObject([{ level: 'warn', worker: 1, pid: 17, signal: 'SIGKILL' }]);
});

it('a worker that ends at its start again and again is started after pauses of up to a second', async () => {
  const { clock, made } = await setUp(1);
  const pauses: number[] = [];
  for (let round = 0; round < 8; round++) {
    const before = made.length;
    made.at(-1)?.end({ code: 1, signal: null });
    let pauseMs = 0;
    for (; made.length === before; pauseMs += 10) clock.advance(10);
    pauses.push(pauseMs);
  }
  expect(pauses).toEqual([50, 100, 200, 400, 800, 1_000, 1_000, 1_000]);
});

it('nobody is replaced once the daemon ends', async () => {
  const { clock, made, crew } = await setUp(2);
  crew.kill();
  clock.advance(10_000);
  expect(made).toHaveLength(2);
  expect(crew.all).toEqual([]);
});

it('a worker has the place of the one that it replaces', async () => {
  const { clock, made, crew } = await setUp(3);
  for (const process of made) process.say({ type: 'ready' });
  clock.advance(5_000);
  made[1]?.end({ code: null, signal: 'SIGKILL' });
  expect(crew.all.map(({ number, place }) => [number, place])).toEqual([
    [1, 0],
    [3, 2],
    [4, 1],
  ]);
});
