// Real clients, with their own ways to try again, while every upstream rests for 5 s.
import { JsonRpcProvider } from 'ethers';
import { beforeEach, describe, expect, it } from 'vitest';
import { type RunningApp, startApp } from '../support/app.ts';
import { answer, type Behaviour, refuseRate } from '../support/behaviours.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { rpc } from '../support/http-client.ts';
import { releaseAfterwards } from '../support/leftovers.ts';
import { until } from '../support/waiting.ts';
import { CHAIN_ID, viemReader } from './clients.ts';

const BLOCK = 16;

const unavailable = answer({ status: 503, headers: [['Retry-After', '5']] });

let app: RunningApp;

/** An upstream that rests for 5 s, and is well again. */
async function resting(refusal: Behaviour): Promise<void> {
  const upstream = await FakeUpstream.start('0x10', refusal);
  app = await startApp({ primaries: [upstream], flags: ['--max-attempts=1'] });
  expect((await rpc(app.url, 'eth_blockNumber')).status).toBeGreaterThan(399);
  upstream.reset();
}

/** Requests that reached the balancer, but for the one that put the upstream to rest. */
const asked = () => app.logs.filter(({ msg }) => msg === 'Request').length - 1;

/** With the defaults, but for the look-up of the chain. */
function ethers(): Promise<number> {
  const provider = new JsonRpcProvider(app.url, CHAIN_ID, { staticNetwork: true });
  releaseAfterwards(() => provider.destroy());
  return provider.getBlockNumber();
}

const viem = () => viemReader(app.url, { retryCount: 3 }).getBlockNumber();

describe('for a rate limit', () => {
  beforeEach(() => resting(refuseRate('5')));

  it('viem asks once, and once more when the time is over', async () => {
    expect(await viem()).toBe(BigInt(BLOCK));
    expect(asked()).toBeLessThanOrEqual(2);
  });

  it('ethers backs off by itself until it has its answer, instead of giving up after 12 requests at once', async () => {
    expect(await ethers()).toBe(BLOCK);
    expect(asked()).toBeLessThan(12);
  });
});

describe('for a failure', () => {
  beforeEach(() => resting(unavailable));

  it('viem asks once, and once more when the time is over', async () => {
    expect(await viem()).toBe(BigInt(BLOCK));
    expect(asked()).toBeLessThanOrEqual(2);
  });

  it('ethers is told at once', async () => {
    await expect(ethers()).rejects.toThrow('503');
    await until(() => asked() > 0, 'its line in the log');
    expect(asked()).toBe(1);
  });
});
