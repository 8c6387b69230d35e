#!/usr/bin/env -S node --
/** The entry point: takes over the signals, then loads and runs the program. */

import { handleSignals } from './signals.ts';

/** Commands end by themselves, and a signal kills them: an interrupted check must not end with status 0. */
const COMMAND = /^--?(?:check|healthcheck|help|version)$/;

// Set by the first of several processes, which handles all signals for its workers.
if (process.send && process.env['RPC_LOAD_BALANCER_WORKER'] === '1') {
  handleSignals().onStop(() => {});
  const { serveAsWorker } = await import('./worker-program.ts');
  await serveAsWorker();
} else {
  // Before the program is loaded: that takes a third of a second, and a container may be stopped in that time.
  const signals = process.argv.some((argument) => COMMAND.test(argument)) ? undefined : handleSignals();
  const { main } = await import('./program.ts');
  await main(signals ?? { onStop() {}, onHangUp() {} });
}
