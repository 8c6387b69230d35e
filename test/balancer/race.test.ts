// The attempts of one request: which one ended first, and what becomes of the others.
import { describe, expect, it } from 'vitest';
import type { RaceStep } from '../../src/balancer/race.ts';
import { answer, answerByLabel, cutBody, Gate, held, refuseRate, silence } from '../support/behaviours.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { requestBytes } from '../support/raw-client.ts';
import { until, within } from '../support/waiting.ts';
import { Races } from './races.ts';

const CALL = requestBytes('POST /', [], '{"jsonrpc":"2.0","id":7,"method":"eth_chainId"}');

/** The upstream whose attempt ended and how, or what else the race says. */
async function told(step: Promise<RaceStep>): Promise<string> {
  const settled = await within(step, 10_000, 'a step of the race');
  return typeof settled === 'string' ? settled : `${settled.upstream.name} ${settled.outcome.kind}`;
}

async function upstreams(...labels: string[]): Promise<FakeUpstream[]> {
  return Promise.all(labels.map((label) => FakeUpstream.start(label)));
}

/** Each under its label. */
const listed = (all: readonly FakeUpstream[]) => all.map(({ url, label }) => `${url} name=${label}`);

describe('one attempt at a time', () => {
  it('starts the next when none is under way, until no upstream is left', async () => {
    const all = await upstreams('A', 'B');
    for (const each of all) each.use(refuseRate());
    const races = await Races.among(listed(all));
    const { race } = await races.begin(CALL);
    expect(await told(race.next())).toBe('A answered');
    expect(await told(race.next())).toBe('B answered');
    expect(await told(race.next())).toBe('nobody');
    expect(races.results).toEqual(['A rate-limited', 'B rate-limited']);
  });

  it('starts no more than MAX_ATTEMPTS', async () => {
    const all = await upstreams('A', 'B');
    const races = await Races.among(listed(all), ['--max-attempts=1']);
    const { race } = await races.begin(CALL);
    expect(await told(race.next())).toBe('A answered');
    expect(await told(race.next())).toBe('nobody');
    expect(all[1]?.requests).toHaveLength(0);
  });
});

describe('two attempts in parallel', () => {
  it('are given in the order in which they end, and the loop needs to know nothing of it', async () => {
    const all = await upstreams('A', 'B');
    const gate = new Gate();
    all[0]?.use(held(gate, answerByLabel('A')));
    const races = await Races.among(listed(all));
    const { race, exchange } = await races.begin(CALL);
    const first = race.next();
    await all[0]?.arrived();
    race.start();
    expect(await told(first)).toBe('B answered');
    const second = race.next();
    gate.release();
    expect(await told(second)).toBe('A answered');
    expect(await told(race.next())).toBe('nobody');
    // What came late for a call that was settled changed nothing.
    expect(exchange.ledger?.entries[0]?.answer?.upstream?.name).toBe('B');
  });

  it('keeps the end of one for which nobody waited', async () => {
    const all = await upstreams('A', 'B');
    const races = await Races.among(listed(all));
    const { race } = await races.begin(CALL);
    const first = race.next();
    race.start();
    await first;
    await until(() => races.results.length === 2, 'both ends');
    const names = [await told(first), await told(race.next())];
    expect(names.sort()).toEqual(['A answered', 'B answered']);
  });

  it('cancels the loser at the end, which blames nobody', async () => {
    const all = await upstreams('A', 'B');
    all[0]?.use(silence());
    const races = await Races.among(listed(all));
    const { race } = await races.begin(CALL);
    const first = race.next();
    const request = await all[0]?.arrived();
    race.start();
    expect(await told(first)).toBe('B answered');
    expect(race.end('ending')).toBe('ending');
    await until(() => races.results.length === 2, 'the end of the loser');
    expect(races.results).toEqual(['B answered', 'A superseded']);
    await request?.closed;
    const { registry, quarantine } = races.pool;
    expect(registry.all.map((each) => [each.failures, each.inFlight, quarantine.entryOf(each)])).toEqual([
      [0, 0, undefined],
      [0, 0, undefined],
    ]);
  });

  it('leaves the winner alone whose answer still streams', async () => {
    const all = await upstreams('A');
    all[0]?.use(answer({ body: Buffer.alloc(300_000, 'x') }));
    const races = await Races.among(listed(all));
    const { race } = await races.begin(requestBytes('GET /'));
    const step = await race.next();
    race.end(undefined);
    if (typeof step === 'string' || step.outcome.kind !== 'answered') throw new Error('no answer');
    let size = step.outcome.body.length;
    const ended = new Promise<string>((resolve) => {
      step.outcome.kind === 'answered' &&
        step.outcome.stream?.flowInto({
          write: (chunk) => {
            size += chunk.length;
            return true;
          },
          end: () => resolve('complete'),
          fail: resolve,
        });
    });
    expect([await ended, size]).toEqual(['complete', 300_000]);
    expect(races.results).toEqual(['A answered']);
  });

  it.each([
    ['and is not wanted blames nobody', false, ['A answered'], 0],
    ['is cut for the client who gets it', true, ['A cut'], 1],
  ])('an answer that breaks off before it is taken %s', async (_, isTaken, results, failures) => {
    const all = await upstreams('A');
    all[0]?.use(cutBody('rst', 400_000));
    const races = await Races.among(listed(all));
    const { race } = await races.begin(requestBytes('GET /'));
    const step = await race.next();
    if (typeof step === 'string' || step.outcome.kind !== 'answered') throw new Error('no answer');
    await all[0]?.requests[0]?.closed;
    await until(() => step.upstream.inFlight === 0, 'the end of the attempt');
    expect(races.results).toEqual([]);
    const { stream } = step.outcome;
    if (!isTaken) stream?.cancel();
    else stream?.flowInto({ write: () => true, end: () => {}, fail: () => {} });
    expect([races.results, step.upstream.failures]).toEqual([results, failures]);
  });

  it('both end when the client leaves', async () => {
    const all = await upstreams('A', 'B');
    for (const each of all) each.use(silence());
    const races = await Races.among(listed(all));
    const { race, client } = await races.begin(CALL);
    const first = race.next();
    await all[0]?.arrived();
    race.start();
    await all[1]?.arrived();
    client.leave();
    expect(await told(first)).toBe('A client-left');
    expect(await told(race.next())).toBe('B client-left');
    expect(await told(race.next())).toBe('client-left');
  });
});

describe('a request that must wait', () => {
  /** Out, and its four trials taken by others. */
  async function allTaken(flags: readonly string[] = []) {
    const all = await upstreams('A');
    const races = await Races.among(listed(all), flags);
    const [upstream] = races.pool.registry.all;
    if (!upstream) throw new Error('no upstream');
    races.pool.quarantine.add(upstream, { reason: 'refused' });
    const trials = [1, 2, 3, 4].map(() => races.pool.trials.begin(upstream, 'eth_chainId'));
    return {
      all,
      races,
      endOne: () => trials.slice(0, 1).map((trial) => races.pool.trials.end(upstream, trial)),
    };
  }

  it('is told when its time is over', async () => {
    const { races } = await allTaken(['--max-queue-wait=400ms']);
    const { race } = await races.begin(CALL);
    const step = race.next();
    races.clock.advance(399);
    const early = await Promise.race([step, Promise.resolve('waits')]);
    races.clock.advance(1);
    expect([early, await told(step)]).toEqual(['waits', 'nobody']);
  });

  it('goes on as soon as there is room', async () => {
    const { races, endOne } = await allTaken();
    const { race } = await races.begin(CALL);
    const step = race.next();
    endOne();
    races.pool.queue.serve();
    expect(await told(step)).toBe('A answered');
  });

  it('goes on when the trials of others take long', async () => {
    const { races } = await allTaken();
    const { race } = await races.begin(CALL);
    const step = race.next();
    races.clock.advance(600);
    expect(await told(step)).toBe('A answered');
  });

  it('waits no longer when another attempt was enough', async () => {
    const all = await upstreams('A', 'B');
    const gate = new Gate();
    all[0]?.use(held(gate, answerByLabel('A')));
    const races = await Races.among(listed(all));
    const b = races.pool.registry.find('B');
    if (!b) throw new Error('no upstream');
    races.pool.quarantine.add(b, { reason: 'refused' });
    for (let taken = 0; taken < 4; taken += 1) races.pool.trials.begin(b, 'eth_chainId');
    const { race } = await races.begin(CALL);
    const step = race.next();
    await all[0]?.arrived();
    // No other one is usable, and no trial is free.
    race.start();
    gate.release();
    expect(await told(step)).toBe('A answered');
    race.end(undefined);
    // The deadlines of attempts look once more, and find none.
    races.clock.advance(100);
    expect(races.clock.pendingTimers).toBe(0);
    expect(all[1]?.requests).toHaveLength(0);
  });

  it('waits no longer when its client leaves', async () => {
    const { races } = await allTaken();
    const { race, client } = await races.begin(CALL);
    const step = race.next();
    client.leave();
    expect(await told(step)).toBe('client-left');
    expect(races.clock.pendingTimers).toBe(0);
  });
});

describe('a defect of the load balancer', () => {
  /** Makes the pool's books throw. */
  function breakBooks(races: Races): void {
    races.pool.quarantine.succeeded = () => {
      throw new Error('defect');
    };
  }

  it('while an attempt is judged ends the race, not the process', async () => {
    const races = await Races.among(listed(await upstreams('A')));
    breakBooks(races);
    const { race } = await races.begin(CALL);
    await expect(race.next()).rejects.toThrow('defect');
    await expect(race.next()).rejects.toThrow('defect');
  });

  it('while an answer that streams is judged lets go of that answer', async () => {
    const all = await upstreams('A');
    all[0]?.use(answer({ body: Buffer.alloc(300_000, 'x') }));
    const races = await Races.among(listed(all));
    breakBooks(races);
    const { race } = await races.begin(requestBytes('GET /'));
    await expect(race.next()).rejects.toThrow('defect');
    expect(races.pool.registry.all.map(({ inFlight }) => inFlight)).toEqual([0]);
    await all[0]?.requests[0]?.closed;
  });

  it('at the end of an answer that streams costs neither the answer nor the process', async () => {
    const all = await upstreams('A');
    all[0]?.use(cutBody('rst', 400_000, 300_000));
    const races = await Races.among(listed(all));
    races.pool.suspects.suspect = () => {
      throw new Error('defect');
    };
    const { race } = await races.begin(requestBytes('GET /'));
    const step = await race.next();
    if (typeof step === 'string' || step.outcome.kind !== 'answered') throw new Error('no answer');
    const { stream } = step.outcome;
    const ended = new Promise<string>((resolve) => {
      stream?.flowInto({ write: () => true, end: () => resolve('complete'), fail: resolve });
    });
    expect(await within(ended, 10_000, 'the end of the answer')).toBe('cut');
  });

  it('in a strategy ends the race', async () => {
    const races = await Races.among(listed(await upstreams('A')));
    races.pool.strategies.primary = {
      order: () => {
        throw new Error('defect');
      },
    };
    const { race } = await races.begin(CALL);
    await expect(race.next()).rejects.toThrow('defect');
  });
});
