import { describe, expect, it } from 'vitest';
import { shareQuestions } from '../../src/sharing/question-facts.ts';
import type { Blame } from '../../src/upstreams/quarantine.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { createProcess, link, type Process } from './processes.ts';

const SUSPICION = { protocol: 'rpc', maySuspend: true, sinceMs: 0 } as const;
const TIMED_OUT: Blame = { reason: 'timeout' };

/** Two workers, whose questions are answered by `answer`. */
async function two(answer: (by: string) => Promise<Blame | undefined>) {
  const clock = new ManualClock();
  const asked: string[] = [];
  const workers = await Promise.all(['1', '2'].map((origin) => createProcess(origin, ['a'], clock)));
  const [one, other] = workers as [Process, Process];
  link(one.table, other.table, 'machine');
  for (const { table, upstreams, pool } of workers) {
    shareQuestions(table, upstreams);
    pool.suspects.setQuestion(() => {
      asked.push(table.origin);
      return answer(table.origin);
    });
  }
  const suspect = ({ pool, of }: Process) => pool.suspects.suspect(of('a'), TIMED_OUT, SUSPICION);
  const stateOf = ({ pool, of }: Process) => pool.availability.standing(of('a')).state;
  return { clock, asked, one, other, suspect, stateOf };
}

const settle = () => new Promise(setImmediate);

describe('an upstream in question', () => {
  it('is asked by one worker for all, and usable at all when it has answered', async () => {
    let answered = (_: undefined): void => {};
    const { asked, one, other, suspect, stateOf } = await two(
      () => new Promise((resolve) => (answered = resolve)),
    );
    suspect(one);
    suspect(other);
    expect(asked).toEqual(['1']);
    expect([stateOf(one), stateOf(other)]).toEqual(['quarantined', 'quarantined']);
    answered(undefined);
    await settle();
    expect([stateOf(one), stateOf(other)]).toEqual(['usable', 'usable']);
  });

  it('is asked once a second by all workers together', async () => {
    const { clock, asked, one, other, suspect } = await two(async () => TIMED_OUT);
    for (let tenth = 0; tenth < 50; tenth += 1) {
      suspect(one);
      suspect(other);
      await settle();
      clock.advance(100);
      await settle();
    }
    expect(asked.length).toBeGreaterThanOrEqual(5);
    expect(asked.length).toBeLessThanOrEqual(6);
  });
});
