import { beforeEach, describe, expect, it } from 'vitest';
import { Link } from '../../../src/sharing/redis/link.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const ASKED = [['TIME']] as const;

describe('an answer', () => {
  let clock: ManualClock;
  let link: Link;
  let answer: () => void;

  beforeEach(async () => {
    clock = new ManualClock();
    const ask = () => new Promise<readonly unknown[]>((resolve) => (answer = () => resolve(['OK'])));
    const nothing = () => {};
    link = new Link({
      open: async () => ({ ask, subscribe: async () => {}, ping: async () => {}, destroy: nothing }),
      ...{ clock, random: () => 0.5, channel: 'lb:facts' },
      ...{ onReady: nothing, onMessage: nothing, onProblem: nothing },
    });
    await link.open();
  });

  it('that has come while this process was busy is read, although timers that are due go first', async () => {
    const asked = link.ask(ASKED);
    clock.advance(52);
    answer();
    expect(await asked).toEqual(['OK']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('that comes later is late', async () => {
    const asked = link.ask(ASKED);
    clock.advance(55);
    await expect(asked).rejects.toMatchObject({ message: 'no answer within 50 ms', isLate: true });
  });

  it('may take longer where that is said', async () => {
    const asked = link.ask(ASKED, 500);
    clock.advance(490);
    answer();
    expect(await asked).toEqual(['OK']);
  });
});
