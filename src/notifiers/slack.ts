/** Sends alerts to a Slack incoming webhook. */

import { IncomingWebhook } from '@slack/webhook';
import type { Clock } from '../clock.ts';
import { NO_PROXIES, NotificationFailed, type Notifier, type NotifierKind } from './notifier.ts';
import { slackMessage } from './slack-message.ts';
import { createWebhookCall, refusalOf } from './webhook-call.ts';

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
      // Kept here: the SDK's errors neither have the answer's headers, nor tell why there was no answer.
      let failure = new NotificationFailed('the webhook could not be called');
      const post = async (body: unknown) => {
        const answer = await call({ body: typeof body === 'string' ? body : '', signal });
        if (!answer.ok) throw refusalOf(answer, SLACK_ERRORS.has(answer.text) ? answer.text : undefined);
        return new Response(answer.text);
      };
      const webhook = new IncomingWebhook(webhookUrl, {
        fetch: (_, init) =>
          post(init?.body).catch((error: unknown) => {
            if (error instanceof NotificationFailed) failure = error;
            throw error;
          }),
      });
      await webhook.send(slackMessage(alert)).catch(() => {
        throw failure;
      });
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
