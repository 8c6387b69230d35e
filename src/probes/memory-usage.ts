import type { Upstream } from '../upstreams/upstream.ts';
import { type Asking, askUncounted, BROKE_OFF } from './ask.ts';

/** In all, from the connection to the end of the body. */
const TIMEOUT_MS = 2_000;

/** `silent`: it answered, and does not tell. `no-answer`: it could not be asked. */
export type MemoryAnswer = { readonly bytes: number } | 'silent' | 'no-answer';

/**
 * Asks an upstream for the memory of its process: `GET /health`, answered by `{"memory_usage": BYTES}`. It is
 * asked at the root of the upstream's server, whatever path its URL has: where that path is a provider's key,
 * a page about the process stands at the root if anywhere, and the key stays out of it. Never rejects, settles
 * within `timeoutMs` and leaves no socket behind.
 */
export async function askMemoryUsage(
  upstream: Upstream,
  { clock, dialer }: Omit<Asking, 'timeoutMs'>,
  timeoutMs = TIMEOUT_MS,
): Promise<MemoryAnswer> {
  const question = { method: 'GET', target: '/health', headers: { accept: 'application/json' } } as const;
  const heard = await askUncounted(upstream, question, { timeoutMs, clock, dialer });
  if (heard.kind !== 'answer' || BROKE_OFF[heard.ending]) return 'no-answer';
  return heard.status === 200 && heard.ending === 'whole' ? parse(heard.body.toString()) : 'silent';
}

function parse(text: string): MemoryAnswer {
  let said: unknown;
  try {
    said = JSON.parse(text);
  } catch {
    return 'silent';
  }
  if (typeof said !== 'object' || said === null || !('memory_usage' in said)) return 'silent';
  const { memory_usage: bytes } = said;
  const isSize = typeof bytes === 'number' && bytes >= 0 && bytes <= Number.MAX_SAFE_INTEGER;
  return isSize ? { bytes } : 'silent';
}
