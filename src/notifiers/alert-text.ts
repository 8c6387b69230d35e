/** Writes an alert as plain text, for people. */

import { durationInWords } from '../numbers-in-words.ts';
import type { AffectedUpstream, Alert } from './notifier.ts';

/** As many upstreams as somebody reads at night; the page has them all. */
const MAX_NAMED = 8;

/** So short a time need not be told. */
const JUST_NOW_MS = 10_000;

/** When it began and how long it has lasted, or lasted: `2026-01-15 12:00:00 UTC, for 5 min now`. */
export function sinceText({ sinceMs, lastedMs, severity }: Alert): string {
  const began = `${new Date(sinceMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
  if (severity === 'resolved') return `${began}, it lasted ${durationInWords(lastedMs)}`;
  return lastedMs < JUST_NOW_MS ? began : `${began}, for ${durationInWords(lastedMs)} now`;
}

/** `[lb-1, production] pool base:`: where an alert comes from. */
function origin({ place, pool, isOneOfSeveral }: Alert): string {
  return isOneOfSeveral ? `[${place}] pool ${pool}:` : `[${place}]`;
}

/** `alchemy (primary) does not answer in time (timeout)`. */
export function upstreamText({ name, tier, why }: AffectedUpstream): string {
  return `${name} (${tier}) ${why}`;
}

/** Where to look when no link is known. */
export const NO_LINK = 'More: the page of the admin port (PUBLIC_ADMIN_URL would put a link here).';

/** What an alert begins with, for people and for what only reads its text: `CRITICAL`, `RESOLVED`; `Test:`. */
export function label({ kind, severity }: Alert): string {
  return kind === 'test' ? 'Test:' : severity.toUpperCase();
}

/** The whole alert: a few lines of plain text. */
export function alertText(alert: Alert): string {
  const { what, requests, upstreams, client, advice, link, kind } = alert;
  const named = upstreams.slice(0, MAX_NAMED).map(upstreamText);
  const more = upstreams.length - named.length;
  const lines = [
    `${label(alert)} ${origin(alert)} ${what}.`,
    ...(kind === 'test'
      ? []
      : [`Since ${sinceText(alert)}${requests === undefined ? '' : `; ${requests}`}.`]),
    ...named.map((upstream) => `- ${upstream}`),
    ...(more > 0 ? [`- and ${more} more`] : []),
    ...(client === undefined ? [] : [`Clients get: ${client}.`]),
    ...(advice === undefined ? [] : [`What to do: ${advice}`]),
    link ?? NO_LINK,
  ];
  return lines.join('\n');
}
