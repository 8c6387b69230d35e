/** Asks an upstream for the memory of its process. */

import type { Upstream } from '../upstreams/upstream.ts';
import { type Asking, askUncounted, BROKE_OFF } from './ask.ts';

/** In total, from the connection to the end of the body. */
const TIMEOUT_MS = 2_000;

/** `silent`: it answered without a figure. `no-answer`: it could not be asked. */
export type MemoryAnswer = { readonly bytes: number } | 'silent' | 'no-answer';

/**
 * Sends `GET /health`, which is answered with `{"memory_usage": BYTES}`. It goes to the root of the upstream's server,
 * whatever path its URL has: where that path contains a provider's key, a page about the process is at the root if
 * anywhere, and the key is not sent. Never rejects, settles within `timeoutMs` and leaves no socket behind.
 */
export async function askMemoryUsage(
  upstream: Upstream,
  { clock, dialer }: Omit<Asking, 'timeoutMs'>,
  timeoutMs = TIMEOUT_MS,
): Promise<MemoryAnswer> {
  const question = { method: 'GET', target: '/health', headers: { accept: 'application/json' } } as const;
  const result = await askUncounted(upstream, question, { timeoutMs, clock, dialer });
  if (result.kind !== 'answer' || BROKE_OFF[result.ending]) return 'no-answer';
  return result.status === 200 && result.ending === 'whole' ? parse(result.body.toString()) : 'silent';
}

function parse(text: string): MemoryAnswer {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return 'silent';
  }
  if (typeof parsed !== 'object' || parsed === null || !('memory_usage' in parsed)) return 'silent';
  const { memory_usage: bytes } = parsed;
  const isSize = typeof bytes === 'number' && bytes >= 0 && bytes <= Number.MAX_SAFE_INTEGER;
  return isSize ? { bytes } : 'silent';
}
