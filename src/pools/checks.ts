/** The program's own requests to the upstreams of a pool: health checks, plain questions and memory usage. */

import type { Dialer } from '../network/dial.ts';
import { probes } from '../probes/index.ts';
import { MemoryPoll } from '../probes/memory-poll.ts';
import { askMemoryUsage } from '../probes/memory-usage.ts';
import { askPlainQuestion } from '../probes/plain-question.ts';
import { HealthScheduler, type HealthSchedulerOptions } from '../probes/scheduler.ts';
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

/** The settings of the checks themselves. */
const CHECKED_BY = [
  'healthCheck',
  'healthCheckIntervalMs',
  'healthCheckTimeoutMs',
  'healthCheckPath',
  'healthCheckRise',
  'healthCheckFall',
  'removeUnhealthyAfterMs',
  'chainId',
  'maxBlockLag',
] as const;

/** Reads the answer to a client's `eth_blockNumber`; `result` has the offsets of the number in `text`. */
export type HeightListener = (
  upstream: Upstream,
  text: Buffer,
  result: { readonly resultStart: number; readonly resultEnd: number },
) => void;

/** What a pool needs of its checks. */
export interface PoolChecks {
  readonly learnHeight: HeightListener;
  start(): void;
  stop(): void;
  reconfigure(settings: CheckSettings): void;
}

export type CreateChecks = (settings: CheckSettings, pool: CheckedPool, means: CheckMeans) => PoolChecks;

/** For a process whose upstreams another one checks. */
export const noChecks: CreateChecks = () => ({
  learnHeight() {},
  start() {},
  stop() {},
  reconfigure() {},
});

export const ownChecks: CreateChecks = (settings, pool, means) => new Checks(settings, pool, means);

/** The parts of a pool that the checks read and change. */
export interface CheckedPool {
  readonly registry: Registry;
  readonly quarantine: Quarantine;
  readonly membership: Membership;
}

/** What checks are made with. */
export interface CheckMeans {
  readonly runtime: Runtime;
  readonly dialer: Dialer;
}

export class Checks implements PoolChecks {
  readonly #pool: CheckedPool;
  readonly #means: CheckMeans;
  #settings: CheckSettings;
  #health: HealthScheduler | undefined;
  #memory: MemoryPoll | undefined;
  #isRunning = false;

  constructor(settings: CheckSettings, pool: CheckedPool, means: CheckMeans) {
    this.#settings = settings;
    this.#pool = pool;
    this.#means = means;
    this.#create();
  }

  /** Passes block numbers in answers to the checks, which then need not ask for them. */
  readonly learnHeight: HeightListener = (upstream, text, { resultStart, resultEnd }) => {
    if (!this.#health || !probes[this.#settings.healthCheck]?.learnsFromAnswers) return;
    const height = heightAt(text, resultStart, resultEnd);
    if (height !== undefined) this.#health.learnHeight(upstream, height);
  };

  start(): void {
    this.#isRunning = true;
    this.#health?.start();
    this.#memory?.start();
  }

  stop(): void {
    this.#isRunning = false;
    this.#health?.stop();
    this.#memory?.stop();
  }

  /** Checks by these settings from now on; without a check nobody is out for what one has found. */
  reconfigure(settings: CheckSettings): void {
    const before = this.#settings;
    this.#settings = settings;
    if (CHECKED_BY.every((name) => settings[name] === before[name])) return;
    this.#memory?.stop();
    const options = this.#healthOptions();
    if (options && this.#health) {
      this.#health.reconfigure(options);
      this.#memory = this.#newMemory();
    } else {
      this.#health?.stop();
      this.#health?.forget();
      this.#memory?.forget();
      this.#create();
    }
    if (this.#isRunning) this.start();
  }

  #create(): void {
    const options = this.#healthOptions();
    this.#health = options && new HealthScheduler(options);
    this.#memory = options && this.#newMemory();
  }

  #newMemory(): MemoryPoll {
    const { runtime, dialer } = this.#means;
    const { clock, random } = runtime;
    return new MemoryPoll({
      ask: (upstream: Upstream) => askMemoryUsage(upstream, { clock, dialer }),
      intervalMs: this.#settings.healthCheckIntervalMs,
      clock,
      random,
      upstreams: () => this.#pool.registry.all,
    });
  }

  /** Undefined when nothing is to be checked. */
  #healthOptions(): HealthSchedulerOptions | undefined {
    const settings = this.#settings;
    const probe = probes[settings.healthCheck];
    if (!probe) return undefined;
    const { registry, quarantine, membership } = this.#pool;
    const { runtime, dialer } = this.#means;
    const { clock, random, announcer } = runtime;
    return {
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
    };
  }
}

/** The question that suspects are asked; undefined without health checks. */
export function createPlainQuestion(
  { healthCheck, healthCheckTimeoutMs: timeoutMs, retryStatus }: CheckSettings,
  { runtime: { clock }, dialer }: CheckMeans,
): PlainQuestion | undefined {
  if (healthCheck === 'off') return undefined;
  return (upstream, protocol) =>
    askPlainQuestion(upstream, protocol, { timeoutMs, retryStatus, clock, dialer });
}
