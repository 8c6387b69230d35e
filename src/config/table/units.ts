/** Reads and writes durations and sizes in the form that settings have. */

const MS_PER_UNIT = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
]);

const BYTES_PER_UNIT = new Map([
  ['b', 1],
  ['kb', 1_024],
  ['mb', 1_024 ** 2],
  ['gb', 1_024 ** 3],
]);

/** `1.5s` to 1500 milliseconds, rounded to whole ones; undefined unless it is a number with a known unit. */
export function parseDurationMs(text: string): number | undefined {
  return parseQuantity(text, MS_PER_UNIT);
}

/** `64kb` to 65536 bytes (powers of 1024); undefined unless it is a number with a known unit. */
export function parseSizeBytes(text: string): number | undefined {
  return parseQuantity(text, BYTES_PER_UNIT);
}

/** The usual way to write a number of milliseconds as a whole number with a unit: 90000 is `90s`. */
export function formatDuration(ms: number): string {
  if (ms === 60_000) return '60s';
  return formatQuantity(ms, MS_PER_UNIT);
}

/** The shortest way to write a number of bytes as a whole number with a unit: 65536 is `64kb`. */
export function formatSize(bytes: number): string {
  return formatQuantity(bytes, BYTES_PER_UNIT);
}

function parseQuantity(text: string, units: ReadonlyMap<string, number>): number | undefined {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?|\.\d+)([a-z]+)$/i.exec(text) ?? [];
  const factor = units.get(unit.toLowerCase());
  return amount === undefined || factor === undefined ? undefined : Math.round(Number(amount) * factor);
}

function formatQuantity(amount: number, units: ReadonlyMap<string, number>): string {
  const fitting = [...units].findLast(([, factor]) => amount >= factor && amount % factor === 0);
  if (fitting) return `${amount / fitting[1]}${fitting[0]}`;
  // Zero, or a fraction of the smallest unit.
  return amount === 0 && units === MS_PER_UNIT ? '0s' : `${amount}${[...units.keys()][0]}`;
}
