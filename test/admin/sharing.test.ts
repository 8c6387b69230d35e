import { describe, expect, it } from 'vitest';
import { keepLast, shareUnderWay } from '../../src/admin/sharing.ts';

/** Builds that are numbered, and end when they are told to. */
function builds() {
  const ends: ((value: number) => void)[] = [];
  const build = () => new Promise<number>((resolve) => ends.push(resolve));
  return { ends, build };
}

describe('those who ask at the same time', () => {
  it('share what is under way; who asks later gets a new one', async () => {
    const { ends, build } = builds();
    const ask = shareUnderWay(build);
    const [one, other] = [ask(), ask()];
    ends[0]?.(1);
    expect(await Promise.all([one, other])).toEqual([1, 1]);
    const later = ask();
    ends[1]?.(2);
    expect(await later).toBe(2);
  });

  it('share a failure, which is not kept', async () => {
    let made = 0;
    const ask = shareUnderWay(async () => {
      made += 1;
      if (made === 1) throw new Error('no');
      return made;
    });
    expect(await Promise.allSettled([ask(), ask()])).toMatchObject([
      { status: 'rejected' },
      { status: 'rejected' },
    ]);
    expect(await ask()).toBe(2);
  });

  it('get the last one as long as its key is the same, and never have two built at once', async () => {
    const { ends, build } = builds();
    let key = 'a';
    const ask = keepLast(() => key, build);
    const one = ask();
    key = 'b';
    const other = ask();
    expect(ends).toHaveLength(1);
    ends[0]?.(1);
    expect(await Promise.all([one, other])).toEqual([1, 1]);
    const later = ask();
    ends[1]?.(2);
    expect(await later).toBe(2);
    expect(await ask()).toBe(2);
    expect(ends).toHaveLength(2);
  });
});
