/** The lists of upstreams as operators want them. */

import type { UpstreamSpec } from '../upstreams/upstream.ts';
import { Refusal } from './problems.ts';

/** Keeps the lists over a restart. */
export interface ListStore {
  /** Resolves when the lists would survive a crash. Rejects when the stored ones are unchanged. */
  save(upstreams: readonly UpstreamSpec[]): Promise<void>;
}

/** One change of the lists: their new content, and what it does to the running program. */
export interface Change<T> {
  readonly upstreams: readonly UpstreamSpec[];
  /** Must not throw after it has changed anything. */
  apply(): T;
}

/**
 * The lists as they were last read, with all changes by calls since. An upstream that was removed because it was down for long is
 * still in them: the next start tries it again.
 *
 * Changes are made one after the other. Each is saved before it is applied, so that a change that can't be saved changes
 * nothing, and one that was answered with success survives a crash.
 */
export class ServerLists {
  readonly #store: ListStore | undefined;
  #upstreams: readonly UpstreamSpec[];
  /** Saved beside them: upstreams of pools that the settings have no more. */
  #leftOut: readonly UpstreamSpec[];
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    upstreams: readonly UpstreamSpec[],
    store: ListStore | undefined,
    leftOut: readonly UpstreamSpec[] = [],
  ) {
    this.#upstreams = upstreams;
    this.#leftOut = leftOut;
    this.#store = store;
  }

  get upstreams(): readonly UpstreamSpec[] {
    return this.#upstreams;
  }

  /**
   * Makes a change after all earlier ones. `plan` reads the lists at that time, and may throw. Rejects with what `plan`
   * or `apply` has thrown, and with NOT_SAVED.
   */
  change<T>(plan: () => Change<T>): Promise<T> {
    const result = this.#last.then(() => this.#make(plan()));
    this.#last = result.catch(() => {});
    return result;
  }

  /**
   * Makes a change that was decided elsewhere, after all earlier ones: even if it can't be saved. Resolves to the problem
   * then, else to undefined. `apply` must not throw.
   */
  follow(plan: () => Change<void>): Promise<string | undefined> {
    const followed = this.#last.then(async () => {
      const { upstreams, apply } = plan();
      const saved = upstreams === this.#upstreams ? undefined : this.#save(upstreams);
      const problem = await saved?.then(
        () => undefined,
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      );
      apply();
      this.#upstreams = upstreams;
      return problem;
    });
    this.#last = followed.catch(() => {});
    return followed;
  }

  /** Reads all lists anew after all earlier changes; what was read is in force already, and is not saved. */
  reload<T>(
    read: () => {
      /** Undefined when they stay as they are. */
      readonly lists:
        | { readonly upstreams: readonly UpstreamSpec[]; readonly leftOut: readonly UpstreamSpec[] }
        | undefined;
      readonly result: T;
    },
  ): Promise<T> {
    const reloaded = this.#last.then(() => {
      const { lists, result } = read();
      if (!lists) return result;
      this.#upstreams = lists.upstreams;
      this.#leftOut = lists.leftOut;
      return result;
    });
    this.#last = reloaded.catch(() => {});
    return reloaded;
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
      // Something else has changed meanwhile: a probe has left only one upstream.
      await this.#save(before);
      throw error;
    }
  }

  async #save(upstreams: readonly UpstreamSpec[]): Promise<void> {
    try {
      await this.#store?.save([...upstreams, ...this.#leftOut]);
    } catch (error) {
      throw new Refusal('NOT_SAVED', error instanceof Error ? error.message : String(error));
    }
  }
}
