/** The program's own requests to the upstreams of a pool: health checks, plain questions and memory usage. */

import type { Dialer } from '../network/dial.ts';
import { probes } from '../probes/index.ts';
import { MemoryPoll } from '../probes/memory-poll.ts';
import { askMemoryUsage } from '../probes/memory-usage.ts';
import { askPlainQuestion } from '../probes/plain-question.ts';
import { HealthScheduler } from '../probes/scheduler.ts';
import { heightAt } from '../rpc/quantity.ts';
import type { Runtime } from '../runtime.ts';
import type { Membership } from '../upstreams/membership.ts';
import type { Quarantine } from '../upstreams/quarantine.ts';
import type { Registry } from '../upstreams/registry.ts';
import type { PlainQuestion } from '../upstreams/suspects.ts';
import type { Upstream } from '../upstreams/upstream.ts';

export interface CheckSettings {
  /** The name of a probe; with `off` an upstream gets only the clients' requests. */
  readonly healthCheck: string;
  readonly healthCheckIntervalMs: number;
  readonly healthCheckTimeoutMs: number;
  readonly healthCheckPath: string;
  readonly healthCheckRise: number;
  readonly healthCheckFall: number;
  readonly removeUnhealthyAfterMs: number | undefined;
  /** A decimal number. */
  readonly chainId: string | undefined;
  readonly maxBlockLag: number;
  readonly retryStatus: ReadonlySet<number>;
}

/** Reads the answer to a client's `eth_blockNumber`; `result` has the offsets of the number in `text`. */
export type HeightListener = (
  upstream: Upstream,
  text: Buffer,
  result: { readonly resultStart: number; readonly resultEnd: number },
) => void;

export interface Checks {
  /** Passes block numbers in answers to the checks, which then need not ask for them. */
  readonly learnHeight: HeightListener;
  start(): void;
  stop(): void;
}

/** The parts of a pool that the checks read and change. */
export interface CheckedPool {
  readonly registry: Registry;
  readonly quarantine: Quarantine;
  readonly membership: Membership;
}

const NO_CHECKS: Checks = { learnHeight: () => {}, start: () => {}, stop: () => {} };

export function createChecks(
  settings: CheckSettings,
  pool: CheckedPool,
  runtime: Runtime,
  dialer: Dialer,
): Checks {
  const health = createHealth(settings, pool, runtime, dialer);
  if (!health) return NO_CHECKS;
  const { clock, random } = runtime;
  const memory = new MemoryPoll({
    ask: (upstream: Upstream) => askMemoryUsage(upstream, { clock, dialer }),
    intervalMs: settings.healthCheckIntervalMs,
    clock,
    random,
    upstreams: () => pool.registry.all,
  });
  return {
    learnHeight: createHeightListener(settings, health),
    start() {
      health.start();
      memory.start();
    },
    stop() {
      health.stop();
      memory.stop();
    },
  };
}

/** The question that suspects are asked; undefined without health checks. */
export function createPlainQuestion(
  { healthCheck, healthCheckTimeoutMs: timeoutMs, retryStatus }: CheckSettings,
  { clock }: Runtime,
  dialer: Dialer,
): PlainQuestion | undefined {
  if (healthCheck === 'off') return undefined;
  return (upstream, protocol) =>
    askPlainQuestion(upstream, protocol, { timeoutMs, retryStatus, clock, dialer });
}

function createHealth(
  settings: CheckSettings,
  { registry, quarantine, membership }: CheckedPool,
  { clock, random, announcer }: Runtime,
  dialer: Dialer,
): HealthScheduler | undefined {
  const probe = probes[settings.healthCheck];
  if (!probe) return undefined;
  return new HealthScheduler({
    probe,
    settings: { timeoutMs: settings.healthCheckTimeoutMs, path: settings.healthCheckPath, clock, dialer },
    intervalMs: settings.healthCheckIntervalMs,
    rise: settings.healthCheckRise,
    fall: settings.healthCheckFall,
    removeAfterMs: settings.removeUnhealthyAfterMs ?? Number.POSITIVE_INFINITY,
    expectedChain: settings.chainId,
    maxBlockLag: settings.maxBlockLag,
    clock,
    random,
    announcer,
    upstreams: () => registry.all,
    onHealthy: (upstream, proves, startedMs) => void quarantine.prove(upstream, proves, startedMs),
    onUnhealthy: (upstream) => membership.remove(upstream, 'unhealthy'),
  });
}

/** The listener does nothing if the health checks don't use block numbers from answers. */
function createHeightListener(settings: CheckSettings, health: HealthScheduler): HeightListener {
  if (!probes[settings.healthCheck]?.learnsFromAnswers) return NO_CHECKS.learnHeight;
  return (upstream, text, { resultStart, resultEnd }) => {
    const height = heightAt(text, resultStart, resultEnd);
    if (height !== undefined) health.learnHeight(upstream, height);
  };
}
