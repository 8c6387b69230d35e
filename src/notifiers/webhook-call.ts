/** Calls webhooks: through a proxy where one is set, and without a word about their addresses when that fails. */

import { EnvHttpProxyAgent, fetch, type Response } from 'undici';
import { NotificationFailed, type Proxies } from './notifier.ts';

/** More of an answer is not read. */
const MAX_ANSWER_BYTES = 4_096;

/** What the receiver says to it. */
export interface WebhookAnswer {
  readonly ok: boolean;
  readonly status: number;
  readonly retryAfter: string | undefined;
  /** The beginning of the body: may hold secrets. */
  readonly text: string;
}

export interface WebhookRequest {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
}

/** Redirects are not followed. Rejects with a NotificationFailed when there is no answer. */
export type CallWebhook = (request: WebhookRequest) => Promise<WebhookAnswer>;

/** `url` is an http or https URL. */
export function createWebhookCall(url: string, proxies: Proxies): CallWebhook {
  const isSecure = /^https:/i.test(url);
  const proxy = isSecure ? proxies.https : proxies.http;
  // Empty texts, not undefined: undici would look into this process's environment.
  const dispatcher = new EnvHttpProxyAgent({
    httpProxy: isSecure ? '' : (proxy ?? ''),
    httpsProxy: isSecure ? (proxy ?? '') : '',
    noProxy: proxies.except,
    // Alerts are rare: a connection that was kept would have been closed in the meantime.
    pipelining: 0,
  });
  return async ({ headers = {}, body, signal }) => {
    try {
      const answer = await fetch(url, {
        method: 'POST',
        headers: { 'User-Agent': 'rpc-load-balancer', 'Content-Type': 'application/json', ...headers },
        body,
        signal,
        redirect: 'manual',
        dispatcher,
      });
      return {
        ok: answer.ok,
        status: answer.status,
        retryAfter: answer.headers.get('retry-after') ?? undefined,
        text: await beginningOf(answer),
      };
    } catch (error) {
      // No `cause`: the errors of fetch quote the webhook's URL, with which anybody can post.
      throw new NotificationFailed(whyNotReached(error, proxy !== undefined));
    }
  };
}

async function beginningOf({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= MAX_ANSWER_BYTES) break;
  }
  return Buffer.concat(chunks).toString('utf8', 0, MAX_ANSWER_BYTES);
}

/** Refusals that may be over soon: too slow, too early, too many. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429]);

/** @param word what may be shown of the answer's body, if anything */
export function refusalOf({ status, retryAfter }: WebhookAnswer, word?: string): NotificationFailed {
  const isFinal = status < 500 && !PASSING.has(status);
  const shown = word === undefined ? '' : ` (${word})`;
  const redirect = status >= 300 && status < 400 ? ', a redirect, which is not followed' : '';
  return new NotificationFailed(`the webhook answered HTTP ${status}${shown}${redirect}`, {
    isFinal,
    retryAfter: status === 429 || status === 503 ? retryAfter : undefined,
  });
}

function whyNotReached(error: unknown, hasProxy: boolean): string {
  const whom = hasProxy ? 'the webhook, or its proxy,' : 'the webhook';
  const cause = error instanceof Error ? error.cause : undefined;
  if (!(cause instanceof Error)) return `${whom} could not be called`;
  // Fetch takes a proxy's refusal for a request that was cancelled.
  const inner = cause.cause instanceof Error ? cause.cause : cause;
  const [, status] = /^Proxy response \((\d{3})\)/.exec(inner.message) ?? [];
  if (status !== undefined) return `the proxy answered HTTP ${status}`;
  const code = 'code' in cause && typeof cause.code === 'string' ? ` (${cause.code})` : '';
  return `${whom} could not be reached${code}`;
}
