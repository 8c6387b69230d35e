/** How long a quarantine lasts: what the upstream asks for, or a time that fits the cause. */

import type { FailureReason } from '../events.ts';
import type { Budget } from '../pacing/budget.ts';
import type { Random } from '../random.ts';

/** How long an upstream asks not to be sent requests: `Retry-After` or `backoff_seconds`, or a daily limit. */
export type Rest = { readonly kind: 'for'; readonly ms: number } | { readonly kind: 'until-utc-midnight' };

/** What an upstream is to blame for. */
export interface Blame {
  readonly reason: FailureReason;
  /** Ban only this JSON-RPC method there. */
  readonly method?: string | undefined;
  readonly rest?: Rest | undefined;
  /** It may just as well be about the call: failed requests alone are not enough to believe it. */
  readonly weak?: true;
}

/** What happened before. */
export interface History {
  /** How often its time was doubled, including now. */
  readonly doublings: number;
  /** Rate limits without a stated time since its last success, including this one; from 1. */
  readonly rateLimits: number;
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** A longer `Retry-After` or `backoff_seconds` is cut to this. */
const MAX_STATED_MS = HOUR_MS;
const MAX_RATE_LIMITED_MS = 30 * SECOND_MS;
/** Before the jitter: with it, 5.5 minutes are possible. */
const MAX_GROWN_MS = 5 * MINUTE_MS;
/** To either side, so that upstreams that failed together don't come back together. */
const JITTER = 0.1;

/** For a blame without a stated rest. `grows` is for causes that may be gone at any moment. */
type Rule = { readonly kind: 'grows' | 'rate-limit' | 'steady'; readonly ms: number };

const GROWS: Rule = { kind: 'grows', ms: 5 * SECOND_MS };
const RULES: Readonly<Record<FailureReason, Rule>> = {
  refused: GROWS,
  dns: GROWS,
  tls: GROWS,
  'connect-timeout': GROWS,
  timeout: GROWS,
  reset: GROWS,
  cut: GROWS,
  'bad-http': GROWS,
  status: GROWS,
  'not-an-answer': GROWS,
  'upstream-broken': GROWS,
  'rate-limited': { kind: 'rate-limit', ms: SECOND_MS },
  plan: { kind: 'steady', ms: 15 * MINUTE_MS },
  auth: { kind: 'steady', ms: 15 * MINUTE_MS },
  'method-unsupported': { kind: 'steady', ms: 5 * MINUTE_MS },
};

/** Milliseconds that the upstream itself asks for, as far as they are granted; undefined when it asks for none. */
export function requestedDurationMs(rest: Rest | undefined, wallMs: number): number | undefined {
  if (rest === undefined) return undefined;
  switch (rest.kind) {
    case 'for':
      return rest.ms > 0 ? Math.min(rest.ms, MAX_STATED_MS) : undefined;
    case 'until-utc-midnight':
      return DAY_MS - (wallMs % DAY_MS);
    default:
      return rest satisfies never;
  }
}

/** A rate limit of a whole upstream. */
export function isLimit({ reason, method }: Blame): boolean {
  return reason === 'rate-limited' && method === undefined;
}

/** Whether a refusal is a matter of the budget alone, which is then kept to; else the upstream is to be left out for it. */
export function isPaced(blame: Blame, budget: Budget | undefined, wallMs: number): boolean {
  return isLimit(blame) && budget?.learns === true && requestedDurationMs(blame.rest, wallMs) === undefined;
}

/** Whether the time doubles with each repetition, since the cause may be gone at any moment. */
export function growsWithRepetition(reason: FailureReason): boolean {
  return RULES[reason].kind === 'grows';
}

/** Whether the quarantine for it is so long, in `auto`, that a single request must not start it. */
export function isLongQuarantine(reason: FailureReason): boolean {
  return RULES[reason].ms >= MINUTE_MS;
}

/** Milliseconds that fit a cause when the upstream asks for no rest. */
export function defaultDurationMs(reason: FailureReason, history: History, random: Random): number {
  const { kind, ms } = RULES[reason];
  switch (kind) {
    case 'grows':
      return Math.min(ms * 2 ** history.doublings, MAX_GROWN_MS) * (1 - JITTER + 2 * JITTER * random());
    case 'rate-limit':
      return Math.min(ms * 2 ** (history.rateLimits - 1), MAX_RATE_LIMITED_MS);
    case 'steady':
      return ms;
    default:
      return kind satisfies never;
  }
}
