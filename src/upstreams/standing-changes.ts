/** Tells when a fact has changed that decides which upstreams of a pool are usable. */

/** Called at each change; `isBetter`: an upstream may be usable now that was not. */
export type StandingListener = (isBetter: boolean) => void;

/**
 * The facts (who is in the lists, quarantined, down, lagging, draining) have different writers; each reports here, so
 * that a part that keeps something worked out from them knows when it is out of date.
 */
export class StandingChanges {
  readonly #listeners: StandingListener[] = [];
  #version = 0;

  /** Grows with each change. */
  get version(): number {
    return this.#version;
  }

  listen(listener: StandingListener): void {
    this.#listeners.push(listener);
  }

  report(isBetter: boolean): void {
    this.#version += 1;
    for (const listener of this.#listeners) listener(isBetter);
  }
}
