/** Durations and counts for people. */

/** As people say it: `0.4 s`, `1 s`, `2 min 5 s`, `3 h`, `2 d 5 h`. */
export function durationInWords(ms: number): string {
  if (ms < 9_950) return `${Math.max(0.1, Math.round(ms / 100) / 10)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return twoUnits(seconds, [60, 'min'], [1, 's']);
  if (seconds < 86_400) return twoUnits(seconds, [3_600, 'h'], [60, 'min']);
  return twoUnits(seconds, [86_400, 'd'], [3_600, 'h']);
}

type Unit = readonly [seconds: number, name: string];

function twoUnits(seconds: number, large: Unit, small: Unit): string {
  const rest = Math.floor((seconds % large[0]) / small[0]);
  const more = rest > 0 ? ` ${rest} ${small[1]}` : '';
  return `${Math.floor(seconds / large[0])} ${large[1]}${more}`;
}

/** `1 block`, `2 blocks`. */
export function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}
