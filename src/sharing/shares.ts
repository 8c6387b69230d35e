/** Who gets how much of what several want: max-min fair, as YouTube's Doorman shares capacity. */

/** What one who wants nothing gets of it nevertheless, so that it can begin at once; less where there are many. */
const FLOOR = 0.01;
const ALL_FLOORS = 0.1;
/** Sums of fractions are off by less. */
const ROUNDING = 1e-12;

/**
 * Shares of `total`, in its unit, by who wants how much of it: nobody gets less than another one unless it wants no more,
 * and what nobody wants is divided evenly. The same input in another order gives the same shares, and their sum is
 * never more than `total`. All get something; `total` is more than 0.
 */
export function fairShares(wanted: ReadonlyMap<string, number>, total: number): ReadonlyMap<string, number> {
  const count = wanted.size;
  const floor = total * Math.min(FLOOR, ALL_FLOORS / count);
  const claims = [...wanted].map(([who, want]) => ({ who, want: Math.max(want, floor) }));
  claims.sort((a, b) => a.want - b.want || (a.who < b.who ? -1 : 1));
  let left = total * (1 - ROUNDING);
  let others = count;
  const shares = new Map<string, number>();
  for (const { who, want } of claims) {
    const share = Math.min(want, left / others);
    shares.set(who, share);
    left -= share;
    others -= 1;
  }
  for (const [who, share] of shares) shares.set(who, share + Math.max(0, left) / count);
  return shares;
}
