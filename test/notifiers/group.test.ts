// What single upstreams have is told in one message for all of them.
import { describe, expect, it } from 'vitest';
import type { Event } from '../../src/events.ts';
import { NotificationFailed } from '../../src/notifiers/notifier.ts';
import { COOLDOWN_MS, failed, fallbackAnswered, primary, quarantined, settled, setUp } from './set-up.ts';

const wrong = (name: string): Event => ({
  type: 'upstream-down',
  upstream: primary(name),
  reason: 'wrong-chain',
  problem: 'chain 5 instead of 1',
});
const up = (name: string): Event => ({ type: 'upstream-up', upstream: primary(name), downMs: 1 });

function watched() {
  const made = setUp();
  const pass = async (ms: number) => {
    made.clock.advance(ms);
    await settled();
  };
  const told = () =>
    made.sent.map(({ severity, upstreams }) => [severity, ...upstreams.map(({ name }) => name)]);
  return { ...made, pass, told };
}

describe('what clients get while single upstreams are out', () => {
  it.each<[string, string, Event[]]>([
    ['their answers, from the other upstreams', 'answers as ever', []],
    ['their answers, from the fallback', 'their answers, from the fallback', [fallbackAnswered]],
    ['errors', 'errors', [fallbackAnswered, failed]],
  ])('is %s, and when it is over %s', async (during, afterwards, requests) => {
    const { announce, gather, sent } = watched();
    await announce(quarantined('a', 'plan'), wrong('b'), ...requests);
    await gather();
    await announce(up('b'));
    const about = sent.filter(({ kind }) => kind === 'credentials' || kind === 'wrong-chain');
    expect(about.map(({ client }) => client)).toEqual([during, during, afterwards]);
  });
});

it('an upstream whose quarantine is extended is in the alerts until its new end, without one of its own', async () => {
  const { announce, gather, pass, told } = watched();
  const extended: Event = {
    type: 'quarantine-extended',
    upstream: primary('a'),
    reason: 'auth',
    method: undefined,
    durationMs: 900_000,
  };
  await announce(quarantined('a', 'auth', 60_000));
  await gather();
  await pass(50_000);
  await announce(extended);
  await pass(COOLDOWN_MS);
  expect(told()).toHaveLength(1);
  await announce(quarantined('b', 'plan'), failed);
  await gather();
  expect(told().slice(1)).toEqual([
    ['critical', 'a', 'b'],
    ['warning', 'a', 'b'],
  ]);
});

it('those that a webhook refuses are not tried again with each one that joins, but after a reload', async () => {
  let tries = 0;
  const refuses = async () => {
    tries += 1;
    throw new NotificationFailed('the webhook answered HTTP 404', { isFinal: true });
  };
  const { alerts, announce, gather } = setUp({ send: refuses });
  for (const name of ['a', 'b', 'c']) {
    await announce(quarantined(name, 'plan'));
    await gather();
  }
  expect(tries).toBe(1);
  alerts.reconfigure({
    notifiers: [{ send: refuses, name: 'first' }],
    cooldownMs: COOLDOWN_MS,
    link: undefined,
  });
  await gather();
  expect(tries).toBe(2);
});

describe('upstreams that lose their plan', () => {
  it('within two seconds are in one message', async () => {
    const { announce, pass, told } = watched();
    await announce(quarantined('a', 'plan'));
    await pass(1_000);
    await announce(quarantined('b', 'plan'), quarantined('c', 'plan'));
    await pass(999);
    expect(told()).toEqual([]);
    await pass(1);
    expect(told()).toEqual([['warning', 'a', 'b', 'c']]);
  });

  it('within the cool-down are told when it is over, without another sign, with those that are out still', async () => {
    const { announce, gather, pass, told } = watched();
    await announce(quarantined('a', 'plan'), quarantined('b', 'plan', 60_000));
    await gather();
    await announce(quarantined('c', 'auth'));
    await pass(COOLDOWN_MS - 1);
    expect(told()).toHaveLength(1);
    await pass(1);
    expect(told()[1]).toEqual(['warning', 'a', 'c']);
    await pass(10 * COOLDOWN_MS);
    expect(told()).toHaveLength(2);
  });

  it('again are told again', async () => {
    const { announce, gather, pass, told } = watched();
    await announce(quarantined('a', 'plan'));
    await gather();
    await pass(900_000);
    await announce(quarantined('a', 'plan'));
    await gather();
    expect(told()).toEqual([
      ['warning', 'a'],
      ['warning', 'a'],
    ]);
  });

  it('are left out once an operator has released them, or they are removed', async () => {
    const { announce, gather, told } = watched();
    await announce(quarantined('a', 'plan'), quarantined('b', 'plan'), quarantined('c', 'plan'));
    await announce(
      { type: 'upstream-released', upstream: primary('a'), by: 'operator' },
      { type: 'upstream-removed', upstream: primary('b'), cause: 'operator' },
    );
    await gather();
    expect(told()).toEqual([['warning', 'c']]);
  });
});

describe('upstreams on the wrong chain', () => {
  it('are told again after each cool-down for as long as one is left, then resolved once for all', async () => {
    const { announce, gather, pass, sent, told } = watched();
    await announce(wrong('a'), wrong('b'));
    await gather();
    await announce(up('a'));
    await pass(COOLDOWN_MS);
    await pass(60_000);
    await announce(up('b'));
    expect(told()).toEqual([
      ['warning', 'a', 'b'],
      ['warning', 'b'],
      ['resolved', 'a', 'b'],
    ]);
    expect(sent[1]?.what).toBe('1 upstream on the wrong chain, taken out of service; no longer: 1');
    expect(sent[2]?.lastedMs).toBe(COOLDOWN_MS + 62_000);
    await pass(10 * COOLDOWN_MS);
    expect(sent).toHaveLength(3);
  });

  it('that are back before anybody is told are told to nobody', async () => {
    const { announce, gather, pass, told } = watched();
    await announce(wrong('a'), up('a'));
    await gather();
    await pass(COOLDOWN_MS);
    expect(told()).toEqual([]);
  });

  it('are resolved when they leave their list, or their pool does', async () => {
    const { announce, gather, told } = watched();
    await announce(wrong('a'));
    await gather();
    await announce({ type: 'upstream-removed', upstream: primary('a'), cause: 'operator' });
    expect(told()).toEqual([
      ['warning', 'a'],
      ['resolved', 'a'],
    ]);
  });

  it('that were not told, since the receiver was away for hours, are told after the next cool-down', async () => {
    let isAway = true;
    const sent: string[] = [];
    const { announce, gather, clock, losses } = setUp({
      async send({ severity }) {
        if (isAway) throw new NotificationFailed('away', { isFinal: true });
        sent.push(severity);
      },
    });
    await announce(wrong('a'));
    await gather();
    expect(losses).toHaveLength(1);
    isAway = false;
    clock.advance(COOLDOWN_MS);
    await settled();
    expect(sent).toEqual(['warning']);
  });

  it('which join while a message waits are in it', async () => {
    let isAway = true;
    const sent: string[][] = [];
    const { announce, gather, clock } = setUp({
      async send({ upstreams }) {
        if (isAway) throw new NotificationFailed('away');
        sent.push(upstreams.map(({ name }) => name));
      },
    });
    await announce(wrong('a'));
    await gather();
    await announce(wrong('b'));
    isAway = false;
    clock.advance(1_000);
    await settled();
    expect(sent).toEqual([['a', 'b']]);
  });
});
