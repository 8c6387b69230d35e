/** Tells a limit of one method from one that holds for all that an upstream is asked. */

import type { CallEntry } from '../calls/ledger.ts';
import { type Blame, isLimit } from '../upstreams/quarantine-duration.ts';
import type { Ended } from './ended.ts';

/**
 * The blames, those for a limit with the method whose limit it is: the one that the upstream has answered to nobody in the
 * last minutes while it accepted others, or that it refuses again and again. So nobody is shut out by what others ask for.
 */
export function withLimitedMethod(ended: Ended, blames: readonly Blame[], nowMs: number): readonly Blame[] {
  const { upstream, question, outcome } = ended;
  const { refusedMethod, recentMethods } = upstream;
  if (!blames.some(asksForRest)) {
    if (outcome.kind === 'answered') refusedMethod.accepted(soleMethod(question.asked));
    return blames;
  }
  const isNew = (method: string) => !recentMethods.has(method, nowMs);
  const method = refusedIn(ended, isNew);
  if (method === undefined) {
    // Who answers JSON-RPC only may refuse all else.
    if (!question.ledger && !upstream.answers.http && refusedMethod.othersPassed)
      return blames.filter((blame) => !asksForRest(blame));
    refusedMethod.refusedAll();
    return blames;
  }
  if (!refusedMethod.refused(method, isNew(method))) return blames;
  return blames.map((blame) => (asksForRest(blame) ? { ...blame, method } : blame));
}

/** No request can cause these by what is in it, as far as the upstream's word goes. */
function asksForRest(blame: Blame): boolean {
  return isLimit(blame) || (blame.reason === 'status' && blame.rest !== undefined);
}

/** The method that was refused; of several, where all were refused together, the only one that is new there. */
function refusedIn({ question, verdict }: Ended, isNew: (method: string) => boolean): string | undefined {
  const { asked } = question;
  const verdicts = verdict.calls?.verdicts ?? [];
  const refused = asked.filter((_, index) => verdicts[index]?.kind === 'open');
  const only = soleMethod(refused);
  if (only !== undefined || refused.length < asked.length) return only;
  return soleMethod(refused.filter(({ call: { method } }) => method !== undefined && isNew(method)));
}

/** Undefined where there are several, or none. */
function soleMethod(entries: readonly CallEntry[]): string | undefined {
  const method = entries[0]?.call.method;
  for (const { call } of entries) if (call.method !== method) return undefined;
  return method;
}
