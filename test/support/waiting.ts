import { setTimeout as sleep } from 'node:timers/promises';

/**
 * How many times longer than on a machine at rest a thing may take before its waiting is given up. A limit of the
 * functions below only guards against waiting for ever: that something is fast they can't show.
 */
const PATIENCE = 6;

/** Rejects with `what` when `promise` takes longer than `ms` would be on a machine at rest. */
export async function within<T>(promise: Promise<T>, ms: number, what: string): Promise<T> {
  const limitMs = ms * PATIENCE;
  const timer = new AbortController();
  const late = sleep(limitMs, undefined, { signal: timer.signal }).then(
    () => Promise.reject(new Error(`not within ${limitMs} ms: ${what}`)),
    () => new Promise<never>(() => {}),
  );
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer.abort();
  }
}

/** The longest pause between two looks. What is about to happen is looked for sooner. */
const PAUSE_MS = 20;

/**
 * Asks again and again, after 1, 2, 4, … and then every 20 ms, until the answer is neither false nor undefined; gives up
 * as `within` does.
 */
export async function until<T>(
  ask: () => T | Promise<T>,
  what: string,
  ms = 5_000,
): Promise<Exclude<T, false | undefined>> {
  const limitMs = ms * PATIENCE;
  const end = performance.now() + limitMs;
  for (let pauseMs = 1; ; pauseMs = Math.min(2 * pauseMs, PAUSE_MS)) {
    const answer = await ask();
    if (answer !== false && answer !== undefined) {
      // The two values that the type leaves out were ruled out by the line above.
      return answer as Exclude<T, false | undefined>;
    }
    if (performance.now() > end) throw new Error(`not within ${limitMs} ms: ${what}`);
    await sleep(pauseMs);
  }
}

/** Looks in a row that have to see the same before it stands still: a process that was held up sees no change once. */
const LOOKS = 20;

/** Resolves to the figure when it is over `least` and has not changed for a third of a second. */
export async function standstill(figure: () => number, what: string, least = 0): Promise<number> {
  let [before, same] = [-1, 0];
  await until(() => {
    const now = figure();
    same = now === before ? same + 1 : 0;
    before = now;
    return now > least && same >= LOOKS;
  }, what);
  return before;
}
