import { setTimeout as sleep } from 'node:timers/promises';

/** Rejects with `what` when `promise` takes longer than `ms`. */
export async function within<T>(promise: Promise<T>, ms: number, what: string): Promise<T> {
  const timer = new AbortController();
  const late = sleep(ms, undefined, { signal: timer.signal }).then(
    () => Promise.reject(new Error(`not within ${ms} ms: ${what}`)),
    () => new Promise<never>(() => {}),
  );
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer.abort();
  }
}

/** Asks every 20 ms until the answer is neither false nor undefined; gives up after `ms`. */
export async function until<T>(
  ask: () => T | Promise<T>,
  what: string,
  ms = 5_000,
): Promise<Exclude<T, false | undefined>> {
  const end = performance.now() + ms;
  for (;;) {
    const answer = await ask();
    if (answer !== false && answer !== undefined) {
      // The two values that the type leaves out were ruled out by the line above.
      return answer as Exclude<T, false | undefined>;
    }
    if (performance.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
    await sleep(20);
  }
}
