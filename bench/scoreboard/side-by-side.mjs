// Shares such as 1/3 don't add up to 1 exactly.
const CLOSE_ENOUGH = 1e-9;

/**
 * Runs jobs, as many at a time as fit: the shares of those that run add up to 1 at most. Those in front go first,
 * but don't hold up others that fit while they don't. A job has `share` and `run()`, which must not reject.
 * Resolves once all have ended.
 */
export async function sideBySide(jobs) {
  const waiting = [...jobs];
  const running = new Map();
  const free = () => [...running.values()].reduce((left, share) => left - share, 1 + CLOSE_ENOUGH);
  while (waiting.length > 0) {
    const next = waiting.findIndex(({ share }) => running.size === 0 || share <= free());
    if (next >= 0) {
      const [{ share, run }] = waiting.splice(next, 1);
      const ended = run().then(() => running.delete(ended));
      running.set(ended, share);
    } else {
      await Promise.race(running.keys());
    }
  }
  await Promise.all(running.keys());
}
