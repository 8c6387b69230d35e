import { describe, expect, it } from 'vitest';
import type { FailureReason } from '../../src/events.ts';
import type { Blame } from '../../src/upstreams/quarantine.ts';
import { upstream } from '../support/upstreams.ts';
import { A, B, DAY, forMs, MINUTE, makeQuarantine, SECOND } from './quarantine-bench.ts';

describe('Quarantine, the way back', () => {
  it('is released before the time, and remembered', () => {
    const { quarantine, serve, events } = makeQuarantine();
    quarantine.add(A, { reason: 'reset' });
    expect(quarantine.release(A, 'trial')).toBe(true);
    expect(quarantine.entryOf(A)).toBeUndefined();
    expect(events.at(-1)).toEqual({ type: 'upstream-released', upstream: A.identity, by: 'trial' });
    expect(serve({ reason: 'reset' })).toBe(10 * SECOND);
    quarantine.add(A, { reason: 'reset' });
    expect(quarantine.release(A, 'operator')).toBe(true);
    expect(serve({ reason: 'reset' })).toBe(40 * SECOND);
  });

  it('says so when there is nothing to release', () => {
    const { quarantine, events, clock } = makeQuarantine();
    expect(quarantine.release(A, 'operator')).toBe(false);
    quarantine.add(A, { reason: 'reset' });
    clock.advance(5 * SECOND);
    expect(quarantine.release(A, 'operator')).toBe(false);
    expect(events.filter((event) => event.type === 'upstream-released')).toEqual([]);
  });

  const connects: ReadonlySet<FailureReason> = new Set<FailureReason>([
    'refused',
    'dns',
    'status',
    'auth',
    'rate-limited',
  ]);

  it.each<[string, Blame, boolean]>([
    ['a cause that it can see', { reason: 'refused' }, true],
    ['another cause', { reason: 'timeout' }, false],
    ['a stated rest', { reason: 'status', rest: forMs(MINUTE) }, false],
    ['a rate limit', { reason: 'rate-limited' }, false],
    ['auth', { reason: 'auth' }, false],
  ])('is ended by a check, or not: %s', (_, blame, released) => {
    const { quarantine, clock, events } = makeQuarantine();
    quarantine.add(A, blame);
    clock.advance(10);
    expect(quarantine.prove(A, connects, clock.monotonicMs())).toBe(released);
    expect(quarantine.entryOf(A) === undefined).toBe(released);
    expect(events.some((event) => event.type === 'upstream-released' && event.by === 'probe')).toBe(released);
  });

  it('is not ended by a check that began before the last failure', () => {
    const jitter = [1 - Number.EPSILON, 0];
    const { quarantine, clock } = makeQuarantine({ random: () => jitter.shift() ?? 0.5 });
    const beforeMs = clock.monotonicMs();
    clock.advance(1);
    quarantine.add(A, { reason: 'refused' });
    expect(quarantine.prove(A, connects, beforeMs)).toBe(false);
    const betweenMs = clock.monotonicMs();
    clock.advance(1);
    const { untilMs } = quarantine.entryOf(A) ?? {};
    // The jitter keeps this one from moving the end; it is evidence all the same.
    quarantine.add(A, { reason: 'refused' });
    expect(quarantine.entryOf(A)?.untilMs).toBe(untilMs);
    expect(quarantine.prove(A, connects, betweenMs)).toBe(false);
    expect(quarantine.prove(A, connects, clock.monotonicMs())).toBe(true);
    expect(quarantine.prove(A, connects, clock.monotonicMs())).toBe(false);
  });

  it('forgets an upstream that was removed, its methods and counts too', () => {
    const { quarantine, serve } = makeQuarantine();
    serve({ reason: 'reset' });
    serve({ reason: 'rate-limited' });
    quarantine.add(A, { reason: 'auth' });
    quarantine.add(A, { reason: 'method-unsupported', method: 'trace_block' });
    const namesake = upstream('a.b');
    quarantine.add(namesake, { reason: 'method-unsupported', method: 'trace_block' });
    quarantine.forget(A);
    expect(quarantine.entryOf(A)).toBeUndefined();
    expect(quarantine.nextReleaseMs()).toBe(Number.POSITIVE_INFINITY);
    expect(quarantine.methods.banOf(A, 'trace_block')).toBeUndefined();
    expect(quarantine.methods.banOf(namesake, 'trace_block')).toBeDefined();
    expect(serve({ reason: 'rate-limited' })).toBe(SECOND);
    quarantine.forget(A);
    expect(serve({ reason: 'reset' })).toBe(5 * SECOND);
  });
});

describe('Quarantine, what others see', () => {
  it('tells when the first one comes back', () => {
    const { quarantine, clock } = makeQuarantine();
    const startMs = clock.monotonicMs();
    expect(quarantine.nextReleaseMs()).toBe(Number.POSITIVE_INFINITY);
    quarantine.add(A, { reason: 'auth' });
    quarantine.add(B, { reason: 'reset' });
    quarantine.add(B, { reason: 'method-unsupported', method: 'x' });
    expect(quarantine.nextReleaseMs()).toBe(startMs + 5 * SECOND);
    clock.advance(5 * SECOND);
    expect(quarantine.nextReleaseMs()).toBe(startMs + 15 * MINUTE);
    quarantine.release(A, 'operator');
    expect(quarantine.nextReleaseMs()).toBe(Number.POSITIVE_INFINITY);
  });

  it('reports each change of a whole upstream, and only then', () => {
    const { quarantine, changes, clock } = makeQuarantine();
    const versions = [changes.version];
    const versionAfter = (change: () => void) => {
      change();
      versions.push(changes.version);
    };
    versionAfter(() => quarantine.add(A, { reason: 'auth' }));
    versionAfter(() => quarantine.add(A, { reason: 'reset' }));
    versionAfter(() => quarantine.release(A, 'operator'));
    versionAfter(() => quarantine.release(A, 'operator'));
    versionAfter(() => quarantine.add(A, { reason: 'method-unsupported', method: 'x' }));
    versionAfter(() => quarantine.forget(A));
    versionAfter(() => quarantine.forget(A));
    versionAfter(() => clock.advance(DAY));
    expect(versions).toEqual([0, 1, 1, 2, 2, 2, 3, 3, 3]);
  });

  it('announces a quarantine once, and again when another reason moves its end', () => {
    const { quarantine, clock, events } = makeQuarantine();
    for (let i = 0; i < 5; i++) {
      quarantine.add(A, { reason: 'reset' });
      clock.advance(10);
    }
    quarantine.add(A, { reason: 'rate-limited' });
    quarantine.add(A, { reason: 'rate-limited', rest: forMs(MINUTE) });
    quarantine.add(A, { reason: 'reset' });
    clock.advance(MINUTE);
    quarantine.add(A, { reason: 'reset' });
    const told = events.map(
      (event) => event.type === 'upstream-quarantined' && [event.reason, event.durationMs],
    );
    expect(told).toEqual([
      ['reset', 5 * SECOND],
      ['rate-limited', MINUTE],
      ['reset', 10 * SECOND],
    ]);
  });

  it('announces the identity of an upstream, never the upstream itself', () => {
    const { quarantine, events } = makeQuarantine();
    quarantine.add(A, { reason: 'reset' });
    quarantine.release(A, 'operator');
    expect(events.map((event) => 'upstream' in event && event.upstream === A.identity)).toEqual([true, true]);
  });
});
