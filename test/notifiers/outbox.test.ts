import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { Announcer, type Event, PoolIdentity } from '../../src/events.ts';
import { alertText } from '../../src/notifiers/alert-text.ts';
import { createAlerts } from '../../src/notifiers/alerts.ts';
import {
  type Alert,
  type FailureFacts,
  NotificationFailed,
  type Notifier,
} from '../../src/notifiers/notifier.ts';
import { Outbox } from '../../src/notifiers/outbox.ts';
import { createSlackNotifier } from '../../src/notifiers/slack.ts';
import type { Topic } from '../../src/notifiers/topic.ts';
import { answers, neverAnswers, startFakeWebhook } from '../support/fake-webhook.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { until } from '../support/waiting.ts';
import {
  COOLDOWN_MS,
  failed,
  fallbackAnswered,
  primaryAnswered,
  quarantined,
  requestFinished,
  settled,
  setUp,
} from './set-up.ts';

const HOUR_MS = 3_600_000;

/** A receiver that a test tells what to do, and all that it was sent. */
function scripted() {
  const tries: Alert[] = [];
  const script = { failure: undefined as NotificationFailed | undefined };
  const notifier: Notifier = {
    async send(alert) {
      tries.push(alert);
      if (script.failure) throw script.failure;
    },
  };
  const fail = (problem: string, facts?: FailureFacts) => {
    script.failure = new NotificationFailed(problem, facts);
  };
  const work = () => {
    script.failure = undefined;
  };
  return { notifier, tries, fail, work };
}

function failedIn(name: string): Event {
  const pool = new PoolIdentity(name);
  return requestFinished({ pool, result: 'failed', status: 502, code: 'ALL_UPSTREAMS_FAILED' });
}

describe('an alert that is not taken', () => {
  it('is tried again after 1, 2, 4, … seconds, a minute at most, and tells how things stand then', async () => {
    const { notifier, tries, fail, work } = scripted();
    const { announce, clock, alerts, failures, losses, announcer } = setUp(notifier);
    const resumed: Event[] = [];
    announcer.listen((event) => event.type === 'alerts-resumed' && resumed.push(event));
    fail('down');
    await announce(failed);
    const pauses = [1, 2, 4, 8, 16, 32, 60, 60];
    for (const [at, seconds] of pauses.entries()) {
      clock.advance(seconds * 1_000 - 1);
      await settled();
      expect(tries).toHaveLength(at + 1);
      clock.advance(1);
      await settled();
      expect(tries).toHaveLength(at + 2);
    }
    await announce(failed, failed);
    work();
    clock.advance(60_000);
    await settled();
    expect(tries.at(-1)).toMatchObject({ requests: '3 of 3 requests failed', lastedMs: 243_000 });
    expect(failures).toHaveLength(1);
    expect(losses).toEqual([]);
    expect(resumed).toEqual([{ type: 'alerts-resumed', notifier: 'first', failingMs: 243_000 }]);
    // The cool-down begins with the delivery.
    clock.advance(COOLDOWN_MS - 1);
    await announce(failed);
    expect(tries).toHaveLength(10);
    clock.advance(1);
    await announce(failed);
    expect(tries).toHaveLength(11);
    await alerts.drain(0);
  });

  it.each([
    ['1', 1_000],
    ['30', 30_000],
    ['86400', 600_000],
    [new Date(Date.UTC(2026, 0, 15, 12, 0, 45)).toUTCString(), 45_000],
    ['soon', 1_000],
  ])('is not tried again before Retry-After: %s', async (retryAfter, pauseMs) => {
    const { notifier, tries, fail, work } = scripted();
    const { announce, clock } = setUp(notifier);
    fail('the webhook answered HTTP 429', { retryAfter });
    await announce(failed);
    work();
    clock.advance(pauseMs - 1);
    await settled();
    expect(tries).toHaveLength(1);
    clock.advance(1);
    await settled();
    expect(tries).toHaveLength(2);
  });

  it('is given up after an hour, with one line, and the next occurrence alerts again', async () => {
    const { notifier, tries, fail, work } = scripted();
    const { announce, clock, failures, losses } = setUp(notifier);
    fail('the webhook answered HTTP 500');
    await announce(failed);
    for (let minute = 0; minute < 70 && losses.length === 0; minute += 1) {
      clock.advance(60_000);
      await settled();
    }
    expect(clock.monotonicMs()).toBeLessThanOrEqual(1_000 + HOUR_MS);
    expect(losses).toEqual([
      {
        type: 'alert-lost',
        notifier: 'first',
        kind: 'all-upstreams-failed',
        severity: 'critical',
        problem: expect.stringMatching(
          /^given up after (?:59 min \d+ s|1 h): the webhook answered HTTP 500$/,
        ),
      },
    ]);
    expect(failures).toHaveLength(1);
    work();
    await announce(failed);
    expect(tries.at(-1)?.requests).toBe('2 of 2 requests failed');
  });

  it('is given up at once when it would be refused again, and the next one is tried', async () => {
    const { notifier, tries, fail } = scripted();
    const { announce, failures, losses } = setUp(notifier);
    fail('the webhook answered HTTP 404 (no_service)', { isFinal: true });
    await announce(failed, fallbackAnswered);
    expect(tries.map(({ kind }) => kind)).toEqual(['all-upstreams-failed', 'fallback-in-use']);
    expect(failures).toHaveLength(1);
    expect(losses.map(({ problem }) => problem)).toEqual(
      Array(2).fill('the webhook answered HTTP 404 (no_service)'),
    );
  });

  it('is tried once in each cool-down when it is refused for good, and at once after a reload', async () => {
    const { notifier, tries, fail } = scripted();
    const mended = scripted();
    const { announce, alerts, losses, clock } = setUp(notifier);
    fail('the webhook answered HTTP 404', { isFinal: true });
    await announce(...Array<Event>(20).fill(failed));
    expect([tries.length, losses.length]).toEqual([1, 1]);
    clock.advance(COOLDOWN_MS);
    await announce(...Array<Event>(20).fill(failed));
    expect([tries.length, losses.length]).toEqual([2, 2]);
    alerts.reconfigure({
      notifiers: [{ ...mended.notifier, name: 'first' }],
      cooldownMs: COOLDOWN_MS,
      link: undefined,
    });
    await announce(failed, failed);
    expect(mended.tries).toMatchObject([{ requests: '41 of 41 requests failed' }]);
    expect(tries).toHaveLength(2);
  });

  it('that is refused for good counts for nothing where another notifier has delivered it, or may still', async () => {
    const { notifier, fail } = scripted();
    const other = scripted();
    const { announce, clock, losses } = setUp(notifier, { ...other.notifier, name: 'second' });
    fail('the webhook answered HTTP 404', { isFinal: true });
    other.fail('down');
    await announce(failed);
    clock.advance(1_000);
    await settled();
    other.work();
    clock.advance(2_000);
    await settled();
    expect(other.tries).toHaveLength(3);
    clock.advance(COOLDOWN_MS - 1);
    await announce(failed);
    expect(other.tries).toHaveLength(3);
    clock.advance(1);
    await announce(failed);
    expect([other.tries.length, losses.length]).toEqual([4, 2]);
  });

  it('becomes one message about the end when the trouble ends before', async () => {
    const { notifier, tries, fail, work } = scripted();
    const { announce, clock } = setUp(notifier);
    fail('down');
    await announce(failed);
    clock.advance(500);
    await announce(primaryAnswered);
    work();
    clock.advance(500);
    await settled();
    clock.advance(HOUR_MS);
    await settled();
    expect(tries.map(({ severity }) => severity)).toEqual(['critical', 'resolved']);
    expect(tries[1]).toMatchObject({ requests: '1 of 1 request failed', lastedMs: 500 });
  });

  it('goes to the receiver of a reload at once', async () => {
    const { notifier, tries, fail } = scripted();
    const mended = scripted();
    const { announce, alerts } = setUp(notifier);
    fail('down');
    await announce(failed);
    alerts.reconfigure({
      notifiers: [{ ...mended.notifier, name: 'first' }],
      cooldownMs: 1_000,
      link: 'https://new.example',
    });
    await settled();
    expect(tries).toHaveLength(1);
    expect(mended.tries).toMatchObject([{ severity: 'critical', link: 'https://new.example' }]);
  });

  it.each<[string, FailureFacts]>([
    ['asks for ten minutes', { retryAfter: '600' }],
    ['refuses it for good', { isFinal: true }],
  ])('goes to the receiver of a reload at once, although the one before %s later', async (_, facts) => {
    const mended = scripted();
    const aborted: boolean[] = [];
    const { announce, alerts, clock, failures, losses } = setUp({
      send: (_alert, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            aborted.push(true);
            reject(new NotificationFailed('late', facts));
          });
        }),
    });
    await announce(failed);
    const notifiers = [{ ...mended.notifier, name: 'first' }];
    alerts.reconfigure({ notifiers, cooldownMs: COOLDOWN_MS, link: undefined });
    await settled();
    expect([aborted, mended.tries.length]).toEqual([[true], 1]);
    expect([...failures, ...losses]).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('is not taken away from a receiver that a reload leaves as it is, which is asked again at once', async () => {
    const { notifier, tries, fail } = scripted();
    let aborted = 0;
    const hanging = {
      send: (_: Alert, signal: AbortSignal) =>
        new Promise<void>(() => {
          signal.addEventListener('abort', () => {
            aborted += 1;
          });
        }),
    };
    const second = { ...hanging, name: 'second', settings: 'as ever' };
    const { announce, alerts } = setUp(notifier, second);
    fail('down');
    await announce(failed);
    const notifiers = [{ ...notifier, name: 'first' }, { ...second }];
    alerts.reconfigure({ notifiers, cooldownMs: COOLDOWN_MS, link: undefined });
    await settled();
    expect([tries.length, aborted]).toEqual([2, 0]);
  });

  it('is told as failed once more by the receiver of a reload, whose pauses begin anew, until it is sent', async () => {
    const { notifier, fail } = scripted();
    const next = scripted();
    const { announce, alerts, announcer, clock, failures } = setUp(notifier);
    const resumed: Event[] = [];
    announcer.listen((event) => event.type === 'alerts-resumed' && resumed.push(event));
    fail('down');
    next.fail('the webhook answered HTTP 503');
    await announce(failed);
    clock.advance(1_000);
    await settled();
    const notifiers = [{ ...next.notifier, name: 'first' }];
    alerts.reconfigure({ notifiers, cooldownMs: COOLDOWN_MS, link: undefined });
    await settled();
    next.work();
    clock.advance(1_000);
    await settled();
    expect(failures.map(({ problem }) => problem)).toEqual(['down', 'the webhook answered HTTP 503']);
    expect(resumed).toEqual([{ type: 'alerts-resumed', notifier: 'first', failingMs: 2_000 }]);
  });

  it('is tried once more when its notifier leaves the settings', async () => {
    const { notifier, tries, fail } = scripted();
    const { announce, alerts, losses, clock } = setUp(notifier);
    fail('down');
    await announce(failed);
    alerts.reconfigure({ notifiers: [], cooldownMs: COOLDOWN_MS, link: undefined });
    await settled();
    expect(tries).toHaveLength(2);
    expect(losses).toHaveLength(1);
    expect(alerts.notifiers).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('the backlog', () => {
  it('holds a hundred topics, drops the oldest, and counts it as lost', async () => {
    const { notifier, tries, fail, work } = scripted();
    const { announce, clock, losses } = setUp(notifier);
    fail('down');
    await announce(...Array.from({ length: 102 }, (_, at) => failedIn(`pool-${at}`)));
    expect(losses.map(({ problem }) => problem)).toEqual(
      Array(2).fill('dropped: more than 100 alerts were waiting to be sent'),
    );
    work();
    clock.advance(60_000);
    await settled();
    expect(tries.filter((_, at) => at > 0)).toHaveLength(100);
  });

  it('has a topic once, so that an outage of days leaves no more than one message', async () => {
    const { notifier, tries, fail, work } = scripted();
    const { announce, clock, losses } = setUp(notifier);
    fail('down');
    for (let flap = 0; flap < 50; flap += 1) await announce(failed, primaryAnswered);
    work();
    clock.advance(1_000);
    await settled();
    expect(tries.slice(1)).toMatchObject([{ severity: 'resolved' }]);
    expect(tries[1]?.requests).toContain('it came and went 49 times more');
    expect(losses).toEqual([]);
  });
});

describe('a notifier', () => {
  it('that never settles is given up after ten seconds, told so, and tried again', async () => {
    let began = 0;
    let aborted = 0;
    const { announce, clock, failures } = setUp({
      send: (_, signal) => {
        began += 1;
        signal.addEventListener('abort', () => {
          aborted += 1;
        });
        return new Promise(() => {});
      },
    });
    await announce(failed);
    clock.advance(10_000);
    await settled();
    expect(failures.map(({ problem }) => problem)).toEqual(['no answer within 10 s']);
    expect([began, aborted]).toEqual([1, 1]);
    clock.advance(1_000);
    await settled();
    expect(began).toBe(2);
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
  ])('that %s is announced without a secret', async (_, send, problem) => {
    const { announce, failures } = setUp({ send });
    await announce(failed);
    const kind = 'all-upstreams-failed';
    const told = { type: 'alert-failed', notifier: 'first', kind, severity: 'critical', problem };
    expect(failures).toEqual([told]);
  });

  it('is not slowed down by another one, and the cool-down begins with the first delivery', async () => {
    const { notifier, tries, fail, work } = scripted();
    const other = scripted();
    const { announce, clock } = setUp(notifier, { ...other.notifier, name: 'second' });
    fail('down');
    await announce(failed);
    clock.advance(COOLDOWN_MS - 1);
    await announce(failed);
    expect(other.tries).toHaveLength(1);
    clock.advance(1);
    await announce(failed);
    expect(other.tries).toHaveLength(2);
    work();
    clock.advance(60_000);
    await settled();
    expect(tries.at(-1)?.requests).toBe('3 of 3 requests failed');
    clock.advance(COOLDOWN_MS - 60_000);
    await announce(failed);
    expect(other.tries).toHaveLength(3);
  });
});

describe('at the shutdown', () => {
  it('each alert is tried at once and once more', async () => {
    const { notifier, tries, fail } = scripted();
    const { announce, alerts, clock, losses } = setUp(notifier);
    fail('down', { retryAfter: '60' });
    await announce(failed, fallbackAnswered);
    await alerts.drain(1_000);
    expect(tries.map(({ kind }) => kind)).toEqual([
      'all-upstreams-failed',
      'all-upstreams-failed',
      'fallback-in-use',
    ]);
    expect(losses).toHaveLength(2);
    expect(clock.pendingTimers).toBe(0);
  });

  it('it is waited for what is under way, but no longer than told; what is left is counted', async () => {
    const { announce, alerts, clock, losses } = setUp({ send: () => new Promise(() => {}) });
    await announce(failed, fallbackAnswered);
    let drained = false;
    const draining = alerts.drain(3_000).then(() => {
      drained = true;
    });
    clock.advance(2_999);
    await settled();
    expect(drained).toBe(false);
    clock.advance(1);
    await draining;
    expect(losses.map(({ problem }) => problem)).toEqual(
      Array(2).fill('the process ended before it was sent'),
    );
  });

  it('all that waits is tried at the same time, ten at most', async () => {
    let tries = 0;
    const hanging = () => {
      tries += 1;
      return new Promise<void>(() => {});
    };
    const { announce, alerts, clock, losses } = setUp({ send: hanging });
    await announce(...Array.from({ length: 40 }, (_, at) => failedIn(`pool-${at}`)));
    expect(tries).toBe(1);
    const draining = alerts.drain(2_000);
    await settled();
    expect(tries).toBe(10);
    clock.advance(2_000);
    await draining;
    expect(losses).toHaveLength(40);
  });

  it('what is still being collected is told', async () => {
    const { announce, alerts, severities } = setUp();

    await announce(quarantined('a', 'auth'));
    expect(severities()).toEqual([]);
    await alerts.drain(1_000);
    expect(severities()).toEqual(['credentials warning']);
  });
});

it('nothing happens when nobody is to be told', async () => {
  const announcer = new Announcer();
  const clock = new ManualClock();
  const alerts = createAlerts({
    announcer,
    clock,
    random: () => 0,
    cooldownMs: COOLDOWN_MS,
    link: undefined,
    hostname: 'lb-1',
    env: undefined,
    notifiers: [],
    drained: () => [],
  });
  announcer.announce(failed);
  await alerts.drain(1_000);
  expect(clock.pendingTimers).toBe(0);
});

describe('with a real webhook', () => {
  it('delivers an alert and its end in order', async () => {
    const webhook = await startFakeWebhook();
    const { announce, failures } = setUp(createSlackNotifier(webhook.url, systemClock));
    await announce(failed);
    await webhook.received(1);
    await announce(primaryAnswered);
    await webhook.received(2);
    expect(webhook.texts.map((text) => text.split(' ', 2)[1])).toEqual(['CRITICAL', 'RESOLVED']);
    expect(failures).toEqual([]);
  });

  it('does not hold up the events while the webhook hangs', async () => {
    const webhook = await startFakeWebhook();
    webhook.answer = neverAnswers;
    const { announce, clock, failures } = setUp(createSlackNotifier(webhook.url, systemClock));
    await announce(failed, primaryAnswered, failed);
    await webhook.received(1);
    clock.advance(10_000);
    await until(() => failures.length > 0, 'the failure');
    expect(failures.map(({ problem }) => problem)).toEqual(['no answer within 10 s']);
  });

  it('obeys its Retry-After', async () => {
    const webhook = await startFakeWebhook();
    webhook.answer = answers(429, 'rate_limited', { 'retry-after': '7' });
    const { announce, clock, failures, alerts } = setUp(createSlackNotifier(webhook.url, systemClock));
    await announce(failed);
    await until(() => failures.length > 0, 'the refusal');
    expect(failures[0]?.problem).toBe('the webhook answered HTTP 429 (rate_limited)');
    clock.advance(6_999);
    await settled();
    expect(webhook.bodies).toHaveLength(1);
    clock.advance(1);
    await webhook.received(2);
    await alerts.drain(1_000);
  });
});

describe('a test message', () => {
  it('is sent by each notifier at once, once, whatever waits', async () => {
    const { notifier, tries, fail } = scripted();
    const other = scripted();
    const { announce, alerts, losses } = setUp(notifier, { ...other.notifier, name: 'second' });
    fail('the webhook answered HTTP 500');
    await announce(failed);
    expect(await alerts.test()).toEqual([
      { notifier: 'first', problem: 'the webhook answered HTTP 500' },
      { notifier: 'second', problem: undefined },
    ]);
    expect(tries).toHaveLength(2);
    const test = other.tries.at(-1);
    expect(test).toMatchObject({ kind: 'test', severity: 'warning', pool: undefined });
    expect(test && alertText(test)).toBe(
      'Test: [lb-1, production] alerts of this load balancer arrive here.\nhttps://lb.example/ops',
    );
    expect(losses).toEqual([]);
    expect(alerts.notifiers).toEqual(['first', 'second']);
  });
});

it('an alert that could not be written is no longer held when its topic hears so, which then rests', async () => {
  const announcer = new Announcer();
  const { notifier } = scripted();
  const outbox = new Outbox(
    { ...notifier, name: 'first' },
    { announcer, clock: new ManualClock(), random: () => 0 },
  );
  const held: boolean[] = [];
  const topic: Topic = {
    kind: 'credentials',
    compose() {
      throw new Error('a defect');
    },
    lost: () => void held.push(outbox.holds(topic)),
  };
  outbox.put(topic);
  await settled();
  expect(held).toEqual([false]);
});
