import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { type Alert, NotificationFailed } from '../../src/notifiers/notifier.ts';
import { createSlackNotifier } from '../../src/notifiers/slack.ts';
import { releasedPort } from '../support/fake-upstream.ts';
import { answers, neverAnswers, startFakeWebhook, type WebhookAnswer } from '../support/fake-webhook.ts';

const alert: Alert = { kind: 'wrong-chain', severity: 'warning', text: '[lb-1] a is on another chain.' };

async function failureOf(sending: Promise<void>): Promise<unknown> {
  return sending.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** The whole error as a careless logger would show it. */
function shown(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return `${error.stack} ${JSON.stringify(error, Object.getOwnPropertyNames(error))} ${String(error.cause)}`;
}

describe('the Slack notifier', () => {
  it('posts one message with the severity in front of the text', async () => {
    const webhook = await startFakeWebhook();
    await createSlackNotifier(webhook.url).send(alert);
    expect(webhook.bodies).toEqual([
      { text: '⚠️ *warning* [lb-1] a is on another chain.', unfurl_links: false },
    ]);
  });

  it("escapes Slack's markup, so that no name can call a channel", async () => {
    const webhook = await startFakeWebhook();
    await createSlackNotifier(webhook.url).send({ ...alert, text: '[<!channel> & co]' });
    expect(webhook.texts).toEqual(['⚠️ *warning* [&lt;!channel&gt; &amp; co]']);
  });

  it.each([
    ['answers 500', answers(500, 'token_seen_secret'), 'the webhook answered HTTP 500'],
    ['was revoked', answers(404, 'no_service'), 'the webhook answered HTTP 404 (no_service)'],
    ['is over its limit', answers(429, 'rate_limited'), 'the webhook answered HTTP 429 (rate_limited)'],
    [
      'redirects',
      answers(307, '', { location: '/elsewhere' }),
      'the webhook answered with a redirect, which is not followed',
    ],
  ])('fails once, without the URL, when the webhook %s', async (_, answer, problem) => {
    const webhook = await startFakeWebhook();
    webhook.answer = answer;
    const error = await failureOf(createSlackNotifier(webhook.url).send(alert));
    expect(error).toBeInstanceOf(NotificationFailed);
    expect(error).toHaveProperty('message', problem);
    expect(shown(error)).not.toContain('seCretToken');
    expect(webhook.bodies).toHaveLength(1);
  });

  it.each<[string, WebhookAnswer]>([
    ['never answers', neverAnswers],
    ['begins an answer and never ends it', (response) => response.writeHead(200).write('o')],
  ])('gives up on a webhook that %s', async (_, answer) => {
    const webhook = await startFakeWebhook();
    webhook.answer = answer;
    const error = await failureOf(createSlackNotifier(webhook.url, { timeoutMs: 1_500 }).send(alert));
    expect(error).toBeInstanceOf(NotificationFailed);
    expect(error).toHaveProperty('message', 'the webhook did not answer within 1500 ms');
    expect(shown(error)).not.toContain('seCretToken');
  });

  it('says that nobody listens, without the URL', async () => {
    const url = `http://127.0.0.1:${await releasedPort()}/services/seCretToken`;
    const error = await failureOf(createSlackNotifier(url).send(alert));
    expect(error).toHaveProperty('message', 'the webhook could not be reached (ECONNREFUSED)');
    expect(shown(error)).not.toContain('seCretToken');
  });

  it.each(['http://user:seCretToken@127.0.0.1:1/x', 'http://127.0.0.1:6000/seCretToken', 'seCretToken'])(
    'keeps a URL that fetch refuses out of the error: %s',
    async (url) => {
      const error = await failureOf(createSlackNotifier(url).send(alert));
      expect(error).toBeInstanceOf(NotificationFailed);
      expect(shown(error)).not.toContain('seCretToken');
    },
  );

  it('loads without a warning from Node', async () => {
    const load = ['--input-type=module', '-e', "await import('@slack/webhook')"];
    const { stderr } = await promisify(execFile)(process.execPath, load, { env: {} });
    expect(stderr).toBe('');
  });
});
