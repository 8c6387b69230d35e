/** Tells a limit of one method from one that holds for all that an upstream is asked. */

import type { CallEntry } from '../calls/ledger.ts';
import { MAX_METHOD_LENGTH, type QuarantineEntry } from '../upstreams/quarantine.ts';
import { type Blame, isLimit } from '../upstreams/quarantine-duration.ts';
import type { Ended } from './ended.ts';
import type { Question } from './question.ts';

/** Stands for the method of what is no JSON-RPC. */
export const PLAIN_HTTP = ' plain HTTP';

/**
 * The blames, those for a limit with the method whose limit it is: the one that the upstream has answered to nobody in the
 * last minutes while it accepted others, or that is refused again and again while others are not. So nobody is shut out
 * by what others ask for.
 */
export function withLimitedMethod(ended: Ended, blames: readonly Blame[], nowMs: number): readonly Blame[] {
  const { upstream, question, outcome } = ended;
  const { refusedMethods, recentMethods } = upstream;
  if (!blames.some(asksForRest)) {
    if (outcome.kind === 'answered') refusedMethods.accepted(methodOf(question));
    return blames;
  }
  const method = refusedIn(ended, (name) => !recentMethods.has(name, nowMs));
  if (method === undefined || method.length > MAX_METHOD_LENGTH) {
    refusedMethods.refusedAll();
    return blames;
  }
  const isNew = !recentMethods.has(method, nowMs);
  const isTold = blames.some(({ rest }) => rest !== undefined);
  const pacer = upstream.budget?.pacer;
  const whose = refusedMethods.refused(
    method,
    { isNew, isTold, hasLimit: pacer?.rps() !== undefined },
    nowMs,
  );
  if (whose === 'all') return blames;
  if (whose === 'proved') pacer?.forget(nowMs);
  return blames.map((blame) => (asksForRest(blame) ? { ...blame, method } : blame));
}

/** Whether it is a limit for which a method is left out at an upstream: then it is not asked for there at all. */
export function isRest(ban: QuarantineEntry | undefined): boolean {
  return ban?.reason === 'rate-limited' || ban?.reason === 'status';
}

/** As far as the upstream's word goes no request can cause these by what is in it. */
function asksForRest(blame: Blame): boolean {
  return isLimit(blame) || (blame.reason === 'status' && blame.rest !== undefined);
}

/** The method that was refused; of several, where all were refused together, the only one that is new there. */
function refusedIn({ question, verdict }: Ended, isNew: (method: string) => boolean): string | undefined {
  if (!question.ledger) return PLAIN_HTTP;
  const { asked } = question;
  const verdicts = verdict.calls?.verdicts ?? [];
  const refused = asked.filter((_, index) => verdicts[index]?.kind === 'open');
  const only = soleMethod(refused);
  if (only !== undefined || refused.length < asked.length) return only;
  return soleMethod(refused.filter(({ call: { method } }) => method !== undefined && isNew(method)));
}

function methodOf({ ledger, asked }: Question): string | undefined {
  return ledger ? soleMethod(asked) : PLAIN_HTTP;
}

/** Undefined where there are several, or none. */
function soleMethod(entries: readonly CallEntry[]): string | undefined {
  const method = entries[0]?.call.method;
  for (const { call } of entries) if (call.method !== method) return undefined;
  return method;
}
