// What a total outage costs, and that one kind of slow call shuts out no others. Real sockets, a clock that is moved.
import { describe, expect, it } from 'vitest';
import { answer, answerByLabel, type Behaviour, silence } from '../support/behaviours.ts';
import { Drill, type Sent } from '../support/drill.ts';
import type { FakeUpstream } from '../support/fake-upstream.ts';

const call = (method: string, param = 'light') =>
  `{"jsonrpc":"2.0","id":1,"method":"${method}","params":["${param}"]}`;
const statuses = (sent: readonly Sent[]) => [...new Set(sent.map(({ status }) => status))];

/** Undefined: it does not listen. */
async function fail(upstream: FakeUpstream, how: Behaviour | undefined): Promise<void> {
  if (how) upstream.use(how);
  else await upstream.close();
}

async function heal(upstream: FakeUpstream | undefined): Promise<void> {
  upstream?.use(answerByLabel(upstream.label));
  if (!upstream?.isListening) await upstream?.listenAgain();
}

describe.each([
  ['answers 503', answer({ status: 503 }), ['--health-check=tcp']],
  ['refuses connections', undefined, ['--health-check=off']],
  ['is silent', silence(), ['--health-check=off', '--attempt-timeout=1s']],
] as const)('while everybody %s', (_, how, flags) => {
  it('about one call goes out for each request, and the first that is back answers all', async () => {
    const drill = await Drill.start({ primaries: 4, fallbacks: 1, flags });
    const { upstreams, clock } = drill;
    for (const upstream of upstreams) await fail(upstream, how);
    // The first may ask all that are usable.
    await drill.pass(1_200, 40, () => drill.send(call('eth_call')));
    await drill.pass(1_200, 100);
    const before = upstreams.reduce((sum, { requests }) => sum + requests.length, 0);
    const during: Sent[] = [];
    await drill.pass(2_000, 20, () => during.push(drill.send(call('eth_call'))));
    const calls = upstreams.reduce((sum, { requests }) => sum + requests.length, 0) - before;
    // What was refused a connection the upstreams can't count.
    if (how) expect(calls).toBeGreaterThan(0.7 * during.length);
    expect(calls).toBeLessThan(1.3 * during.length);
    const backMs = clock.monotonicMs();
    await heal(upstreams[2]);
    const after: Sent[] = [];
    await drill.pass(1_400, 20, () => after.push(drill.send(call('eth_call'))));
    await drill.pass(1_000, 100);
    expect(statuses(after.filter(({ atMs }) => atMs >= backMs + 1_000))).toEqual([200]);
    const asked = during.filter(({ atMs }) => atMs < backMs - 100);
    expect(asked.some(({ status }) => status === 200)).toBe(true);
    expect(asked.some(({ status }) => status === 502)).toBe(true);
  });
});

describe.each([
  ['a trace', call('debug_traceBlock', 'HEAVY'), call('eth_blockNumber'), 1],
  ['a call with heavy input', call('eth_call', 'HEAVY'), call('eth_call'), 3],
  ['a batch', `[${call('eth_getLogs', 'HEAVY')},${call('eth_chainId')}]`, call('eth_chainId'), 2],
  ['a page', '/HEAVY', '/quick', 2],
])('while twenty ask for %s that times out everywhere', (_, slow, quick, primaries) => {
  it('quick requests are all answered, and wait for less', async () => {
    const drill = await Drill.start({ primaries, flags: ['--health-check=off', '--attempt-timeout=4s'] });
    for (const upstream of drill.upstreams) upstream.use(unlessHeavy(answerByLabel(upstream.label)));
    const asked: Sent[] = [];
    const ask = () => {
      while (asked.filter(({ status }) => status === undefined).length < 20) asked.push(drill.send(slow));
    };
    // They have put all out, and hold the trials.
    await drill.pass(4_400, 200, ask);
    const others: Sent[] = [];
    await drill.pass(1_000, 40, () => {
      ask();
      others.push(drill.send(quick));
    });
    await drill.pass(1_000, 200);
    expect(statuses(others)).toEqual([200]);
    expect(Math.max(...others.map(({ atMs, endMs }) => endMs - atMs))).toBeLessThan(1_000);
  });
});

/** To requests that hold the word there is no answer. */
function unlessHeavy(well: Behaviour): Behaviour {
  return {
    at: 'body',
    run(socket, request) {
      const isHeavy = `${request.target} ${request.body.toString('latin1')}`.includes('HEAVY');
      if (!isHeavy && well.at !== 'connect') well.run(socket, request);
    },
  };
}
