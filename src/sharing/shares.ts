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

/** By which the share of one is found that has told nothing. */
export const SILENT = '';
/** Each may keep one call, where those of all but one are no more than this part of the total. */
const KEPT = 0.05;
/** Of a call. */
const CALL_ROUNDING = 1e-6;

/**
 * Fair shares as parts of 1, in whole calls where there is one for each: a part of a call serves nobody at once. Of
 * `count` all that are not in `wanted` want nothing; the least share of those is that of `SILENT`.
 */
export function wholeShares(
  wanted: ReadonlyMap<string, number>,
  count: number,
  total: number,
): ReadonlyMap<string, number> {
  const kept = count - 1 <= KEPT * total ? 1 : 0;
  const all = new Map([...wanted].map(([who, want]) => [who, Math.max(want, kept)]));
  const silent = Array.from({ length: Math.max(0, count - wanted.size) }, (_, index) => `~${index}`);
  for (const who of silent) all.set(who, kept);
  const fair = fairShares(all, total);
  const shares = new Map(
    [...(total < count ? fair : inWholes(fair, total))].map(([who, n]) => [who, n / total]),
  );
  if (silent.length > 0) shares.set(SILENT, Math.min(...silent.map((who) => shares.get(who) ?? 0)));
  return shares;
}

/** Those that are cut most get what is left. */
function inWholes(fair: ReadonlyMap<string, number>, total: number): ReadonlyMap<string, number> {
  const whole = new Map([...fair].map(([who, share]) => [who, Math.floor(share + CALL_ROUNDING)]));
  let left = total;
  for (const calls of whole.values()) left -= calls;
  const cutOf = (who: string) => (fair.get(who) ?? 0) - (whole.get(who) ?? 0);
  for (const who of [...fair.keys()].sort((a, b) => cutOf(b) - cutOf(a) || (a < b ? -1 : 1))) {
    const more = Math.max(0, Math.min(1, left));
    whole.set(who, (whole.get(who) ?? 0) + more);
    left -= more;
  }
  return whole;
}
