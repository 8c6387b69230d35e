/** What the process does on signals. This file imports nothing, so that it takes effect before anything is loaded. */

export interface Signals {
  /** Sets what is called for SIGTERM and SIGINT, which until then end the process with status 0. */
  onStop(stop: (signal: NodeJS.Signals) => void): void;
  /** Sets what is called for SIGHUP, which has no effect of its own. */
  onHangUp(run: () => void): void;
}

/**
 * Handles all signals that would end the process without a drain, or open a debugger to everyone on this machine. The
 * kernel does not even deliver signals without a handler to the first process of a container. SIGPIPE is ignored by
 * Node itself.
 */
export function handleSignals(): Signals {
  let stop = (_signal: NodeJS.Signals): void => process.exit(0);
  let hangUp = (): void => {};
  process.on('SIGTERM', (signal) => stop(signal));
  process.on('SIGINT', (signal) => stop(signal));
  process.on('SIGHUP', () => hangUp());
  // With a listener Node does not start its debugger.
  process.on('SIGUSR1', () => {});
  process.on('SIGUSR2', () => {});
  return {
    onStop(next) {
      stop = next;
    },
    onHangUp(next) {
      hangUp = next;
    },
  };
}
