import type { UpstreamSpec } from '../upstreams/upstream.ts';
import { Refusal } from './problems.ts';

/** Where the lists are kept over a restart. */
export interface ListStore {
  /** Resolves when they would survive a crash. Rejects when they are as they were before. */
  save(upstreams: readonly UpstreamSpec[]): Promise<void>;
}

/** One change of the lists: what they are after it, and what it does to the running program. */
export interface Change<T> {
  readonly upstreams: readonly UpstreamSpec[];
  /** Must throw before it has changed anything, or not at all. */
  apply(): T;
}

/**
 * The lists as the operators want them: those of the start and what was changed since by a call. An upstream
 * that was removed because it was down for long is still wanted: the next start tries it again.
 *
 * Changes come one after the other. Each is written before it is made, so that one that can't be kept changes
 * nothing, and what was answered with success survives a crash.
 */
export class ServerLists {
  readonly #store: ListStore | undefined;
  #upstreams: readonly UpstreamSpec[];
  #last: Promise<unknown> = Promise.resolve();

  constructor(upstreams: readonly UpstreamSpec[], store: ListStore | undefined) {
    this.#upstreams = upstreams;
    this.#store = store;
  }

  get upstreams(): readonly UpstreamSpec[] {
    return this.#upstreams;
  }

  /**
   * Makes a change after all earlier ones. `plan` looks at the lists as they are then, and may throw. Rejects
   * with what `plan` or `apply` has thrown, and with NOT_SAVED.
   */
  change<T>(plan: () => Change<T>): Promise<T> {
    const result = this.#last.then(() => this.#make(plan()));
    this.#last = result.catch(() => {});
    return result;
  }

  async #make<T>({ upstreams, apply }: Change<T>): Promise<T> {
    const before = this.#upstreams;
    if (upstreams === before) return apply();
    await this.#save(upstreams);
    try {
      const result = apply();
      this.#upstreams = upstreams;
      return result;
    } catch (error) {
      // Meanwhile something else has changed: a probe has left but one upstream.
      await this.#save(before);
      throw error;
    }
  }

  async #save(upstreams: readonly UpstreamSpec[]): Promise<void> {
    try {
      await this.#store?.save(upstreams);
    } catch (error) {
      throw new Refusal('NOT_SAVED', error instanceof Error ? error.message : String(error));
    }
  }
}
