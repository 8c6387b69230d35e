/** Finds out what became of single requests, by what is announced of them. */

import type { Clock } from '../../clock.ts';
import type { Event, UpstreamIdentity } from '../../events.ts';
import type { SecretTexts } from '../../secret-texts.ts';
import { secretsBehind } from '../../upstreams/secrets-behind.ts';
import type { CallAttempt } from './call-result.ts';

/** How long the end of a request may take to be announced after its answer has come. */
const PATIENCE_MS = 1_000;

export interface Watched {
  readonly attempts: CallAttempt[];
  /** Those of the upstreams that were asked. */
  readonly secrets: Set<SecretTexts>;
  /** The name of the upstream, once the request has ended. */
  answeredBy: string | null;
  onEnd: () => void;
}

export class CallWatch {
  readonly #clock: Clock;
  readonly #watched = new Map<string, Watched>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** To be called with every announced event. */
  hear(event: Event): void {
    if (this.#watched.size === 0) return;
    if (event.type === 'attempt-finished') {
      const { id, upstream, result, durationMs: ms } = event;
      const watched = this.#watched.get(id);
      watched?.attempts.push({ upstream: upstream.name, result, ms });
      if (watched) addSecrets(watched, upstream);
    } else if (event.type === 'request-finished') {
      const watched = this.#watched.get(event.id);
      if (!watched) return;
      watched.answeredBy = event.upstream?.name ?? null;
      if (event.upstream) addSecrets(watched, event.upstream);
      watched.onEnd();
    }
  }

  /** What is announced of the request with this id, as soon as `send` has settled and its end was announced. */
  async watch<T>(id: string, send: () => Promise<T>): Promise<[T, Watched]> {
    const watched: Watched = { attempts: [], secrets: new Set(), answeredBy: null, onEnd: () => {} };
    const ended = new Promise<void>((resolve) => {
      watched.onEnd = resolve;
    });
    this.#watched.set(id, watched);
    try {
      const result = await send();
      let stopTimer = () => {};
      const late = new Promise<void>((resolve) => {
        stopTimer = this.#clock.after(PATIENCE_MS, resolve);
      });
      await Promise.race([ended, late]);
      stopTimer();
      return [result, watched];
    } finally {
      this.#watched.delete(id);
    }
  }
}

/** At once: until the call is answered its name may be another one's. */
function addSecrets({ secrets }: Watched, upstream: UpstreamIdentity): void {
  const own = secretsBehind(upstream);
  if (own) secrets.add(own);
}
