import { describe, expect, it } from 'vitest';
import { MemoryPoll } from '../../src/probes/memory-poll.ts';
import type { MemoryAnswer } from '../../src/probes/memory-usage.ts';
import type { Upstream } from '../../src/upstreams/upstream.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { upstream } from '../support/upstreams.ts';

const INTERVAL_MS = 20_000;
const HOUR_MS = 3_600_000;
/** How often it looks for who is due. */
const LOOK_MS = 1_000;

interface Question {
  readonly name: string;
  readonly atMs: number;
  readonly answer: (said: MemoryAnswer) => Promise<void>;
}

/** Lets everything run that waits for a settled promise. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A watch whose questions are answered when and how the test says, or at once by `always`. */
function setUp(
  names: string,
  { intervalMs = INTERVAL_MS, always }: { intervalMs?: number; always?: MemoryAnswer } = {},
) {
  const clock = new ManualClock();
  const upstreams = [...names].map((name) => upstream(name));
  const questions: Question[] = [];
  const ask = ({ name }: Upstream) =>
    new Promise<MemoryAnswer>((resolve) => {
      const answer = (said: MemoryAnswer) => {
        resolve(said);
        return settled();
      };
      questions.push({ name, atMs: clock.monotonicMs(), answer });
      if (always) resolve(always);
    });
  const watch = new MemoryPoll({
    ask,
    intervalMs,
    clock,
    random: seededRandom(1),
    upstreams: () => upstreams,
  });
  /** Moves on in steps, so that what was answered is taken note of. */
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += LOOK_MS) {
      clock.advance(Math.min(LOOK_MS, ms - passed));
      await settled();
    }
  };
  const pauses = () => questions.slice(1).map(({ atMs }, i) => atMs - (questions[i]?.atMs ?? 0));
  return { clock, upstreams, questions, watch, pass, pauses };
}

describe('the memory poll', () => {
  it('asks each upstream within two seconds, and writes what it says', async () => {
    const { upstreams, questions, watch, pass } = setUp('ABC');
    watch.start();
    await pass(2_000);
    expect(
      questions
        .map(({ name }) => name)
        .sort()
        .join(''),
    ).toBe('ABC');
    for (const { name, answer } of questions) await answer(name === 'B' ? 'silent' : { bytes: 7 });
    expect(upstreams.map(({ memoryBytes }) => memoryBytes)).toEqual([7, undefined, 7]);
  });

  it('asks again after the interval, or up to a tenth more', async () => {
    const { questions, watch, pass, pauses } = setUp('A', { always: { bytes: 1 } });
    watch.start();
    await pass(INTERVAL_MS * 50);
    expect(questions.length).toBeGreaterThan(40);
    expect(Math.min(...pauses())).toBeGreaterThanOrEqual(INTERVAL_MS);
    expect(Math.max(...pauses())).toBeLessThanOrEqual(INTERVAL_MS * 1.1 + LOOK_MS);
  });

  it('asks one that does not tell no more than once an hour', async () => {
    const { questions, watch, pass, pauses } = setUp('A', { always: 'silent' });
    watch.start();
    await pass(HOUR_MS * 4);
    expect(questions.length).toBeGreaterThanOrEqual(4);
    expect(Math.min(...pauses())).toBeGreaterThanOrEqual(HOUR_MS);
  });

  it('asks one that gives no answer less and less often, down to once an hour', async () => {
    const { watch, pass, pauses } = setUp('A', { always: 'no-answer' });
    watch.start();
    await pass(HOUR_MS * 5);
    const expected = [40, 80, 160, 320, 640, 1_280, 2_560, 3_600, 3_600].map((seconds) => seconds * 1_000);
    expected.forEach((ms, i) => {
      expect(pauses()[i]).toBeGreaterThanOrEqual(ms);
      expect(pauses()[i]).toBeLessThanOrEqual(ms * 1.1 + LOOK_MS);
    });
  });

  it('asks one that has told before again soon, and shows nothing meanwhile', async () => {
    const { upstreams, questions, watch, pass } = setUp('A');
    watch.start();
    await pass(2_000);
    await questions[0]?.answer({ bytes: 5 });
    await pass(INTERVAL_MS * 1.2);
    await questions[1]?.answer('silent');
    expect(upstreams[0]?.memoryBytes).toBeUndefined();
    await pass(INTERVAL_MS * 2.3);
    expect(questions).toHaveLength(3);
    await questions[2]?.answer({ bytes: 6 });
    expect(upstreams[0]?.memoryBytes).toBe(6);
    await pass(INTERVAL_MS * 1.2);
    expect(questions).toHaveLength(4);
  });

  it('keeps to an interval of more than an hour', async () => {
    const { watch, pass, pauses } = setUp('A', { intervalMs: HOUR_MS * 2, always: 'no-answer' });
    watch.start();
    await pass(HOUR_MS * 5);
    expect(pauses().length).toBeGreaterThan(0);
    expect(Math.min(...pauses())).toBeGreaterThanOrEqual(HOUR_MS * 2);
  });

  it('asks three at once at most, and the next one as soon as one has answered', async () => {
    const { questions, watch, pass } = setUp('ABCDEFG');
    watch.start();
    await pass(INTERVAL_MS * 3);
    expect(questions).toHaveLength(3);
    await questions[1]?.answer({ bytes: 1 });
    expect(questions).toHaveLength(4);
    await questions[0]?.answer('silent');
    await questions[2]?.answer('no-answer');
    expect(questions).toHaveLength(6);
    await pass(INTERVAL_MS * 3);
    expect(questions).toHaveLength(6);
  });

  it('never has two questions for one upstream', async () => {
    const { questions, watch, pass } = setUp('AB');
    watch.start();
    await pass(2_000);
    const hanging = questions.find(({ name }) => name === 'A');
    await questions.find(({ name }) => name === 'B')?.answer({ bytes: 1 });
    await pass(INTERVAL_MS * 3);
    expect(questions.filter(({ name }) => name === 'A')).toHaveLength(1);
    expect(questions.filter(({ name }) => name === 'B')).toHaveLength(2);
    await hanging?.answer({ bytes: 1 });
    await pass(INTERVAL_MS * 1.2);
    expect(questions.filter(({ name }) => name === 'A')).toHaveLength(2);
  });

  it('gives everybody a turn when there is more to ask than time', async () => {
    const { questions, watch, pass } = setUp('ABCDEFGHIJKL', { intervalMs: 2_000 });
    watch.start();
    for (let round = 0; round < 40; round += 1) {
      const before = questions.length;
      // Each takes longer than an interval.
      await pass(3_000);
      for (const { answer } of questions.slice(0, before)) await answer({ bytes: 1 });
    }
    const times = [...'ABCDEFGHIJKL'].map((name) => questions.filter((each) => each.name === name).length);
    expect(Math.max(...times) - Math.min(...times)).toBeLessThanOrEqual(1);
  });

  it('asks nothing of one that is down, and soon after it is up', async () => {
    const { clock, upstreams, questions, watch, pass } = setUp('A', { always: { bytes: 1 } });
    const [a] = upstreams;
    if (a) a.down = { reason: 'probe-failed', sinceMs: clock.monotonicMs() };
    watch.start();
    await pass(HOUR_MS);
    expect(questions).toHaveLength(0);
    if (a) a.down = undefined;
    await pass(LOOK_MS);
    expect(questions).toHaveLength(1);
  });

  it('takes up who joins and drops who leaves', async () => {
    const { upstreams, questions, watch, pass } = setUp('A', { always: { bytes: 1 } });
    watch.start();
    await pass(2_000);
    upstreams.splice(0, 1, upstream('B'));
    await pass(INTERVAL_MS * 2);
    expect(questions.map(({ name }) => name).join('')).toMatch(/^ABB?$/);
    expect(upstreams[0]?.memoryBytes).toBe(1);
  });

  it('begins nothing after it was stopped, and leaves no timer', async () => {
    const { clock, questions, watch, pass } = setUp('ABCDE');
    watch.start();
    watch.start();
    await pass(2_000);
    watch.stop();
    expect(clock.pendingTimers).toBe(0);
    for (const { answer } of questions) await answer({ bytes: 1 });
    await pass(INTERVAL_MS * 3);
    expect(questions).toHaveLength(3);
  });
});
