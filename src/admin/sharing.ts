/** Lets those who ask for the same thing at the same time share one answer. */

/** Builds one at a time: who asks while one is being built gets that one. Rejects for all as `build` does. */
export function shareUnderWay<T>(build: () => Promise<T>): () => Promise<T> {
  let underWay: Promise<T> | undefined;
  return () => {
    underWay ??= build().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
}

/**
 * Builds anew only for another key; the last one is kept. Builds follow each other, however many are asked for: whoever
 * had to wait gets the one of the key at that time.
 */
export function keepLast<T>(keyOf: () => string, build: () => Promise<T>): () => Promise<T> {
  let kept: { readonly key: string; readonly value: T } | undefined;
  const renew = shareUnderWay(async () => {
    const key = keyOf();
    const value = await build();
    kept = { key, value };
    return value;
  });
  return async () => (kept && kept.key === keyOf() ? kept.value : renew());
}
