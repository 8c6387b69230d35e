// The program's own parts on a clock of their own: twelve replicas, and a Redis that loses messages or all that it had.
import { expect, it } from 'vitest';
import { Fleet, type FleetOptions } from '../../bench/sharing/lib/fleet.mjs';

async function begin(options: Partial<FleetOptions> = {}): Promise<Fleet> {
  const fleet = new Fleet({ replicas: 12, upstreams: 8, seed: 3, ...options });
  await fleet.pass(6_000);
  return fleet;
}

it('All replicas know within a tenth of a second what one has found', async () => {
  const fleet = await begin();
  const { allMs } = await fleet.timeToAgree((each) => each.failAt(0, [0]));
  expect(allMs).toBeLessThanOrEqual(100);
});

it('All know it two rounds later where every message is lost', async () => {
  const fleet = await begin({ loss: 1 });
  const { allMs } = await fleet.timeToAgree((each) => each.failAt(0, [0]));
  expect(allMs).toBeGreaterThan(100);
  expect(allMs).toBeLessThanOrEqual(4_500);
});

it('All agree when each finds the same outage for itself', async () => {
  const fleet = await begin();
  const { allMs } = await fleet.timeToAgree((each) => each.outage(1));
  expect(allMs).toBeLessThanOrEqual(1_000);
});

it('A Redis that comes back empty has all again within seconds', async () => {
  const fleet = await begin();
  const { storedMs } = await fleet.timeToAgree((each) => each.restartRedis());
  expect(storedMs).toBeLessThanOrEqual(5_000);
});
