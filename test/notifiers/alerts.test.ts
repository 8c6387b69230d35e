import { describe, expect, it } from 'vitest';
import { type Event, UpstreamIdentity } from '../../src/events.ts';
import {
  answeredBy,
  COOLDOWN_MS,
  failed,
  fallbackAnswered,
  POOL,
  primary,
  primaryAnswered,
  quarantined,
  requestFinished,
  settled,
  setUp,
  tunnelOpened,
} from './set-up.ts';

const CRITICAL = 'all-upstreams-failed critical';
const RESOLVED = 'all-upstreams-failed resolved';

describe('the alert that all upstreams failed', () => {
  it('says what is broken, who is out and why, on which machine, and where to look', async () => {
    const { announce, sent } = setUp();
    await announce(quarantined('alchemy', 'timeout'), quarantined('infura', 'auth'), failed);
    expect(sent.at(-1)).toEqual({
      kind: 'all-upstreams-failed',
      severity: 'critical',
      pool: 'default',
      isOneOfSeveral: false,
      place: 'lb-1, production',
      what: 'no upstream gives a usable answer: clients get errors',
      sinceMs: Date.UTC(2026, 0, 15, 12),
      lastedMs: 0,
      requests: '1 of 1 request failed',
      upstreams: [
        { name: 'alchemy', tier: 'primary', why: 'does not answer in time (timeout)' },
        { name: 'infura', tier: 'primary', why: 'refuses our key (auth)' },
      ],
      client: 'errors, the latest with ALL_UPSTREAMS_FAILED (HTTP 502, after 3 attempts)',
      advice: expect.stringMatching(
        /^infura: see at the provider whether the key is valid.*; alchemy: see whether/,
      ),
      link: 'https://lb.example/ops',
      text: expect.any(String),
    });
  });

  it('is sent once for many failures, and resolved once by the next answer', async () => {
    const { announce, clock, sent, severities } = setUp();
    await announce(failed, failed);
    clock.advance(125_000);
    await announce(failed, primaryAnswered, primaryAnswered);
    expect(severities()).toEqual([CRITICAL, RESOLVED]);
    expect(sent[1]).toMatchObject({
      what: 'requests are answered again by alchemy (primary)',
      requests: '3 of 3 requests failed',
      lastedMs: 125_000,
    });
  });

  it('is repeated after the cool-down while requests go on failing', async () => {
    const { announce, clock, sent, severities } = setUp();
    for (let second = 0; second < 601; second += 1) {
      await announce(failed);
      clock.advance(1_000);
    }
    expect(severities()).toEqual([CRITICAL, CRITICAL, CRITICAL]);
    expect(sent[2]?.text).toContain(
      'Since 2026-01-15 12:00:00 UTC, for 10 min now; 601 of 601 requests failed.',
    );
  });

  it('stays silent while the trouble flaps within the cool-down, and tells of it afterwards', async () => {
    const { announce, clock, sent, severities } = setUp();
    for (let flap = 0; flap < 5; flap += 1) await announce(failed, primaryAnswered);
    expect(severities()).toEqual([CRITICAL, RESOLVED]);
    clock.advance(COOLDOWN_MS);
    await announce(failed);
    expect(severities()).toEqual([CRITICAL, RESOLVED, CRITICAL]);
    expect(sent[2]?.text).toContain('it came and went 4 times more since the last message');
  });

  it.each(['NO_UPSTREAM_AVAILABLE', 'RATE_LIMITED'])(
    'is also about requests refused with %s',
    async (code) => {
      const { announce, severities } = setUp();
      await announce(requestFinished({ result: 'refused', status: 503, code, attempts: 0 }));
      expect(severities()).toEqual([CRITICAL]);
    },
  );

  it.each([
    requestFinished({ result: 'refused', status: 413, code: 'BODY_TOO_LARGE', attempts: 0 }),
    requestFinished({ result: 'refused', status: 503, code: 'SHUTTING_DOWN', attempts: 0 }),
    requestFinished({ result: 'client-left', status: 0 }),
    requestFinished({ result: 'cut' }),
  ])('is neither begun nor ended by $result $code', async (event) => {
    const { announce, severities } = setUp();
    await announce(event);
    expect(severities()).toEqual([]);
    await announce(failed, event);
    expect(severities()).toEqual([CRITICAL]);
  });
});

describe('the alert that the fallback is in use', () => {
  it('says that clients are served, and by whom', async () => {
    const { announce, sent } = setUp();
    await announce(quarantined('alchemy', 'refused'), fallbackAnswered);
    expect(sent.at(-1)).toMatchObject({ kind: 'fallback-in-use', severity: 'warning' });
    expect(sent.at(-1)?.text).toBe(
      [
        'WARNING [lb-1, production] no primary upstream is usable: the fallback carries the traffic, now spare.',
        'Since 2026-01-15 12:00:00 UTC; 1 of 1 request answered by the fallback.',
        '- alchemy (primary) refuses connections (refused)',
        'Clients get: their answers, from the fallback.',
        'What to do: See whether the provider has trouble and whether this machine can reach it.',
        'https://lb.example/ops',
      ].join('\n'),
    );
  });

  it('ends with an answer by a primary, not with one by a fallback while primaries are usable', async () => {
    const { announce, clock, sent, severities } = setUp();
    await announce(fallbackAnswered);
    clock.advance(45_000);
    await announce(answeredBy('spare', 'fallback'));
    expect(severities()).toEqual(['fallback-in-use warning']);
    await announce(primaryAnswered);
    expect(severities()).toEqual(['fallback-in-use warning', 'fallback-in-use resolved']);
    expect(sent[1]).toMatchObject({ what: 'a primary upstream (alchemy) answers again', lastedMs: 45_000 });
  });

  it('counts all requests since it began, whatever became of them', async () => {
    const { announce, sent, clock } = setUp();
    const cut = requestFinished({ result: 'cut' });
    const left = requestFinished({ result: 'client-left', status: 0 });
    await announce(fallbackAnswered, failed, cut, left, answeredBy('spare', 'fallback'));
    clock.advance(COOLDOWN_MS);
    await announce(fallbackAnswered, primaryAnswered, fallbackAnswered);
    expect(sent.map(({ kind, requests }) => `${kind} ${requests}`)).toEqual([
      'fallback-in-use 1 of 1 request answered by the fallback',
      'all-upstreams-failed 1 of 1 request failed',
      'all-upstreams-failed 1 of 2 requests failed',
      'fallback-in-use 2 of 5 requests answered by the fallback',
      'fallback-in-use 2 of 5 requests answered by the fallback',
    ]);
  });

  it('has a cool-down of its own', async () => {
    const { announce, severities } = setUp();
    await announce(failed, fallbackAnswered, primaryAnswered, fallbackAnswered, failed);
    expect(severities()).toEqual([CRITICAL, RESOLVED, 'fallback-in-use warning', 'fallback-in-use resolved']);
  });
});

describe('a tunnel', () => {
  const ended = requestFinished({ status: 101, upstream: new UpstreamIdentity('alchemy', 'primary', POOL) });

  it('ends the alerts when it is opened, as an answer does, and not when it is closed', async () => {
    const { announce, severities } = setUp();
    await announce(failed, ended);
    expect(severities()).toEqual([CRITICAL]);
    await announce(tunnelOpened('alchemy', 'primary'));
    expect(severities()).toEqual([CRITICAL, RESOLVED]);
  });

  it('to a fallback while no primary is usable begins one', async () => {
    const { announce, severities } = setUp();
    await announce(tunnelOpened('spare', 'fallback', true), ended);
    expect(severities()).toEqual(['fallback-in-use warning']);
    await announce(tunnelOpened('alchemy', 'primary'));
    expect(severities()).toEqual(['fallback-in-use warning', 'fallback-in-use resolved']);
  });
});

describe('the alerts about one upstream', () => {
  it('tell of refused keys and of a used-up plan, of all upstreams together, once in a cool-down', async () => {
    const { announce, gather, clock, sent, severities } = setUp();
    await announce(quarantined('a', 'auth'), quarantined('b', 'plan'), quarantined('a', 'auth'));
    expect(severities()).toEqual([]);
    await gather();
    expect(severities()).toEqual(['credentials warning']);
    expect(sent[0]?.text).toContain('2 upstreams can not be used because of our key or plan.');
    expect(sent[0]?.text).toContain('- a (primary) refuses our key (auth), left out for 15 min\n');
    expect(sent[0]?.text).toContain(
      'b (primary) says that our plan is used up or does not include this (plan)',
    );
    expect(sent[0]?.advice).toMatch(/^a: .*key is valid.*; b: .*quota and the bill/);
    clock.advance(COOLDOWN_MS);
    await settled();
    expect(sent).toHaveLength(1);
    await announce(quarantined('a', 'auth'));
    await gather();
    expect(sent).toHaveLength(2);
  });

  it('are not sent for a quarantine that heals by itself', async () => {
    const { announce, gather, severities } = setUp();
    await announce(quarantined('a', 'timeout'), quarantined('a', 'rate-limited'));
    await gather();
    expect(severities()).toEqual([]);
  });

  it('tell of a wrong chain, and of its end when the upstream comes up', async () => {
    const { announce, gather, clock, sent, severities } = setUp();
    const upstream = new UpstreamIdentity('a', 'fallback', POOL);
    const problem = 'chain 5 instead of 1';
    await announce({ type: 'upstream-down', upstream, reason: 'wrong-chain', problem });
    await gather();
    expect(sent[0]?.text).toContain('a (fallback) is on the wrong chain (chain 5 instead of 1)');
    clock.advance(240_000);
    await announce(
      { type: 'upstream-up', upstream: new UpstreamIdentity('b', 'primary', POOL), downMs: 1 },
      { type: 'upstream-up', upstream, downMs: 1 },
    );
    expect(severities()).toEqual(['wrong-chain warning', 'wrong-chain resolved']);
    expect(sent[1]).toMatchObject({
      what: 'no upstream is on the wrong chain any more',
      upstreams: [{ name: 'a', tier: 'fallback', why: 'was on the wrong chain' }],
      lastedMs: 242_000,
    });
  });

  it('tell of upstreams that disagree about the chain, once in a cool-down', async () => {
    const { announce, sent, severities } = setUp();
    const votes = [
      { name: 'a', tier: 'primary', chainId: '1' },
      { name: 'b', tier: 'primary', chainId: '5' },
    ] as const;
    await announce({ type: 'chain-undecided', pool: POOL, chains: '1 (a), 5 (b)', votes });
    await announce({ type: 'chain-undecided', pool: POOL, chains: '', votes: [] });
    expect(severities()).toEqual(['wrong-chain warning']);
    expect(sent[0]?.text).toContain('\n- a (primary) is on chain 1\n- b (primary) is on chain 5\n');
    expect(sent[0]?.text).toContain('Set CHAIN_ID');
  });

  it('tell of one that was removed for being down, not of one that an operator has removed', async () => {
    const { announce, gather, sent, severities } = setUp();
    const upstream = new UpstreamIdentity('a', 'primary', POOL);
    const b = new UpstreamIdentity('b', 'primary', POOL);
    await announce({ type: 'upstream-removed', upstream, cause: 'operator' });
    await gather();
    expect(severities()).toEqual([]);
    await announce({ type: 'upstream-removed', upstream, cause: 'unhealthy' });
    await announce({ type: 'upstream-removed', upstream: b, cause: 'unhealthy' });
    await gather();
    expect(severities()).toEqual(['upstream-removed warning']);
    expect(sent[0]?.text).toContain('2 upstreams removed from the lists');
    expect(sent[0]?.text).toContain('a (primary) was down for REMOVE_UNHEALTHY_AFTER without a break');
  });

  it('are not sent for one that lags, catches up, or is kept as the last one', async () => {
    const { announce, severities } = setUp();
    const upstream = new UpstreamIdentity('a', 'primary', POOL);
    await announce(
      { type: 'upstream-lagging', upstream, blocks: 50 },
      { type: 'upstream-caught-up', upstream, laggedMs: 1_000 },
      { type: 'upstream-kept', upstream, downMs: 1_000 },
    );
    expect(severities()).toEqual([]);
  });

  it('are not sent for an upstream that is merely dead', async () => {
    const { announce, severities } = setUp();
    const upstream = new UpstreamIdentity('a', 'primary', POOL);
    await announce({ type: 'upstream-down', upstream, reason: 'probe-failed', problem: 'refused' });
    await announce({ type: 'upstream-up', upstream, downMs: 1 });
    expect(severities()).toEqual([]);
  });
});

describe('who is out of service', () => {
  it('leaves out those whose quarantine is over, who were released, or came up', async () => {
    const { announce, clock, sent } = setUp();
    const c = new UpstreamIdentity('c', 'primary', POOL);
    const d = new UpstreamIdentity('d', 'fallback', POOL);
    const ofC: Event = {
      type: 'upstream-quarantined',
      upstream: c,
      reason: 'reset',
      method: undefined,
      durationMs: 9e5,
    };
    await announce(quarantined('a', 'timeout', 5_000), quarantined('b', 'status'), ofC);
    await announce({ type: 'upstream-released', upstream: c, by: 'probe' });
    await announce({ type: 'upstream-down', upstream: d, reason: 'probe-failed', problem: 'refused' });
    clock.advance(5_000);
    await announce(failed, fallbackAnswered);
    const out = sent.map(({ upstreams }) => upstreams.map(({ name, why }) => `${name} ${why}`));
    const ofB = 'b answers with HTTP errors (status)';
    expect(out).toEqual([[ofB, 'd fails its health check (refused)'], [], [ofB]]);
  });

  it('calls an upstream by the name and tier that it has now', async () => {
    const { announce, sent } = setUp();
    const upstream = new UpstreamIdentity('a', 'primary', POOL);
    await announce({ type: 'upstream-down', upstream, reason: 'probe-failed', problem: 'refused' });
    upstream.name = 'b';
    await announce(failed);
    expect(sent[0]?.upstreams.map(({ name }) => name)).toEqual(['b']);
    await announce({ type: 'upstream-removed', upstream, cause: 'reload' });
    expect(sent).toHaveLength(1);
  });

  it('has those that failed requests have asked, although they are in service, until one is answered', async () => {
    const { announce, sent, clock } = setUp();
    const failures = [
      { upstream: primary('a'), reason: 'rate-limited' },
      { upstream: primary('b'), reason: 'timeout' },
    ] as const;
    const change = { result: 'failed', status: 429, code: 'RATE_LIMITED' } as const;
    await announce(quarantined('b', 'status', 60_000), requestFinished({ ...change, failures }));
    const names = () => sent.at(-1)?.upstreams.map(({ name, why }) => `${name} ${why}`);
    expect(names()).toEqual([
      'b answers with HTTP errors (status)',
      'a is over its rate limit (rate-limited)',
    ]);
    await announce(answeredBy('c', 'primary'));
    clock.advance(COOLDOWN_MS);
    await announce(failed);
    expect([sent.at(-1)?.severity, names()]).toEqual(['critical', []]);
  });

  it('does not count a ban of one method', async () => {
    const { announce, sent } = setUp();
    const upstream = primary('a');
    const reason = 'method-unsupported';
    await announce({
      type: 'upstream-quarantined',
      upstream,
      reason,
      method: 'seCretMethod',
      durationMs: 9e5,
    });
    await announce(failed);
    expect(sent[0]?.upstreams).toEqual([]);
  });

  it('has those that an operator has drained, since the start or not, and what else they have', async () => {
    const { announce, drained, sent } = setUp();
    const spare = new UpstreamIdentity('spare', 'fallback', POOL);
    await announce(quarantined('a', 'timeout'));
    await announce({
      type: 'upstream-down',
      upstream: primary('b'),
      reason: 'probe-failed',
      problem: 'reset',
    });
    drained.push(primary('b'), primary('c'), spare);
    await announce(failed);
    expect(sent[0]?.upstreams).toEqual([
      { name: 'a', tier: 'primary', why: 'does not answer in time (timeout)' },
      {
        name: 'b',
        tier: 'primary',
        why: 'is drained by an operator, and fails its health check (reset)',
      },
      { name: 'c', tier: 'primary', why: 'is drained by an operator' },
      { name: 'spare', tier: 'fallback', why: 'is drained by an operator' },
    ]);
    expect(sent[0]?.advice).toMatch(
      /^b, c, spare: take it back into service \(.*\) when it is well; a: see whether the provider has trouble/,
    );
    drained.length = 0;
    drained.push(primary('c'), spare);
    await announce(primaryAnswered, fallbackAnswered);
    expect(sent[2]?.upstreams.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  });

  it('names eight and counts the rest', async () => {
    const { announce, sent } = setUp();
    for (let index = 0; index < 11; index += 1) await announce(quarantined(`u${index}`, 'timeout'));
    await announce(failed);
    expect(sent[0]?.text).toContain('- u7 (primary) does not answer in time (timeout)\n- and 3 more\n');
    expect(sent[0]?.upstreams).toHaveLength(11);
  });
});

it("repeats no client's words", async () => {
  const { announce, sent } = setUp();
  await announce(failed, fallbackAnswered, primaryAnswered);
  expect(sent).toHaveLength(4);
  expect(JSON.stringify(sent)).not.toMatch(/seCret|192\.0\.2|eth_call/);
});
