import { expect } from 'vitest';
import { Announcer, type Event } from '../../src/events.ts';
import type { Probe, ProbeResult } from '../../src/probes/probe.ts';
import { HealthScheduler } from '../../src/probes/scheduler.ts';
import { Upstream } from '../../src/upstreams/upstream.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { seededRandom } from '../support/seeded-random.ts';

export const INTERVAL_MS = 20_000;
export const UP: ProbeResult = { up: true };
export const DOWN: ProbeResult = { up: false, problem: 'connection refused' };

export function upstream(name: string): Upstream {
  const url = new URL(`http://user:seCret@${name}.example/seCret?key=seCret`);
  return new Upstream({ url, name, tier: 'primary', weight: 1 }, 1_000);
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
  rise?: number;
  fall?: number;
  seed?: number;
  intervalMs?: number;
}

/** A scheduler whose checks end when and how the test says. */
export function setUp({
  names = ['a'],
  rise = 1,
  fall = 2,
  seed = 1,
  intervalMs = INTERVAL_MS,
}: Change = {}) {
  const clock = new ManualClock();
  const checks: Check[] = [];
  const events: Event[] = [];
  const healthy: { name: string; startedMs: number; down: boolean }[] = [];
  const upstreams = names.map(upstream);
  const announcer = new Announcer();
  announcer.listen((event) => events.push(event));
  const probe: Probe = {
    name: 'scripted',
    proves: new Set(['refused']),
    check: ({ name }) =>
      new Promise((resolve) => {
        const settle = (result: ProbeResult | Promise<ProbeResult>) => {
          resolve(result);
          return settled();
        };
        checks.push({ name, atMs: clock.monotonicMs(), settle });
      }),
  };
  const scheduler = new HealthScheduler({
    probe,
    settings: { timeoutMs: 2_000, path: '/' },
    intervalMs,
    rise,
    fall,
    clock,
    random: seededRandom(seed),
    announcer,
    upstreams: () => [...upstreams],
    onHealthy: ({ name, down }, proves, startedMs) => {
      expect(proves).toBe(probe.proves);
      healthy.push({ name, startedMs, down: down !== undefined });
    },
  });
  /** Moves on to the next check, and answers it. */
  const answer = async (result: ProbeResult | Promise<ProbeResult>) => {
    const number = checks.length;
    for (let step = 0; checks.length === number && step < 1_000; step += 1) clock.advance(100);
    const check = checks[number];
    if (!check) throw new Error('no check was made');
    await check.settle(result);
    return check;
  };
  return { clock, checks, events, healthy, upstreams, scheduler, answer };
}
