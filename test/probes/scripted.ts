import { expect } from 'vitest';
import { Announcer, type Event, type Tier } from '../../src/events.ts';
import type { Probe, ProbeResult } from '../../src/probes/probe.ts';
import { HealthScheduler, type HealthSchedulerOptions } from '../../src/probes/scheduler.ts';
import { Upstream } from '../../src/upstreams/upstream.ts';
import { realDialer } from '../support/dialer.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { seededRandom } from '../support/seeded-random.ts';

export const INTERVAL_MS = 20_000;
export const UP: ProbeResult = { up: true };
export const DOWN: ProbeResult = { up: false, problem: 'connection refused' };

export function upstream(name: string, tier: Tier = 'primary'): Upstream {
  const url = new URL(`http://user:seCret@${name}.example/seCret?key=seCret`);
  return new Upstream({ url, name, tier, weight: 1 }, 1_000);
}

/** A successful check that found this. */
export function on(chainId: string, blockHeight?: number): ProbeResult {
  return { up: true, found: { chainId, ...(blockHeight === undefined ? {} : { blockHeight }) } };
}

interface Check {
  readonly name: string;
  readonly atMs: number;
  readonly settle: (result: ProbeResult | Promise<ProbeResult>) => Promise<void>;
}

/** Lets everything run that waits for a settled promise. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

interface Change {
  names?: string[];
  /** Those of the names that are fallbacks. */
  fallbacks?: string[];
  rise?: number;
  fall?: number;
  seed?: number;
  intervalMs?: number;
  removeAfterMs?: number;
  expectedChain?: string;
  maxBlockLag?: number;
  learnsFromAnswers?: true;
}

/** A scheduler whose checks end when and how the test says. */
export function setUp({
  names = ['a'],
  fallbacks = [],
  rise = 1,
  fall = 2,
  seed = 1,
  intervalMs = INTERVAL_MS,
  removeAfterMs = Number.POSITIVE_INFINITY,
  expectedChain,
  maxBlockLag = 10,
  learnsFromAnswers,
}: Change = {}) {
  const clock = new ManualClock();
  const checks: Check[] = [];
  const events: Event[] = [];
  const healthy: { name: string; startedMs: number; down: boolean }[] = [];
  const upstreams = names.map((name) => upstream(name, fallbacks.includes(name) ? 'fallback' : 'primary'));
  const removed: Upstream[] = [];
  const announcer = new Announcer();
  announcer.listen((event) => events.push(event));
  const probe: Probe = {
    name: 'scripted',
    proves: new Set(['refused']),
    ...(learnsFromAnswers && { learnsFromAnswers }),
    check: ({ name }) =>
      new Promise((resolve) => {
        const settle = (result: ProbeResult | Promise<ProbeResult>) => {
          resolve(result);
          return settled();
        };
        checks.push({ name, atMs: clock.monotonicMs(), settle });
      }),
  };
  const options: HealthSchedulerOptions = {
    probe,
    settings: { timeoutMs: 2_000, path: '/', clock, dialer: realDialer },
    intervalMs,
    rise,
    fall,
    removeAfterMs,
    expectedChain,
    maxBlockLag,
    clock,
    random: seededRandom(seed),
    announcer,
    upstreams: () => [...upstreams],
    onHealthy: ({ name, down }, proves, startedMs) => {
      expect(proves).toBe(probe.proves);
      healthy.push({ name, startedMs, down: down !== undefined });
    },
    onUnhealthy: (one) => void removed.push(...upstreams.splice(upstreams.indexOf(one), 1)),
  };
  const scheduler = new HealthScheduler(options);
  /** Moves on to the next check, and answers it. */
  const answer = async (result: ProbeResult | Promise<ProbeResult>) => {
    const number = checks.length;
    for (let step = 0; checks.length === number && step < 1_000; step += 1) clock.advance(100);
    const check = checks[number];
    if (!check) throw new Error('no check was made');
    await check.settle(result);
    return check;
  };
  const waiting = new Set<Check>();
  let seen = 0;
  /** Moves on until each of these was asked, once, and answers so. */
  const round = async (answers: Readonly<Record<string, ProbeResult>>) => {
    const left = new Map(Object.entries(answers));
    for (let step = 0; step < 1_000; step += 1) {
      for (const check of checks.slice(seen)) waiting.add(check);
      seen = checks.length;
      for (const check of waiting) {
        const result = left.get(check.name);
        if (!result) continue;
        left.delete(check.name);
        waiting.delete(check);
        await check.settle(result);
      }
      if (left.size === 0) return;
      clock.advance(100);
    }
    throw new Error(`not asked: ${[...left.keys()]}`);
  };
  const of = (name: string) => {
    const found = [...upstreams, ...removed].find((each) => each.name === name);
    if (!found) throw new Error(`no upstream ${name}`);
    return found;
  };
  return { clock, checks, events, healthy, upstreams, removed, options, scheduler, answer, round, of };
}
