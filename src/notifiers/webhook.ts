/** Sends alerts as JSON to a webhook. */

import type { Clock } from '../clock.ts';
import { alertText } from './alert-text.ts';
import { type Alert, NO_PROXIES, type Notifier, type NotifierKind } from './notifier.ts';
import { createWebhookCall, refusalOf } from './webhook-call.ts';

/** Sends each alert once; who uses it may try again. A user-info in the URL is sent as Basic credentials. */
export function createWebhookNotifier(webhookUrl: string, clock: Clock, proxies = NO_PROXIES): Notifier {
  const { url, authorization } = withoutUserInfo(webhookUrl);
  const call = createWebhookCall(url, proxies, clock);
  const headers = authorization === undefined ? {} : { Authorization: authorization };
  return {
    async send(alert, signal) {
      const answer = await call({ headers, body: JSON.stringify(bodyOf(alert)), signal });
      if (!answer.ok) throw refusalOf(answer);
    },
  };
}

export const webhook: NotifierKind = {
  name: 'webhook',
  setting: {
    name: 'WEBHOOK_URL',
    doc: 'A second way for the same alerts: JSON by POST to this URL.',
  },
  create: createWebhookNotifier,
};

function bodyOf(alert: Alert) {
  const { kind, severity, pool, upstreams, sinceMs, link } = alert;
  return {
    kind,
    severity,
    pool: pool ?? null,
    text: alertText(alert),
    upstreams: upstreams.map(({ name, tier, why }) => ({ name, tier, reason: why })),
    since: new Date(sinceMs).toISOString(),
    link: link ?? null,
  };
}

/** Fetch takes no URL with a user-info. */
function withoutUserInfo(text: string): { readonly url: string; readonly authorization: string | undefined } {
  const url = new URL(text);
  const { username, password } = url;
  if (username === '' && password === '') return { url: text, authorization: undefined };
  url.username = '';
  url.password = '';
  const credentials = Buffer.from(`${decoded(username)}:${decoded(password)}`).toString('base64');
  return { url: url.href, authorization: `Basic ${credentials}` };
}

/** As it stands when it can't be decoded. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
