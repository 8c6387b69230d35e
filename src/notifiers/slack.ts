/** Sends alerts to a Slack incoming webhook. */

import { IncomingWebhook, IncomingWebhookHTTPError, IncomingWebhookRequestError } from '@slack/webhook';
import {
  type Alert,
  NotificationFailed,
  type Notifier,
  type NotifierKind,
  type Severity,
} from './notifier.ts';

const DEFAULT_TIMEOUT_MS = 5_000;

const EMOJI: Readonly<Record<Severity, string>> = {
  critical: '🚨',
  warning: '⚠️',
  resolved: '✅',
};

/** Slack's codes for a refusal. Any other body may echo the request, and is not logged. */
const SLACK_ERRORS: ReadonlySet<string> = new Set([
  'action_prohibited',
  'channel_is_archived',
  'channel_not_found',
  'invalid_blocks',
  'invalid_payload',
  'invalid_token',
  'no_service',
  'no_team',
  'rate_limited',
  'rollup_error',
  'user_not_found',
]);

/**
 * Sends each alert once: a message that may have arrived is not sent again. Redirects are not followed. `timeoutMs`
 * covers the connection, the answer and its body.
 */
export function createSlackNotifier(
  webhookUrl: string,
  { timeoutMs = DEFAULT_TIMEOUT_MS }: { readonly timeoutMs?: number } = {},
): Notifier {
  const webhook = new IncomingWebhook(webhookUrl, { timeout: timeoutMs });
  return {
    async send(alert) {
      try {
        await webhook.send({ text: textOf(alert), unfurl_links: false });
      } catch (error) {
        // No `cause`: the errors of fetch quote the webhook's URL, with which anybody can post.
        throw new NotificationFailed(problemOf(error, timeoutMs));
      }
    },
  };
}

export const slack: NotifierKind = {
  name: 'slack',
  setting: {
    name: 'SLACK_WEBHOOK_URL',
    doc: 'Slack incoming webhook for alerts; without it a warning is logged at start.',
  },
  create: (webhookUrl) => createSlackNotifier(webhookUrl),
};

function textOf({ severity, text }: Alert): string {
  return `${EMOJI[severity]} *${severity}* ${escapeMarkup(text)}`;
}

/** Escapes Slack's three control characters: a host name of `<!channel>` must not notify everybody. */
function escapeMarkup(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function problemOf(error: unknown, timeoutMs: number): string {
  if (error instanceof IncomingWebhookHTTPError) {
    const word = SLACK_ERRORS.has(error.body) ? ` (${error.body})` : '';
    return `the webhook answered HTTP ${error.statusCode}${word}`;
  }
  if (!(error instanceof IncomingWebhookRequestError)) return 'the webhook could not be called';
  const { name, cause } = error.original;
  if (name === 'TimeoutError') return `the webhook did not answer within ${timeoutMs} ms`;
  if (!(cause instanceof Error)) return 'the webhook could not be called';
  // Fetch has no code for this error.
  if (cause.message === 'unexpected redirect')
    return 'the webhook answered with a redirect, which is not followed';
  const code = 'code' in cause && typeof cause.code === 'string' ? ` (${cause.code})` : '';
  return `the webhook could not be reached${code}`;
}
