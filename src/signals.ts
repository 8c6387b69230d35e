/** What the process does on signals. It imports nothing, so that nothing has to be loaded before it holds. */

export interface Signals {
  /** Called from now on for SIGTERM and SIGINT, which until then end the process with status 0. */
  onStop(stop: (signal: NodeJS.Signals) => void): void;
  /** Called from now on for SIGHUP, which is of no effect by itself. */
  onHangUp(note: () => void): void;
}

/**
 * Takes all signals that would end the process without a drain, or open a debugger to whoever is on this machine.
 * To the first process of a container the kernel does not even deliver what it has no handler for. SIGPIPE is
 * ignored by Node itself.
 */
export function takeSignals(): Signals {
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
