import type { ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { alertText } from '../../src/notifiers/alert-text.ts';
import { createSlackNotifier } from '../../src/notifiers/slack.ts';
import { createWebhookNotifier } from '../../src/notifiers/webhook.ts';
import { answers, startFakeWebhook } from '../support/fake-webhook.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { until } from '../support/waiting.ts';
import { alertLike } from './set-up.ts';

const { signal } = new AbortController();

it('the webhook gets the alert as JSON, with these members and no other', async () => {
  const webhook = await startFakeWebhook();
  const alert = alertLike({
    pool: 'base',
    isOneOfSeveral: true,
    upstreams: [{ name: 'alchemy', tier: 'primary', why: 'refuses our key (auth)' }],
    link: 'https://lb.example/ops',
  });
  await createWebhookNotifier(webhook.url, systemClock).send(alert, signal);
  expect(webhook.bodies).toEqual([
    {
      kind: 'all-upstreams-failed',
      severity: 'critical',
      pool: 'base',
      text: alertText(alert),
      upstreams: [{ name: 'alchemy', tier: 'primary', reason: 'refuses our key (auth)' }],
      since: '2026-01-15T12:00:00.000Z',
      link: 'https://lb.example/ops',
    },
  ]);
  expect(webhook.headers[0]).toMatchObject({ 'content-type': 'application/json', connection: 'close' });
});

it('what is not known is null', async () => {
  const webhook = await startFakeWebhook();
  await createWebhookNotifier(webhook.url, systemClock).send(
    alertLike({ pool: undefined, link: undefined }),
    signal,
  );
  expect(webhook.bodies).toMatchObject([{ pool: null, link: null, upstreams: [] }]);
});

it('a user-info in its URL is sent as Basic credentials', async () => {
  const webhook = await startFakeWebhook();
  const url = webhook.url.replace('http://', 'http://ops:p%40ss%25@');
  await createWebhookNotifier(url, systemClock).send(alertLike(), signal);
  const credentials = Buffer.from('ops:p@ss%').toString('base64');
  expect(webhook.headers[0]?.authorization).toBe(`Basic ${credentials}`);
});

it.each([
  [503, '20', { message: 'the webhook answered HTTP 503', isFinal: false, retryAfter: '20' }],
  [500, '20', { message: 'the webhook answered HTTP 500', isFinal: false, retryAfter: undefined }],
  [410, undefined, { message: 'the webhook answered HTTP 410', isFinal: true }],
  [401, undefined, { message: 'the webhook answered HTTP 401', isFinal: true }],
  [408, undefined, { message: 'the webhook answered HTTP 408', isFinal: false }],
  [
    302,
    undefined,
    { message: 'the webhook answered HTTP 302, a redirect, which is not followed', isFinal: true },
  ],
])('an answer of %i with Retry-After %s tells nothing of its body', async (status, retryAfter, failure) => {
  const webhook = await startFakeWebhook();
  const headers = retryAfter === undefined ? {} : { 'retry-after': retryAfter };
  webhook.answer = answers(status, 'seCretBody', { location: 'http://127.0.0.1:1/', ...headers });
  await expect(
    createWebhookNotifier(webhook.url, systemClock).send(alertLike(), signal),
  ).rejects.toMatchObject(failure);
});

it.each<[string, (response: ServerResponse) => void]>([
  ['stalls', () => {}],
  ['breaks off', (response) => response.destroy()],
])('a 2xx whose body %s has taken the alert', async (_, then) => {
  const webhook = await startFakeWebhook();
  webhook.answer = (response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('o', () => then(response));
  };
  await createWebhookNotifier(webhook.url, systemClock).send(alertLike(), signal);
  await createSlackNotifier(webhook.url, systemClock).send(alertLike(), signal);
  expect(webhook.bodies).toHaveLength(2);
});

it.each([
  ['stalls', () => {}],
  ['breaks off', (response: ServerResponse) => response.destroy()],
])('a refusal whose body %s counts all the same', async (_, then) => {
  const webhook = await startFakeWebhook();
  const clock = new ManualClock();
  webhook.answer = (response) => {
    response.writeHead(429, { 'retry-after': '30', 'content-length': '100' });
    response.write('x', () => then(response));
  };
  const failures: unknown[] = [];
  void createWebhookNotifier(webhook.url, clock)
    .send(alertLike(), signal)
    .catch((error: unknown) => failures.push(error));
  await until(() => clock.pendingTimers + failures.length > 0, 'the head of the answer');
  clock.advance(1_000);
  await until(() => failures.length > 0, 'the refusal');
  expect(failures).toMatchObject([{ isFinal: false, retryAfter: '30' }]);
  expect(clock.pendingTimers).toBe(0);
});

it('an answer without an end is not read to its end', async () => {
  const webhook = await startFakeWebhook();
  webhook.answer = (response) => {
    response.writeHead(200);
    const more = () => {
      while (response.write('x'.repeat(10_000)));
      response.once('drain', more);
    };
    more();
  };
  await createWebhookNotifier(webhook.url, systemClock).send(alertLike(), signal);
});
