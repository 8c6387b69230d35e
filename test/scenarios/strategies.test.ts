// Scripts for each strategy through the running program: who is asked for each request, in which order. `B!` is
// one that was asked and failed.
import { Agent } from 'node:http';
import { describe, expect, it } from 'vitest';
import { balanceHere, type RunningApp, startApp } from '../support/app.ts';
import { answer, answerByLabel, type Behaviour, Gate, held } from '../support/behaviours.ts';
import { startBalancer } from '../support/daemon.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { http } from '../support/http-client.ts';
import { releaseAfterwards } from '../support/leftovers.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { until } from '../support/waiting.ts';

interface Script {
  readonly strategy: string;
  /** Upper case for primaries, lower case for fallbacks; `A:5` has the weight 5. */
  readonly upstreams: string;
  /** Who fails from which request on (counted from 0) until which. */
  readonly down?: Readonly<Record<string, readonly [from: number, to: number]>>;
  readonly expected: string;
}

const SCRIPTS: readonly (readonly [fact: string, script: Script])[] = [
  [
    'round-robin asks all in turn',
    { strategy: 'round-robin', upstreams: 'A B C', expected: 'A B C A B C A' },
  ],
  [
    'round-robin goes on with the next one in the place of one that fails',
    { strategy: 'round-robin', upstreams: 'A B C', down: { B: [1, 99] }, expected: 'A B!C C A C A' },
  ],
  [
    'round-robin treats the fallbacks alike',
    {
      strategy: 'round-robin',
      upstreams: 'A B a b',
      down: { A: [0, 99], B: [0, 99] },
      expected: 'A!B!a b a b',
    },
  ],
  [
    'weighted-round-robin mixes them as nginx does',
    { strategy: 'weighted-round-robin', upstreams: 'A:5 B C', expected: 'A A B A C A A A A B A C A A' },
  ],
  [
    'weighted-round-robin keeps the shares of those that are left',
    {
      strategy: 'weighted-round-robin',
      upstreams: 'A:2 B C:1',
      down: { A: [0, 99] },
      expected: 'A!B B C B C',
    },
  ],
  [
    'weighted-round-robin treats the fallbacks alike',
    {
      strategy: 'weighted-round-robin',
      upstreams: 'A a:5 b c',
      down: { A: [0, 99] },
      expected: 'A!a a b a c a a a',
    },
  ],
];

/** Starts one for each word; what they are asked is taken down in `asked`. */
async function startAll(upstreams: string, asked: string[]): Promise<Map<string, FakeUpstream>> {
  const started = new Map<string, FakeUpstream>();
  for (const word of upstreams.split(' ')) {
    const [label = ''] = word.split(':');
    const upstream = await FakeUpstream.start(label);
    upstream.use(noting(asked, label, answerByLabel(label)));
    started.set(word, upstream);
  }
  return started;
}

function noting(asked: string[], word: string, behaviour: Behaviour): Behaviour {
  if (behaviour.at === 'connect') return behaviour;
  return {
    at: 'body',
    run(socket, request) {
      asked.push(word);
      behaviour.run(socket, request);
    },
  };
}

const entries = (started: ReadonlyMap<string, FakeUpstream>) =>
  [...started].map(([word, { url }]) => {
    const [name = '', weight = '1'] = word.split(':');
    return { isPrimary: name === name.toUpperCase(), entry: `${url} name=${name} weight=${weight}` };
  });

const listsOf = (started: ReadonlyMap<string, FakeUpstream>) => ({
  primaries: entries(started).flatMap(({ isPrimary, entry }) => (isPrimary ? [entry] : [])),
  fallbacks: entries(started).flatMap(({ isPrimary, entry }) => (isPrimary ? [] : [entry])),
});

describe('through the program', () => {
  it.each(SCRIPTS)('%s', async (_, { strategy, upstreams, down = {}, expected }) => {
    const asked: string[] = [];
    const started = await startAll(upstreams, asked);
    // Who fails is out until the end of the script.
    const env = { STRATEGY: strategy, ERROR_TIME_TO_LIVE_MINUTES: '60' };
    const daemon = await balanceHere({ ...listsOf(started), env });
    const steps: string[] = [];
    for (let n = 0; n < expected.split(' ').length; n += 1) {
      for (const [word, upstream] of started) {
        const [from, to] = down[upstream.label] ?? [1, 0];
        const [label = ''] = word.split(':');
        const fails = n >= from && n < to;
        upstream.use(
          fails
            ? noting(asked, `${label}!`, answer({ status: 503, headers: [['Retry-After', '9']] }))
            : noting(asked, label, answerByLabel(label)),
        );
      }
      asked.length = 0;
      const { status, text } = await http(daemon.url);
      expect([status, text]).toEqual([200, asked.at(-1)]);
      steps.push(asked.join(''));
    }
    expect(steps.join(' ')).toBe(expected);
  });

  it.each([
    ['shuffle', 'A B C', { A: 1 / 3, B: 1 / 3, C: 1 / 3 }],
    ['random', 'A B C', { A: 1 / 3, B: 1 / 3, C: 1 / 3 }],
    ['shuffle', 'A:6 B:3 C', { A: 0.6, B: 0.3, C: 0.1 }],
  ])('%s gives %s their shares', async (strategy, upstreams, shares) => {
    const asked: string[] = [];
    const started = await startAll(upstreams, asked);
    // In this process, for its chance comes from a fixed seed.
    const app = await startApp({ ...listsOf(started), flags: [`--strategy=${strategy}`] });
    const agent = new Agent({ keepAlive: true });
    releaseAfterwards(() => agent.destroy());
    for (let n = 0; n < 600; n += 1) await http(app.url, { agent });
    for (const [name, share] of Object.entries(shares)) {
      expect(asked.filter((each) => each === name).length / 600).toBeCloseTo(share, 1);
    }
  });

  it('least-connections gives each by its weight, and what ends is free again', async () => {
    const asked: string[] = [];
    const started = await startAll('A:2 B', asked);
    const daemon = await startBalancer({ ...listsOf(started), env: { STRATEGY: 'least-connections' } });
    const gate = new Gate();
    for (const upstream of started.values())
      upstream.use(noting(asked, upstream.label, held(gate, answerByLabel(upstream.label))));
    const pending: Promise<unknown>[] = [];
    for (let n = 1; n <= 9; n += 1) {
      pending.push(http(daemon.url));
      await until(() => asked.length === n, `request ${n} at an upstream`);
      const [a, b] = ['A', 'B'].map((name) => asked.filter((each) => each === name).length);
      // Whatever the draw was among equals, nobody has more than its share and one.
      expect([Number(a) <= Math.ceil((2 * n) / 3) + 1, Number(b) <= Math.ceil(n / 3)]).toEqual([true, true]);
    }
    expect(asked.filter((each) => each === 'A')).toHaveLength(6);
    gate.release();
    await Promise.all(pending);
    expect((await daemon.stats()).map(({ connections }) => connections)).toEqual([0, 0]);
  });
});

describe('peak-ewma', () => {
  const flags = ['--strategy=peak-ewma'];

  /** Who answers each of so many requests. */
  async function answers({ url }: RunningApp, count: number): Promise<string> {
    const texts: string[] = [];
    for (let n = 0; n < count; n += 1) texts.push((await http(url)).text);
    return texts.join('');
  }

  it('leaves an upstream at its first slow answer, and comes back when that is long ago', async () => {
    const asked: string[] = [];
    const started = await startAll('A B', asked);
    const clock = new ManualClock();
    const app = await startApp({ ...listsOf(started), flags, clock });
    expect(new Set(await answers(app, 40))).toEqual(new Set('AB'));
    const [a] = started.values();
    const gate = new Gate();
    a?.use(noting(asked, 'slow', held(gate, answerByLabel('A'))));
    const slow: Promise<unknown>[] = [];
    while (!asked.includes('slow')) {
      const before = asked.length;
      slow.push(http(app.url));
      await until(() => asked.length > before, 'one more request at an upstream');
    }
    clock.advance(500);
    gate.release();
    await Promise.all(slow);
    a?.use(answerByLabel('A'));
    expect(await answers(app, 20)).toBe('B'.repeat(20));
    clock.advance(200_000);
    expect(new Set(await answers(app, 40))).toEqual(new Set('AB'));
  });
});
