/** The header lines that each answer of the client port carries, whoever gives it. */

/** Names and values in turn. `upstreamNames`: of the upstreams that had a part in it; none for an answer of our own. */
export function answerLines(requestId: string, upstreamNames?: string): string[] {
  if (upstreamNames === undefined) return ['X-Request-Id', requestId];
  return ['X-Forwarded-Server', upstreamNames, 'X-Request-Id', requestId];
}
