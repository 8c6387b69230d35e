// The examples in docs/logs-and-alerts.md are what the code writes.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { PoolIdentity, UpstreamIdentity } from '../../src/events.ts';
import { alertText } from '../../src/notifiers/alert-text.ts';
import { ALERT_KINDS, type Alert } from '../../src/notifiers/notifier.ts';
import { createWebhookNotifier } from '../../src/notifiers/webhook.ts';
import { startFakeWebhook } from '../support/fake-webhook.ts';
import { failed, primaryAnswered, quarantined, setUp } from './set-up.ts';

const page = readFileSync(new URL('../../docs/logs-and-alerts.md', import.meta.url), 'utf8');

function example(name: string): string {
  const [, text = ''] =
    new RegExp(`<!-- example: ${name} -->\n\`\`\`\\w*\n(.*?)\n\`\`\`\n<!-- /example -->`, 's').exec(page) ??
    [];
  return text;
}

async function written(): Promise<{ critical: Alert; resolved: Alert; credentials: Alert }> {
  const one = setUp();
  await one.announce(quarantined('alchemy', 'timeout'), quarantined('infura', 'rate-limited'), failed);
  one.clock.advance(125_000);
  await one.announce(failed, primaryAnswered);
  const [critical, resolved] = one.sent;
  const other = setUp();
  const base = new PoolIdentity('base');
  base.shown = 'base';
  for (const [name, reason] of [
    ['alchemy', 'plan'],
    ['quicknode', 'auth'],
  ] as const) {
    const upstream = new UpstreamIdentity(name, 'primary', base);
    await other.announce({
      type: 'upstream-quarantined',
      upstream,
      reason,
      method: undefined,
      durationMs: 900_000,
    });
  }
  await other.gather();
  const [credentials] = other.sent;
  if (!critical || !resolved || !credentials) throw new Error('three were sent');
  return { critical, resolved, credentials };
}

it.each(['critical', 'resolved', 'credentials'] as const)('the example of %s', async (name) => {
  expect(example(name)).toBe(alertText((await written())[name]));
});

it.each([
  ['json', 'credentials'],
  ['json-resolved', 'resolved'],
] as const)('the example of %s', async (name, alert) => {
  const webhook = await startFakeWebhook();
  const notifier = createWebhookNotifier(webhook.url, systemClock);
  await notifier.send((await written())[alert], new AbortController().signal);
  expect(JSON.parse(example(name))).toEqual(webhook.bodies[0]);
});

it('the page has a row for each kind', () => {
  for (const kind of ALERT_KINDS) expect(page).toContain(`\n| \`${kind}\` | `);
});
