import { afterAll, afterEach, beforeEach } from 'vitest';

/** Sockets and processes that a test opened are closed after it, whether it passed or not. */

type Release = () => unknown;

let insideTest = false;
const afterThisTest: Release[] = [];
const afterThisFile: Release[] = [];

/** Runs `release` after the running test, or after the whole file when called from outside a test. */
export function releaseAfterwards(release: Release): void {
  (insideTest ? afterThisTest : afterThisFile).push(release);
}

async function releaseAll(releases: Release[]): Promise<void> {
  await Promise.all(releases.splice(0).map((release) => release()));
}

/** To be called for each test file: the modules that use this one may be loaded once for several files. */
export function registerHooks(): void {
  beforeEach(() => {
    insideTest = true;
  });

  afterEach(async () => {
    insideTest = false;
    await releaseAll(afterThisTest);
  });

  afterAll(() => releaseAll(afterThisFile));
}
