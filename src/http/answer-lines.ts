/** The header lines that each answer of the client port carries, whichever part of the program gives it. */

/**
 * Adds them to `lines`: names and values in turn, one character for each byte. `requestId` is undefined where there is no
 * request that could be read; `upstreamNames` are the upstreams that had a part in the answer, undefined for one of
 * our own. `more` are lines that belong to this request's answer.
 */
export function addAnswerLines(
  lines: string[],
  requestId?: string,
  upstreamNames?: string,
  more: readonly string[] = [],
): void {
  if (upstreamNames !== undefined) lines.push('X-Forwarded-Server', upstreamNames);
  if (requestId !== undefined) lines.push('X-Request-Id', requestId);
  if (more.length > 0) lines.push(...more);
}

/** An upstream's lines without those that ours take the place of, by their names; the same list when there are none. */
export function withoutReplaced(lines: string[], replaced: RegExp | undefined): string[] {
  if (!replaced) return lines;
  const kept: string[] = [];
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const name = lines[i] ?? '';
    if (!replaced.test(name)) kept.push(name, lines[i + 1] ?? '');
  }
  return kept;
}

/** Lines in the form in which HTTP/1.1 sends them, each with its line end. */
export function formatLines(lines: readonly string[]): string {
  let text = '';
  for (let i = 0; i + 1 < lines.length; i += 2) text += `${lines[i]}: ${lines[i + 1]}\r\n`;
  return text;
}
