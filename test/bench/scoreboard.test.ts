// The parts of `npm run scoreboard`: what it measures is only as good as its providers are exact.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { startNode } from '../examples/processes.ts';

interface Limiter {
  take(nowMs: number, cost: number): boolean;
  leave(): void;
  set(numbers: Readonly<Record<string, number>>): void;
}

interface Job {
  readonly share: number;
  run(): Promise<void>;
}

const folder = new URL('../../bench/scoreboard/', import.meta.url);
const part = (name: string) => new URL(name, folder).href;

const { makeLimiter }: { makeLimiter(spec?: object): Limiter } = await import(part('limiters.mjs'));
const { sideBySide }: { sideBySide(jobs: readonly Job[]): Promise<void> } = await import(
  part('side-by-side.mjs')
);
const { percent }: { percent(share: number): string } = await import(part('../lib/figures.mjs'));
const { MessageReader }: { MessageReader: new () => { take(chunk: Buffer): unknown } } = await import(
  part('http1.mjs')
);

interface Scenario {
  readonly name: string;
  readonly phases: readonly { readonly seconds: number; readonly measured?: boolean }[];
}

interface Figures {
  readonly requests: number;
  readonly good: number;
  readonly goodUnits: number;
  readonly ofCapacity: number;
  readonly calls: number;
}

interface Measured {
  readonly measured: Figures;
  readonly whole: Figures;
  readonly doubt: string | undefined;
  readonly faults: ReadonlyMap<string, number>;
  firstGoodAfter(phase: number): number | undefined;
  lastBadAfter(phase: number): number;
}

const { scenarios }: { scenarios: readonly Scenario[] } = await import(part('scenarios/index.mjs'));
const { markdown }: { markdown(all: object): string } = await import(part('report.mjs'));
const { Measurement }: { Measurement: new (phases: object, counts: object, report: object) => Measured } =
  await import(part('measurement.mjs'));

/** A call every 100 ms, answered after 40 ms; those that are due between these moments get no answer. */
function measurementOf(phases: Scenario['phases'], [from, to]: readonly [number, number] = [0, 0]): Measured {
  const seconds = phases.reduce((sum, phase) => sum + phase.seconds, 0);
  const dueMs = Float64Array.from({ length: seconds * 10 }, (_, index) => index * 100);
  const all = (value: number) => dueMs.map(() => value);
  const outcome = dueMs.map((due) => (due >= from && due < to ? 1 : 0));
  const counts = Array.from({ length: phases.length + 1 }, (_, index) => {
    return { accepted: 10 * index, refused: 5 * index, failed: index };
  });
  const faults = ['good', 'no answer: closed'];
  const report = { dueMs, latencyMs: all(40), lateMs: all(1), units: all(1), outcome, faults };
  return new Measurement(phases, counts, report);
}

/** Of so many calls, one every `everyMs` from `fromMs` on, how many pass. */
function passed(limiter: Limiter, { calls, everyMs = 0, fromMs = 0, cost = 1 }: Record<string, number>) {
  const moments = Array.from({ length: calls ?? 0 }, (_, index) => fromMs + index * everyMs);
  return moments.filter((nowMs) => limiter.take(nowMs, cost)).length;
}

describe('a limiter', () => {
  it('refuses nothing without a kind', () => {
    expect(passed(makeLimiter(), { calls: 1_000 })).toBe(1_000);
  });

  it('lets a bucket run empty, and fill at its rate up to its burst', () => {
    const bucket = makeLimiter({ kind: 'bucket', perSecond: 10, burst: 5 });
    expect(passed(bucket, { calls: 20 })).toBe(5);
    expect(passed(bucket, { calls: 20, fromMs: 300 })).toBe(3);
    expect(passed(bucket, { calls: 20, fromMs: 60_000 })).toBe(5);
    expect(passed(bucket, { calls: 200, everyMs: 50, fromMs: 60_050 })).toBe(100);
    bucket.set({ perSecond: 20, burst: 5 });
    expect(passed(bucket, { calls: 200, everyMs: 50, fromMs: 80_000 })).toBe(200);
  });

  it('counts a fixed window anew where the next begins', () => {
    const window = makeLimiter({ kind: 'fixed', limit: 3, windowMs: 1_000, offsetMs: 400 });
    expect(passed(window, { calls: 9, everyMs: 100, fromMs: 500 })).toBe(3);
    expect(passed(window, { calls: 9, fromMs: 1_400 })).toBe(3);
  });

  it('allows a rolling window no more in any time of its length', () => {
    const window = makeLimiter({ kind: 'rolling', limit: 3, windowMs: 1_000 });
    expect([0, 400, 900, 950, 999, 1_000, 1_399, 1_400].map((nowMs) => window.take(nowMs, 1))).toEqual([
      true,
      true,
      true,
      false,
      false,
      true,
      false,
      true,
    ]);
  });

  it('counts what a call costs', () => {
    const window = makeLimiter({ kind: 'fixed', limit: 100, windowMs: 1_000 });
    expect(passed(window, { calls: 9, cost: 26 })).toBe(3);
    expect(passed(window, { calls: 9, cost: 20 })).toBe(1);
  });

  it('counts calls at a time', () => {
    const places = makeLimiter({ kind: 'inFlight', limit: 2 });
    expect(passed(places, { calls: 9 })).toBe(2);
    places.leave();
    expect(passed(places, { calls: 9 })).toBe(1);
  });

  it('bans after what it refuses, for so long and no longer', () => {
    const banning = makeLimiter({ kind: 'fixed', limit: 2, windowMs: 1_000, banMs: 30_000 });
    expect(passed(banning, { calls: 3 })).toBe(2);
    expect(passed(banning, { calls: 29, everyMs: 1_000, fromMs: 1_000 })).toBe(0);
    expect(passed(banning, { calls: 10, everyMs: 500, fromMs: 30_000 })).toBe(10);
  });
});

it('runs as many jobs at a time as fit, and the others after them', async () => {
  const log: string[] = [];
  const job = (name: string, share: number): Job => ({
    share,
    run: async () => {
      log.push(`${name} begins`);
      for (let turn = 0; turn < 5; turn++) await Promise.resolve();
      log.push(`${name} ends`);
    },
  });
  await sideBySide([job('a', 0.7), job('b', 0.7), job('c', 0.3)]);
  expect(log).toEqual(['a begins', 'c begins', 'a ends', 'c ends', 'b begins', 'b ends']);
});

describe('a measurement', () => {
  const phases = [
    { seconds: 1, capacity: 5 },
    { seconds: 2, capacity: 5, measured: true },
  ];

  it('has what was due in the phases that are measured', () => {
    const { measured, whole, faults, doubt } = measurementOf(phases, [500, 1_200]);
    expect(measured).toMatchObject({ requests: 20, good: 18, goodUnits: 18, ofCapacity: 1.8, calls: 16 });
    expect(whole).toMatchObject({ requests: 30, good: 23, calls: 32 });
    expect([...faults]).toEqual([['no answer: closed', 2]]);
    expect(doubt).toBeUndefined();
  });

  it('tells how soon all was good again', () => {
    const measurement = measurementOf(phases, [500, 1_200]);
    expect(measurement.firstGoodAfter(1)).toBe(240);
    expect(measurement.lastBadAfter(1)).toBe(100);
  });
});

it('writes a row for each scenario, and pads no cell', () => {
  const results = new Map(
    scenarios.map((scenario) => [
      `${scenario.name} daemon`,
      { scenario, measurement: measurementOf(scenario.phases) },
    ]),
  );
  const lines = markdown({ scenarios, names: ['daemon'], results, where: 'Here.' }).split('\n');
  expect(lines.filter((line) => line.startsWith('| daemon |'))).toHaveLength(scenarios.length);
  expect(lines.filter((line) => line.includes('|  |'))).toEqual([]);
  for (const { name } of scenarios) expect(lines.join('\n')).toContain(`(\`${name}\`) |`);
});

it('rounds no share up to all, nor down to nothing', () => {
  expect([1, 0.99999, 0.987, 0.5, 0.012, 0.0001, 0, Number.NaN].map(percent)).toEqual([
    '100 %',
    '99.9 %',
    '98.7 %',
    '50 %',
    '1.2 %',
    '< 0.1 %',
    '0 %',
    '-',
  ]);
});

it('reads an answer however it is cut, with a length or in chunks', () => {
  const readEach = (text: string) => {
    const reader = new MessageReader();
    return [...text].map((character) => reader.take(Buffer.from(character))).filter(Boolean);
  };
  const head = 'HTTP/1.1 200 OK\r\nContent-Length: 2';
  expect(readEach(`${head}\r\n\r\n{}`)).toEqual([{ head, body: '{}' }]);
  const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked';
  expect(readEach(`${chunked}\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n`)).toEqual([
    { head: chunked, body: '{}' },
  ]);
});

const tiny = `
const { run } = await import('${part('run.mjs')}');
const { subjects } = await import('${part('subjects/index.mjs')}');
const { oneFails } = await import('${part('scenarios/shapes.mjs')}');
const { cells } = await import('${part('report.mjs')}');
const scenario = oneFails({ name: 'tiny', title: '', fault: 'unavailable', before: 0.2, during: 0.6, after: 0.2 });
const measurement = await run(scenario, subjects.daemon);
const { requests, good, upstream, calls } = measurement.measured;
console.log(JSON.stringify({ requests, good, upstream, calls, cells: cells('daemon', { scenario, measurement }) }));
`;

describe('npm run scoreboard', () => {
  it('runs bench/scoreboard/main.mjs, which refuses a scenario that it does not have', async () => {
    const { scripts } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(scripts).toMatchObject({ scoreboard: 'node bench/scoreboard/main.mjs' });
    const running = startNode([fileURLToPath(part('main.mjs')), '--only=nothing'], {});
    expect(await running.ended).toBe(1);
    expect(running.output()).toContain('"nothing" is none of healthy, faults');
  });

  it('runs a scenario with the daemon: every answer good while one provider answers 503', async () => {
    const running = startNode(['--input-type=module', '--eval', tiny], {});
    expect(await running.ended, running.output()).toBe(0);
    const { requests, good, upstream, calls, cells } = JSON.parse(running.output());
    expect(requests).toBeGreaterThan(100);
    expect(good).toBe(requests);
    expect(upstream).toMatchObject({ refused: 0, failed: expect.any(Number) });
    expect(upstream.failed).toBeGreaterThan(0);
    expect(calls).toBe(upstream.accepted + upstream.failed);
    expect(cells.slice(0, 2)).toEqual(['daemon', '100 %']);
  });
});

it('shows in the README what it has measured', () => {
  const text = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
  const [, section = ''] = text('README.md').split('## Beside nginx and HAProxy');
  const [rows = ''] = section.split('\n## ');
  const measured = text('docs/scoreboard.md').split('\n');
  const shown = rows.split('\n').filter((row) => row.includes('(`'));
  expect(shown.length).toBeGreaterThan(5);
  for (const row of shown) expect(measured).toContain(row);
});
