/** Calls webhooks: through a proxy where one is set, and without a word about their addresses when that fails. */

import { EnvHttpProxyAgent, fetch, type Response } from 'undici';
import type { Clock } from '../clock.ts';
import { NotificationFailed, type Proxies } from './notifier.ts';

/** More of a refusal is not read, and no longer: its status counts, the body may have a word that says why. */
const MAX_ANSWER_BYTES = 4_096;
const READ_MS = 1_000;

/** What the receiver says to it. */
export interface WebhookAnswer {
  readonly ok: boolean;
  readonly status: number;
  readonly retryAfter: string | undefined;
  /** The beginning of a refusal's body, as far as it came in time: may hold secrets. */
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
export function createWebhookCall(url: string, proxies: Proxies, clock: Clock): CallWebhook {
  const isSecure = /^https:/i.test(url);
  const proxy = isSecure ? proxies.https : proxies.http;
  // Empty texts, not undefined: undici would look into this process's environment.
  const dispatcher = new EnvHttpProxyAgent({
    httpProxy: isSecure ? '' : (proxy ?? ''),
    httpsProxy: isSecure ? (proxy ?? '') : '',
    noProxy: withBrackets(proxies.except),
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
        text: answer.ok ? await leaveOut(answer) : await beginningOf(answer, clock),
      };
    } catch (error) {
      // No `cause`: the errors of fetch quote the webhook's URL, with which anybody can post.
      throw new NotificationFailed(whyNotReached(error, proxy !== undefined));
    }
  };
}

/** IPv6 addresses as in URLs: undici would take `::1` for port 1 of the host `:`. */
function withBrackets(except: string): string {
  const entries = except.split(/[,\s]+/).map((entry) => {
    const [, bracketed, port = ''] = /^\[(.+)\](:\d+)?$/.exec(entry) ?? [];
    const url = `http://[${bracketed ?? entry}]`;
    // In its shortest form, as undici compares it.
    return URL.canParse(url) ? `${new URL(url).host}${port}` : entry;
  });
  return entries.join(',');
}

/** Ends the connection, whatever comes still. */
async function leaveOut({ body }: Response): Promise<string> {
  await body?.cancel().catch(() => {});
  return '';
}

/** Never rejects, and does not wait for a body that stalls. */
async function beginningOf({ body }: Response, clock: Clock): Promise<string> {
  if (!body) return '';
  const reader = body.getReader();
  const cancel = () => void reader.cancel().catch(() => {});
  const stopWaiting = clock.after(READ_MS, cancel);
  const chunks: Uint8Array[] = [];
  try {
    for (let length = 0; length < MAX_ANSWER_BYTES; ) {
      const { done, value } = await reader.read();
      if (done) break;
      chunks.push(value);
      length += value.length;
    }
  } catch {
    // It broke off.
  }
  stopWaiting();
  cancel();
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
