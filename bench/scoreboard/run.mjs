import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { scratchFolder } from '../lib/programs.mjs';
import { sleepUntil } from './clock.mjs';
import { startFleet } from './fleet.mjs';
import { Measurement } from './measurement.mjs';
import { Providers } from './providers.mjs';
import { Balancer } from './subjects/index.mjs';

/** The same for each balancer, so that all meet the same. */
const SEED = 20_260_101;

/** Runs one scenario in front of one balancer. Resolves to its Measurement. Throws when a part of it ends early. */
export async function run(scenario, subject) {
  const folder = mkdtempSync(join(scratchFolder(), 'run-'));
  const providers = await Providers.start(scenario.providers, SEED);
  let balancer;
  try {
    balancer = await Balancer.start(subject, { upstreamPorts: providers.ports, folder });
    return await underLoad(scenario, { providers, balancer });
  } finally {
    await Promise.all([balancer?.stop(), providers.stop()]);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function underLoad({ load, phases }, parts) {
  const seconds = phases.reduce((sum, phase) => sum + phase.seconds, 0);
  const { startMs, report } = await startFleet({ ...load, seconds, seed: SEED, port: parts.balancer.port });
  const counts = [await parts.providers.counts()];
  let endMs = startMs;
  for (const phase of phases) {
    // Not awaited yet: a restart may take as long as it takes.
    const begun = phase.begin?.(parts);
    begun?.catch(() => {});
    endMs += phase.seconds * 1_000;
    await sleepUntil(endMs);
    await begun;
    counts.push(await parts.providers.counts());
  }
  return new Measurement(phases, counts, await report);
}
