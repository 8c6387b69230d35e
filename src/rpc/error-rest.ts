/** Reads from a JSON-RPC error how long the provider asks not to be sent requests. */

import type { NormalizedError, RpcErrorClass } from './error-rows.ts';
import { member } from './normalized-error.ts';

/** How long the provider asks not to be sent requests. */
export type Rest = { readonly kind: 'for'; readonly ms: number } | { readonly kind: 'until-utc-midnight' };

/** Milliseconds per unit, by how the unit's name begins. */
const UNITS: readonly (readonly [RegExp, number])[] = [
  [/^(?:ns|us|µs)/, 0.001],
  [/^m(?:s|illi)/, 1],
  [/^s/, 1_000],
  [/^m/, 60_000],
  [/^h/, 3_600_000],
];
const UNIT = '(?:ns|us|µs|ms|msecs?|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?)(?![a-z])';
/** `25s`, `5 seconds`, `1m30s`. */
const DURATION = `(?:\\d{1,9}(?:\\.\\d{1,9})? ?${UNIT}(?: and | )?){1,3}`;
const STATED = new RegExp(
  `\\b(?:re-?try|try again|reset|resets|wait|available|back ?off)\\b[^.\\d\\n]{0,40}?(${DURATION})`,
);

/**
 * The rest that an error of this class asks for: until midnight for a daily limit; a time in its data (Infura's
 * `backoff_seconds`, Chainstack's `try_again_in`); a time in its text. How much of it is granted is decided elsewhere.
 */
export function restOf(found: RpcErrorClass, error: NormalizedError, data: unknown): Rest | undefined {
  if (found === 'plan' && /\bdaily\b/.test(error.text)) return { kind: 'until-utc-midnight' };
  if (found !== 'throttled' && found !== 'plan') return undefined;
  const ms = inData(data) ?? inText(error);
  return ms === undefined ? undefined : { kind: 'for', ms };
}

function inData(data: unknown): number | undefined {
  const seconds = Number(member(data, 'backoff_seconds') ?? member(member(data, 'rate'), 'backoff_seconds'));
  // Infura is known to send 0, which asks for no rest.
  if (Number.isFinite(seconds) && seconds > 0) return Math.ceil(seconds * 1_000);
  const again = member(data, 'try_again_in');
  return typeof again === 'string' ? durationOf(again.slice(0, 64).toLowerCase()) : undefined;
}

function inText({ text, isClients }: NormalizedError): number | undefined {
  const [whole, stated] = STATED.exec(text) ?? [];
  return whole === undefined || stated === undefined || isClients(whole) ? undefined : durationOf(stated);
}

/** Milliseconds of a text like `1m30.5s`; undefined when it is no duration, or zero. */
function durationOf(text: string): number | undefined {
  let ms = 0;
  for (const [, amount, unit = ''] of text.matchAll(new RegExp(`(\\d+(?:\\.\\d+)?) ?(${UNIT})`, 'g'))) {
    ms += Number(amount) * (UNITS.find(([name]) => name.test(unit))?.[1] ?? 0);
  }
  return ms > 0 ? Math.ceil(ms) : undefined;
}
