// A node that dies under load costs no application an answer.
import type { Hex } from 'viem';
import { expect, it } from 'vitest';
import { type Anvil, startAnvils } from '../support/anvil.ts';
import { type Daemon, type StatsRow, startBalancer } from '../support/daemon.ts';
import { releaseAfterwards } from '../support/leftovers.ts';
import { until } from '../support/waiting.ts';
import { ethersReader, IDENTITY, viemReader, word } from './clients.ts';

/** Calls in flight, half of each client. */
const IN_FLIGHT = 40;
/** A failure of the network rests 5 s; 10 s, should a slow machine start the node only after it was tried again. */
const BACK_WITHIN_MS = 12_000;

/** Calls one after the other in many lanes, each with data of its own that must come back; a fault ends all. */
class SteadyReads {
  readonly #faults: string[] = [];
  #good = 0;
  #asked = 0;
  #running = true;
  readonly #lanes: Promise<void>[];

  constructor(url: string) {
    const client = viemReader(url);
    const provider = ethersReader(url);
    const asks = [
      async (data: Hex) => (await client.call({ to: IDENTITY, data })).data,
      (data: Hex) => provider.call({ to: IDENTITY, data }),
    ];
    this.#lanes = asks.flatMap((ask) => Array.from({ length: IN_FLIGHT / 2 }, () => this.#lane(ask)));
    releaseAfterwards(() => {
      this.#running = false;
    });
  }

  /** Resolves when `ask` says yes; fails with the first fault of a call. */
  async until(ask: () => boolean | Promise<boolean>, what: string, ms?: number): Promise<void> {
    const askUnlessFault = () => {
      expect(this.#faults).toEqual([]);
      return ask();
    };
    await until(askUnlessFault, what, ms);
  }

  /** Resolves when so many more calls have come back. */
  async more(count: number): Promise<void> {
    const goal = this.#good + count;
    await this.until(() => this.#good >= goal, `${count} more answers`, 15_000);
  }

  /** Resolves when the last call has come back; fails with the first fault. */
  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#lanes);
    expect(this.#faults).toEqual([]);
  }

  async #lane(ask: (data: Hex) => Promise<string | undefined>): Promise<void> {
    while (this.#running) {
      const data = word(++this.#asked);
      try {
        const result = await ask(data);
        if (result === data) this.#good++;
        else this.#fault(`${result} instead of ${data}`);
      } catch (error) {
        this.#fault(`${error}`);
      }
    }
  }

  #fault(what: string): void {
    this.#faults.push(what);
    this.#running = false;
  }
}

async function startThree(): Promise<{ daemon: Daemon; victim: Anvil }> {
  const [victim, ...others] = await startAnvils(3);
  if (!victim) throw new Error('three nodes were started');
  const named = [victim, ...others].map(({ url }, i) => `${url} name=${i === 0 ? 'victim' : `other-${i}`}`);
  // Else hardly a call would wait at a node that is frozen.
  const env = { HEDGE: 'off', AVOID_SLOW: 'off' };
  return { daemon: await startBalancer({ primaries: named, env }), victim };
}

async function rowOfVictim(daemon: Daemon): Promise<StatsRow> {
  const row = (await daemon.stats()).find(({ name }) => name === 'victim');
  if (!row) throw new Error('the victim is not in /stats');
  return row;
}

async function expectOthersUnblamed(daemon: Daemon): Promise<void> {
  const others = (await daemon.stats()).filter(({ name }) => name !== 'victim');
  expect(others.map(({ failures, state }) => [failures, state])).toEqual([
    [0, 'usable'],
    [0, 'usable'],
  ]);
}

it('a node that is killed under load and comes back costs no call, and serves again', async () => {
  const { daemon, victim } = await startThree();
  const reads = new SteadyReads(daemon.url);
  await reads.more(200);
  await reads.until(async () => (await rowOfVictim(daemon)).connections > 0, 'calls in flight at the victim');
  await victim.kill();
  await reads.until(async () => (await rowOfVictim(daemon)).state === 'quarantined', 'its quarantine');
  await victim.startAgain();
  const { requests, failures } = await rowOfVictim(daemon);
  await reads.more(200);
  const serves = async () => (await rowOfVictim(daemon)).requests >= requests + 50;
  await reads.until(serves, 'requests at the node that is back', BACK_WITHIN_MS);
  await reads.stop();
  expect(await rowOfVictim(daemon)).toMatchObject({ failures, state: 'usable' });
  await expectOthersUnblamed(daemon);
});

it('calls that wait at a node when it is killed are answered by the others', async () => {
  const { daemon, victim } = await startThree();
  const reads = new SteadyReads(daemon.url);
  await reads.more(100);
  victim.freeze();
  await reads.until(
    async () => (await rowOfVictim(daemon)).connections >= 10,
    'ten calls waiting at the victim',
  );
  await victim.kill();
  await reads.more(200);
  await reads.stop();
  expect((await rowOfVictim(daemon)).failures).toBeGreaterThanOrEqual(10);
  await expectOthersUnblamed(daemon);
});
