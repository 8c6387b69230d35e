import type { Clock } from '../clock.ts';
import type { AnswerCode } from '../errors.ts';
import type { Announcer } from '../events.ts';
import type { Quarantine } from '../upstreams/quarantine.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { CandidateSource } from './candidates.ts';
import type { ClassifyLimits } from './classify.ts';
import type { Wire } from './forward.ts';
import type { AttemptOutcome } from './outcome.ts';
import type { BodyLimits } from './receive.ts';

/** What a request needs on its way. Built once, in `app.ts`. */
export interface BalancerParts {
  readonly clock: Clock;
  readonly announcer: Announcer;
  readonly quarantine: Quarantine;
  readonly candidates: CandidateSource;
  readonly wire: Wire;
  readonly limits: BodyLimits & ClassifyLimits & { readonly maxAttempts: number };
  readonly retryStatus: ReadonlySet<number>;
  /** New requests are refused. */
  readonly draining: () => boolean;
}

/** What a request's story ends with, for `conclude` to make an answer of. */
export type Ending =
  | { readonly kind: 'deliver'; readonly outcome: AttemptOutcome; readonly upstream: Upstream }
  | { readonly kind: 'refuse'; readonly code: AnswerCode }
  | { readonly kind: 'client-left' }
  /** No attempt gave an answer, or none could be made. `outcome` is the last attempt's. */
  | {
      readonly kind: 'failed';
      readonly outcome: AttemptOutcome | undefined;
      readonly upstream: Upstream | undefined;
    };
