/** Sends alerts to a Slack incoming webhook. */

import { IncomingWebhook, IncomingWebhookHTTPError } from '@slack/webhook';
import type { Clock } from '../clock.ts';
import { NO_PROXIES, NotificationFailed, type Notifier, type NotifierKind } from './notifier.ts';
import { slackMessage } from './slack-message.ts';
import { type CallWebhook, createWebhookCall, refusalOf, type WebhookAnswer } from './webhook-call.ts';

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

/** Sends each alert once; who uses it may try again. Redirects are not followed. */
export function createSlackNotifier(webhookUrl: string, clock: Clock, proxies = NO_PROXIES): Notifier {
  const call = createWebhookCall(webhookUrl, proxies, clock);
  return {
    async send(alert, signal) {
      const exchange = new Exchange(call, signal);
      try {
        const webhook = new IncomingWebhook(webhookUrl, { fetch: (_, init) => exchange.fetch(init?.body) });
        await webhook.send(slackMessage(alert));
      } catch (error) {
        throw exchange.failureOf(error);
      }
    },
  };
}

export const slack: NotifierKind = {
  name: 'slack',
  setting: {
    name: 'SLACK_WEBHOOK_URL',
    doc: 'Slack incoming webhook for alerts; without it and `WEBHOOK_URL` a warning is logged at start.',
  },
  create: createSlackNotifier,
};

/** One request to Slack: the SDK's errors neither have the answer's headers, nor tell why there was no answer. */
class Exchange {
  readonly #call: CallWebhook;
  readonly #signal: AbortSignal;
  #answer: WebhookAnswer | undefined;
  #failure: unknown;

  constructor(call: CallWebhook, signal: AbortSignal) {
    this.#call = call;
    this.#signal = signal;
  }

  /** In place of the SDK's fetch. */
  async fetch(body: unknown) {
    const request = { body: typeof body === 'string' ? body : '', signal: this.#signal };
    const answer = await this.#call(request).catch((error: unknown) => {
      this.#failure = error;
      throw error;
    });
    this.#answer = answer;
    const { status, text } = answer;
    // Without the body, which is only read as text, and the headers, which the SDK does not look at.
    return new Response(status === 204 ? null : text, { status });
  }

  failureOf(error: unknown): NotificationFailed {
    if (this.#failure instanceof NotificationFailed) return this.#failure;
    if (!(error instanceof IncomingWebhookHTTPError) || !this.#answer)
      return new NotificationFailed('the webhook could not be called');
    const { text } = this.#answer;
    return refusalOf(this.#answer, SLACK_ERRORS.has(text) ? text : undefined);
  }
}
