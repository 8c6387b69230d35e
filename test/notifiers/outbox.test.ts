import { describe, expect, it } from 'vitest';
import { Announcer } from '../../src/events.ts';
import { createAlerts } from '../../src/notifiers/alerts.ts';
import { NotificationFailed } from '../../src/notifiers/notifier.ts';
import { createSlackNotifier } from '../../src/notifiers/slack.ts';
import { answers, neverAnswers, startFakeWebhook, takesIt } from '../support/fake-webhook.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { COOLDOWN_MS, failed, primaryAnswered, quarantined, setUp } from './set-up.ts';

describe('the sending', () => {
  const upstreamsQuarantined = (number: number) =>
    Array.from({ length: number }, (_, index) => quarantined(`u${index}`, 'auth'));

  it('has one alert in flight and twenty waiting, and drops the oldest with a note', async () => {
    const began: string[] = [];
    const takeNext: (() => void)[] = [];
    const { announce, alerts, clock, failures } = setUp({
      send: (alert) => {
        began.push(alert.text);
        return new Promise((resolve) => takeNext.push(resolve));
      },
    });
    await announce(quarantined('first', 'auth'));
    await Promise.resolve();
    await announce(...upstreamsQuarantined(22));
    expect(began).toHaveLength(1);
    expect(failures).toEqual(
      Array(2).fill({
        type: 'alert-failed',
        notifier: 'first',
        kind: 'credentials',
        problem: 'dropped: more than 20 alerts were waiting to be sent',
      }),
    );
    const drained = alerts.drain(1_000);
    while (began.length < 21 || takeNext.length > 0) {
      takeNext.shift()?.();
      await new Promise(setImmediate);
    }
    await drained;
    expect(began[1]).toContain('u2 ');
    expect(began[20]).toContain('u21 ');
    expect(clock.pendingTimers).toBe(0);
  });

  it('gives up on a notifier that never settles, and goes on with the next alert', async () => {
    const began: string[] = [];
    const { announce, clock, failures } = setUp({
      send: ({ text }) => {
        began.push(text);
        return new Promise(() => {});
      },
    });
    await announce(quarantined('a', 'auth'), quarantined('b', 'auth'));
    await new Promise(setImmediate);
    expect(began).toHaveLength(1);
    clock.advance(10_000);
    await new Promise(setImmediate);
    expect(failures.map(({ problem }) => problem)).toEqual(['not sent within 10000 ms']);
    expect(began).toHaveLength(2);
  });

  it.each([
    ['refuses', async () => Promise.reject(new NotificationFailed('no room')), 'no room'],
    [
      'rejects with what may hold a secret',
      async () => Promise.reject(new Error('POST https://hooks.example/seCret failed')),
      'the notifier itself failed',
    ],
    [
      'throws',
      () => {
        throw new Error('seCret');
      },
      'the notifier itself failed',
    ],
  ])('announces a notifier that %s', async (_, send, problem) => {
    const { announce, alerts, failures } = setUp({ send });
    await announce(failed);
    await alerts.drain(1_000);
    expect(failures).toEqual([
      { type: 'alert-failed', notifier: 'first', kind: 'all-upstreams-failed', problem },
    ]);
  });

  it('waits at the shutdown for what is under way, but no longer than told', async () => {
    const { announce, alerts, clock } = setUp({ send: () => new Promise(() => {}) });
    await announce(failed);
    let drained = false;
    const draining = alerts.drain(3_000).then(() => {
      drained = true;
    });
    clock.advance(2_999);
    await new Promise(setImmediate);
    expect(drained).toBe(false);
    clock.advance(1);
    await draining;
    expect(drained).toBe(true);
  });

  it('costs nothing when nobody is to be told', async () => {
    const announcer = new Announcer();
    const clock = new ManualClock();
    const options = { announcer, clock, cooldownMs: COOLDOWN_MS, hostname: 'lb-1', env: undefined };
    const alerts = createAlerts({ ...options, notifiers: [] });
    announcer.announce(failed);
    await alerts.drain(1_000);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('with a real webhook', () => {
  it('delivers an alert and its end in order', async () => {
    const webhook = await startFakeWebhook();
    const { announce, alerts, failures } = setUp(createSlackNotifier(webhook.url));
    await announce(failed, primaryAnswered);
    await alerts.drain(5_000);
    expect(webhook.texts.map((text) => text.split(' ', 2)[1])).toEqual(['*critical*', '*resolved*']);
    expect(failures).toEqual([]);
  });

  it('announces an alert that the webhook refuses, without its address, and goes on with the next', async () => {
    const webhook = await startFakeWebhook();
    const { announce, alerts, failures } = setUp(createSlackNotifier(webhook.url));
    webhook.answer = answers(500, webhook.secret);
    await announce(quarantined('a', 'auth'));
    await alerts.drain(5_000);
    webhook.answer = takesIt;
    await announce(quarantined('b', 'auth'));
    await alerts.drain(5_000);
    expect(failures).toEqual([
      {
        type: 'alert-failed',
        notifier: 'first',
        kind: 'credentials',
        problem: 'the webhook answered HTTP 500',
      },
    ]);
    expect(webhook.texts).toHaveLength(2);
  });

  it('does not hold up the events while the webhook hangs', async () => {
    const webhook = await startFakeWebhook();
    webhook.answer = neverAnswers;
    const { announce, alerts, clock, failures } = setUp(
      createSlackNotifier(webhook.url, { timeoutMs: 1_500 }),
    );
    await announce(failed, primaryAnswered, failed);
    await webhook.received(1);
    await alerts.drain(9_000);
    expect(failures.map(({ problem }) => problem)).toEqual(
      Array(2).fill('the webhook did not answer within 1500 ms'),
    );
    expect(clock.pendingTimers).toBe(0);
  });
});
