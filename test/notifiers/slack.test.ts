import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { type Alert, NotificationFailed } from '../../src/notifiers/notifier.ts';
import { createSlackNotifier } from '../../src/notifiers/slack.ts';
import { slackMessage } from '../../src/notifiers/slack-message.ts';
import { releasedPort } from '../support/fake-upstream.ts';
import { answers, neverAnswers, startFakeWebhook, type WebhookAnswer } from '../support/fake-webhook.ts';
import { alertLike } from './set-up.ts';

const alert = alertLike({ what: '1 upstream on the wrong chain', kind: 'wrong-chain', severity: 'warning' });
const { signal } = new AbortController();

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

/** All texts of a message's blocks, with the most characters that Slack takes of each. */
function textsOf(message: ReturnType<typeof slackMessage>): [text: string, limit: number][] {
  return message.blocks.flatMap((block): [string, number][] => {
    if (block.type === 'header') return [[block.text.text, 150]];
    if (block.type === 'section') return [[block.text.text, 3_000]];
    return block.elements.map(({ text }) => [text, 3_000]);
  });
}

describe('the Slack message', () => {
  it('says in blocks what, since when, which upstreams and why, what clients get, what to do, and links to the page', () => {
    const { blocks } = slackMessage(
      alertLike({
        upstreams: [{ name: 'alchemy', tier: 'primary', why: 'refuses our key (auth)' }],
        requests: '7 requests failed',
        advice: 'See whether the key is valid.',
        lastedMs: 300_000,
        pool: 'base',
        isOneOfSeveral: true,
        link: 'https://lb.example/ops',
      }),
    );
    const section = (text: string) => ({ type: 'section', text: { type: 'mrkdwn', text } });
    expect(blocks).toEqual([
      {
        type: 'header',
        text: { type: 'plain_text', text: '🚨 critical, pool base: no upstream gives a usable answer' },
      },
      section(
        '*Since:* 2026-01-15 12:00:00 UTC, for 5 min now\n*Requests:* 7 requests failed\n*Clients get:* errors',
      ),
      section('*Upstreams:*\n• alchemy (primary) refuses our key (auth)'),
      section('*What to do:* See whether the key is valid.'),
      {
        type: 'context',
        elements: [{ type: 'mrkdwn', text: 'lb-1, production · <https://lb.example/ops|Open the page>' }],
      },
    ]);
  });

  it("keeps to Slack's limits with 300 upstreams whose names have 64 letters, and a text of any length", () => {
    const upstreams = Array.from({ length: 300 }, (_, at) => ({
      name: `${at}`.padStart(64, 'x'),
      tier: 'fallback' as const,
      why: `is on the wrong chain (${'<&>'.repeat(at)})`,
    }));
    const long = '<&>😀'.repeat(2_000);
    const message = slackMessage(
      alertLike({
        upstreams,
        what: long,
        client: long,
        advice: long,
        place: long,
        link: 'https://a.example',
      }),
    );
    expect(message.blocks.length).toBeLessThan(50);
    for (const [text, limit] of textsOf(message)) {
      expect(text.length).toBeLessThanOrEqual(limit);
      expect(text).not.toMatch(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])/);
    }
    const listed = textsOf(message).find(([text]) => text.startsWith('*Upstreams:*'))?.[0] ?? '';
    const lines = listed.split('\n');
    expect(lines.length).toBeGreaterThan(10);
    expect(lines.at(-1)).toBe(`and ${300 - (lines.length - 2)} more upstreams`);
  });

  it('names all of as many upstreams as somebody reads', () => {
    const upstreams = Array.from({ length: 20 }, (_, at) => ({
      name: `u${at}`,
      tier: 'primary' as const,
      why: 'x',
    }));
    const listed = textsOf(slackMessage(alertLike({ upstreams }))).find(([text]) => /^\*Up/.test(text))?.[0];
    expect(listed?.split('\n')).toHaveLength(21);
  });
});

describe('the Slack notifier', () => {
  it('posts one message, with the severity in front of a text for notifications', async () => {
    const webhook = await startFakeWebhook();
    await createSlackNotifier(webhook.url, systemClock).send(alert, signal);
    expect(webhook.bodies).toEqual([slackMessage(alert)]);
    expect(webhook.texts[0]).toMatch(
      /^⚠️ WARNING \[lb-1, production\] 1 upstream on the wrong chain\.\nSince 2026/,
    );
  });

  it("escapes Slack's markup, so that no name can call a channel", async () => {
    const webhook = await startFakeWebhook();
    const evil: Alert = {
      ...alert,
      place: '<!channel> & co',
      what: '<!here>',
      upstreams: [{ name: 'a', tier: 'primary', why: '<@U1>' }],
      link: 'https://lb.example/<!here>|x',
    };
    await createSlackNotifier(webhook.url, systemClock).send(evil, signal);
    const { blocks, text } = slackMessage(evil);
    // A header is plain text.
    const marked = JSON.stringify([text, blocks.filter(({ type }) => type !== 'header')]);
    expect(marked).not.toMatch(/<[!@]/);
    expect(marked).toContain('&lt;!channel&gt; &amp; co');
    expect(marked).toContain('<https://lb.example/&lt;!here&gt;%7Cx|Open the page>');
  });

  it.each([
    ['answers 500', answers(500, 'token_seen_secret'), 'the webhook answered HTTP 500', false],
    ['was revoked', answers(404, 'no_service'), 'the webhook answered HTTP 404 (no_service)', true],
    [
      'is over its limit',
      answers(429, 'rate_limited'),
      'the webhook answered HTTP 429 (rate_limited)',
      false,
    ],
    ['refuses the message', answers(400, 'seCretToken'), 'the webhook answered HTTP 400', true],
    [
      'redirects',
      answers(307, '', { location: '/elsewhere' }),
      'the webhook answered HTTP 307, a redirect, which is not followed',
      true,
    ],
  ])('fails once, without the URL, when the webhook %s', async (_, answer, problem, isFinal) => {
    const webhook = await startFakeWebhook();
    webhook.answer = answer;
    const error = await failureOf(createSlackNotifier(webhook.url, systemClock).send(alert, signal));
    expect(error).toBeInstanceOf(NotificationFailed);
    expect(error).toMatchObject({ message: problem, isFinal });
    expect(shown(error)).not.toContain('seCretToken');
    expect(webhook.bodies).toHaveLength(1);
  });

  it('passes on what Retry-After asks for', async () => {
    const webhook = await startFakeWebhook();
    webhook.answer = answers(429, 'rate_limited', { 'retry-after': '30' });
    const error = await failureOf(createSlackNotifier(webhook.url, systemClock).send(alert, signal));
    expect(error).toMatchObject({ retryAfter: '30', isFinal: false });
  });

  it.each<[string, WebhookAnswer]>([
    ['never answers', neverAnswers],
    ['begins an answer and never ends it', (response) => response.writeHead(500).write('o')],
  ])('stops when it is told to, where the webhook %s', async (_, answer) => {
    const webhook = await startFakeWebhook();
    webhook.answer = answer;
    const controller = new AbortController();
    const sending = failureOf(createSlackNotifier(webhook.url, systemClock).send(alert, controller.signal));
    await webhook.received(1);
    controller.abort();
    const error = await sending;
    expect(error).toBeInstanceOf(NotificationFailed);
    expect(shown(error)).not.toContain('seCretToken');
  });

  it('says that nobody listens, without the URL', async () => {
    const url = `http://127.0.0.1:${await releasedPort()}/services/seCretToken`;
    const error = await failureOf(createSlackNotifier(url, systemClock).send(alert, signal));
    expect(error).toMatchObject({
      message: 'the webhook could not be reached (ECONNREFUSED)',
      isFinal: false,
    });
    expect(shown(error)).not.toContain('seCretToken');
  });

  it.each(['http://user:seCretToken@127.0.0.1:1/x', 'http://127.0.0.1:6000/seCretToken', 'seCretToken'])(
    'keeps a URL that fetch refuses out of the error: %s',
    async (url) => {
      const error = await failureOf(createSlackNotifier(url, systemClock).send(alert, signal));
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
