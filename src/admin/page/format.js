/** Numbers with units and as many digits as mean something, times and durations. Pure. */

/** Between a number and its unit, so that no line breaks there. */
const GAP = '\u00a0';
export const NONE = '–';
/** A time of day that is less far away can only be one. */
const HALF_DAY_MS = 43_200_000;

/**
 * Three digits at most, without trailing zeros: 0.42, 1.7, 48, 312.
 * @param {number} value
 */
function short(value) {
  return String(Number(value.toPrecision(3)));
}

/**
 * `999`, `12.4 k`, `1.24 M`.
 * @param {number} value not negative
 */
export function count(value) {
  // From 999.5 on three digits say 1000.
  if (value < 999.5) return short(value);
  if (value < 999_500) return `${short(value / 1e3)}${GAP}k`;
  if (value < 999.5e6) return `${short(value / 1e6)}${GAP}M`;
  return `${short(value / 1e9)}${GAP}G`;
}

/**
 * `4.2/s`, `12.4 k/s`.
 * @param {number} value
 */
export function rate(value) {
  return `${count(value >= 10 ? Math.round(value) : Math.round(value * 10) / 10)}/s`;
}

/**
 * Milliseconds as `0.42 ms`, `1.7 ms`, `48 ms`, `1.24 s`.
 * @param {number | null | undefined} value
 */
export function ms(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return NONE;
  if (value >= 59_500) return duration(value);
  if (value >= 999.5) return `${short(value / 1e3)}${GAP}s`;
  if (value >= 9.95) return `${Math.round(value)}${GAP}ms`;
  return `${short(Number(value.toPrecision(2)))}${GAP}ms`;
}

/**
 * A share from 0 to 1, never rounded to all or to none while it is neither: `0.4 %`, `99.96 %`, `12 %`.
 * @param {number} share
 */
export function percent(share) {
  if (Number.isNaN(share)) return NONE;
  const distance = Math.min(share, 1 - share);
  if (distance <= 0) return `${share <= 0 ? 0 : 100}${GAP}%`;
  if (distance < 0.000_01) return share < 0.5 ? `<${GAP}0.001${GAP}%` : `>${GAP}99.999${GAP}%`;
  const digits = distance < 0.000_1 ? 3 : distance < 0.000_95 ? 2 : distance < 0.095 ? 1 : 0;
  return `${Number((share * 100).toFixed(digits))}${GAP}%`;
}

// Made once: it takes longer than all that is written with it.
const WHOLE = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/**
 * A whole number with its thousands apart: `21,345,678`.
 * @param {number} value
 */
export function whole(value) {
  return WHOLE.format(value);
}

/**
 * Milliseconds in at most two units: `45 s`, `1 min 12 s`, `2 h 5 min`, `3 d 4 h`.
 * @param {number} value
 */
export function duration(value) {
  const seconds = Math.max(0, Math.round(value / 1_000));
  if (seconds < 60) return `${seconds}${GAP}s`;
  if (seconds < 3_600) return twoUnits(seconds, 60, ['min', 's']);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1_440) return twoUnits(minutes, 60, ['h', 'min']);
  return twoUnits(Math.floor(minutes / 60), 24, ['d', 'h']);
}

/**
 * @param {number} value
 * @param {number} size how many of the smaller unit are one of the larger
 * @param {readonly [string, string]} units
 */
function twoUnits(value, size, [large, small]) {
  const rest = value % size;
  const first = `${Math.floor(value / size)}${GAP}${large}`;
  return rest === 0 ? first : `${first} ${rest}${GAP}${small}`;
}

const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

/**
 * The viewer's local time, `12:03:20`; with its day when it is half a day away or more.
 * @param {number} atMs wall clock
 * @param {number} nowMs wall clock
 */
export function time(atMs, nowMs) {
  const at = new Date(atMs);
  const isNear = Math.abs(nowMs - atMs) < HALF_DAY_MS;
  return isNear ? CLOCK.format(at) : `${DAY.format(at)} ${CLOCK.format(at)}`;
}

/**
 * `1 request`, `12.4 k requests`.
 * @param {number} value
 * @param {string} one
 * @param {string} [many]
 */
export function counted(value, one, many = `${one}s`) {
  return `${count(value)}${GAP}${value === 1 ? one : many}`;
}

/**
 * `a`, `a and b`, `a, b and 3 more`: at most so many names.
 * @param {readonly string[]} names
 * @param {number} [most]
 */
export function list(names, most = 3) {
  const more = names.length > most ? [`${names.length - most} more`] : [];
  const shown = [...(more.length > 0 ? names.slice(0, most) : names), ...more];
  if (shown.length < 2) return shown.join('');
  return `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}

/**
 * Milliseconds of what `/stats` calls uptime, `02h:05m:23s`.
 * @param {string} uptime
 */
export function uptimeMs(uptime) {
  const [hours = 0, minutes = 0, seconds = 0] = uptime
    .split(':')
    .map((part) => Number.parseInt(part, 10) || 0);
  return ((hours * 60 + minutes) * 60 + seconds) * 1_000;
}
