/** One process of a machine asks an upstream in question for all of them. */

import type { FactTable } from './fact-table.ts';
import type { KnownUpstream, KnownUpstreams } from './known-upstreams.ts';
import { upstreamKey } from './upstream-key.ts';

/** So long nobody else need ask: see `Suspects`. */
const HOLDS_MS = 1_000;

/**
 * What comes of a question that fails is a quarantine, which all hear of anyway. Two that begin in the same millisecond
 * may both ask.
 */
export function shareQuestions(table: FactTable, upstreams: KnownUpstreams): void {
  const tellOf = ({ pool: { suspects } }: KnownUpstream): void => {
    suspects.onQuestion = (upstream, isAnswered) =>
      table.put(`question ${upstreamKey(upstream)}`, { isAnswered }, HOLDS_MS);
  };
  for (const known of upstreams.all) tellOf(known);
  // Pools come with their upstreams.
  upstreams.onJoin(tellOf);
  table.read('question', ({ subject, value }) => {
    const known = upstreams.find(subject);
    if (!known || !value) return;
    const { suspects } = known.pool;
    if ('isAnswered' in value && value.isAnswered === true) suspects.adoptAnswer(known.upstream);
    else suspects.adoptQuestion(known.upstream);
  });
}
