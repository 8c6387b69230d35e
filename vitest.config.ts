import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/**/*.slow.test.ts'],
    // Real processes on a machine that may be slow and busy: the limits only end what would never end.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    teardownTimeout: 60_000,
    expect: { poll: { timeout: 30_000 } },
    pool: 'forks',
    globalSetup: 'test/support/one-file.ts',
    setupFiles: ['test/support/set-up.ts'],
    // Loading the program anew for each file would cost a third of the time.
    isolate: false,
    // Twice the cores of a small machine: half of the time a test waits for something.
    maxWorkers: 4,
  },
});
