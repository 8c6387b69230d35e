// What operators are told in Slack, and that Slack never stands in a request's way.
import { beforeEach, expect, it } from 'vitest';
import { answer, refuseRate, resetAfterRequest } from '../support/behaviours.ts';
import { startBalancer } from '../support/daemon.ts';
import { FakeUpstream, releasedPort } from '../support/fake-upstream.ts';
import { answers, type FakeWebhook, neverAnswers, startFakeWebhook } from '../support/fake-webhook.ts';
import { rpc } from '../support/http-client.ts';
import { load } from '../support/load.ts';
import { until } from '../support/waiting.ts';

let primary: FakeUpstream;
let fallback: FakeUpstream;
let webhook: FakeWebhook;

beforeEach(async () => {
  primary = await FakeUpstream.start('primary');
  fallback = await FakeUpstream.start('fallback');
  webhook = await startFakeWebhook();
});

const start = (env: Record<string, string> = {}) =>
  startBalancer({
    primaries: [`${primary.url}/hidden name=first`],
    fallbacks: [`${fallback.url}/hidden name=second`],
    env: { SLACK_WEBHOOK_URL: webhook.url, ERROR_TIME_TO_LIVE_MINUTES: '0.01', ENV: 'staging', ...env },
  });

it('a warning when the fallback carries, a critical one when nobody does, and when each is over', async () => {
  const daemon = await start();
  const ask = () => rpc(daemon.url, 'eth_blockNumber');
  primary.use(resetAfterRequest());
  // The first request finds the primary usable; the one after it knows.
  await until(async () => {
    await ask();
    return webhook.texts.length > 0;
  }, 'a warning');
  expect(webhook.texts[0]).toMatch(/warning/i);
  expect(webhook.texts[0]).toContain('first');
  fallback.use(resetAfterRequest());
  await ask();
  await webhook.received(2);
  expect(webhook.texts[1]).toMatch(/critical/i);
  primary.reset();
  await until(async () => (await ask()).status === 200, 'an answer');
  await webhook.received(4);
  expect(webhook.texts.slice(2).every((text) => /resolved/i.test(text))).toBe(true);
  expect(webhook.texts.join()).not.toMatch(/hidden|http:\/\/127/);
  expect(webhook.texts.join()).toContain('staging');
});

it.each([
  ['broken', answer({ status: 503 })],
  ['over their limits, and paced', refuseRate()],
])('the first failure names all that were asked, where all are %s', async (_, behaviour) => {
  const daemon = await start();
  for (const upstream of [primary, fallback]) upstream.use(behaviour);
  await rpc(daemon.url, 'eth_blockNumber');
  await webhook.received(1);
  expect(webhook.texts[0]).toMatch(/critical/i);
  expect(webhook.texts[0]).toContain('first (primary)');
  expect(webhook.texts[0]).toContain('second (fallback)');
});

it('the same alert is not sent again within the cool-down', async () => {
  const daemon = await start();
  primary.use(resetAfterRequest());
  fallback.use(resetAfterRequest());
  for (let count = 0; count < 20; count++) await rpc(daemon.url, 'eth_blockNumber');
  await webhook.received(1);
  expect(await daemon.stop()).toEqual({ code: 0, signal: null });
  expect(webhook.texts).toHaveLength(1);
});

it('while the trouble lasts the alert is repeated after the cool-down', async () => {
  const daemon = await start({ SLACK_COOLDOWN: '300ms' });
  primary.use(resetAfterRequest());
  fallback.use(resetAfterRequest());
  await until(async () => {
    await rpc(daemon.url, 'eth_blockNumber');
    return webhook.texts.length >= 3;
  }, 'three messages');
  expect(webhook.texts.every((text) => /critical/i.test(text))).toBe(true);
});

it('the daemon ends in time for its last alert to go out', async () => {
  const daemon = await start();
  primary.use(resetAfterRequest());
  fallback.use(resetAfterRequest());
  webhook.answer = (response) => setTimeout(() => response.end('ok'), 300);
  await rpc(daemon.url, 'eth_blockNumber');
  expect(await daemon.stop()).toEqual({ code: 0, signal: null });
  expect(webhook.texts).toHaveLength(1);
});

it.each([
  ['hangs', neverAnswers],
  ['is out of order', answers(500, 'no')],
  ['redirects', answers(302, '', { location: 'http://elsewhere.test/' })],
])('a webhook that %s delays no request and ends nothing', async (_, behaviour) => {
  webhook.answer = behaviour;
  // Each request makes an alert: if one waited for the webhook, all would.
  const daemon = await start({ ERROR_TIME_TO_LIVE_MINUTES: '1', SLACK_COOLDOWN: '1ms' });
  primary.use(resetAfterRequest());
  const report = await load({ url: daemon.url, durationMs: 500, ratePerSecond: 100, expected: 'fallback' });
  expect(report).toMatchObject({ sent: 50, good: 50 });
  // The webhook is given 5 s.
  const median = report.latenciesMs.toSorted((a, b) => a - b)[25];
  expect(median).toBeLessThan(4_500);
  await webhook.received(1);
  expect(daemon.hasExited).toBe(false);
});

it('a webhook that nobody answers at is told of in the log', async () => {
  const daemon = await start({
    SLACK_WEBHOOK_URL: `http://127.0.0.1:${await releasedPort()}/services/hidden`,
  });
  primary.use(answer({ status: 500 }));
  fallback.use(answer({ status: 500 }));
  await rpc(daemon.url, 'eth_blockNumber');
  const line = await daemon.logged(({ msg }) => msg === 'Alert not sent', 'the failed alert');
  expect(JSON.stringify(line)).not.toContain('hidden');
});
