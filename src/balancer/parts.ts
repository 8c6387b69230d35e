import type { Ledger } from '../calls/ledger.ts';
import type { Clock } from '../clock.ts';
import type { AnswerCode } from '../errors.ts';
import type { Announcer } from '../events.ts';
import type { FilterHomes } from '../rpc/filters.ts';
import type { Answered, Switched } from '../transport/outcome.ts';
import type { Wire } from '../transport/wire.ts';
import type { OpenTunnels } from '../tunnels/open-tunnels.ts';
import type { Quarantine } from '../upstreams/quarantine.ts';
import type { Registry } from '../upstreams/registry.ts';
import type { Suspects } from '../upstreams/suspects.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { CandidateSource } from './candidates.ts';
import type { ClassifySettings } from './classify.ts';
import type { BodyLimits } from './receive.ts';

export type HeightListener = (
  upstream: Upstream,
  text: Buffer,
  result: { readonly resultStart: number; readonly resultEnd: number },
) => void;

/** What a request needs on its way. Built once, in `app/balancer.ts`. */
export interface BalancerParts {
  readonly clock: Clock;
  readonly announcer: Announcer;
  readonly quarantine: Quarantine;
  readonly suspects: Suspects;
  readonly registry: Registry;
  readonly candidates: CandidateSource;
  readonly wire: Wire;
  readonly limits: BodyLimits & {
    readonly maxAttempts: number;
    /** How long a request may wait for an upstream when all that may be tried are being tried. */
    readonly maxQueueWaitMs: number;
  };
  readonly classify: ClassifySettings;
  readonly filters: FilterHomes<Upstream>;
  readonly tunnels: OpenTunnels;
  /** Told of each answer to a single `eth_blockNumber`, and where in `text` its result stands. */
  readonly learnHeight: HeightListener;
  readonly retryStatus: ReadonlySet<number>;
  /** New requests are refused. */
  readonly draining: () => boolean;
  /** New requests are refused for a moment: the process can't keep up. */
  readonly overloaded: () => boolean;
}

/** What a request's story ends with, for `conclude` to make an answer of. */
export type Ending =
  /** This answer as it is. */
  | { readonly kind: 'deliver'; readonly answered: Answered; readonly upstream: Upstream }
  /** The upstream speaks the other protocol that was asked for. */
  | { readonly kind: 'tunnel'; readonly switched: Switched; readonly upstream: Upstream }
  | { readonly kind: 'refuse'; readonly code: AnswerCode }
  | { readonly kind: 'client-left' }
  /** What the ledger of a JSON-RPC request holds; `last` where it holds nothing. */
  | { readonly kind: 'ledger'; readonly ledger: Ledger; readonly last: LastAnswer | undefined }
  /** No attempt gave a usable answer, or none could be made. */
  | { readonly kind: 'failed'; readonly last: LastAnswer | undefined };

/** The last attempt's HTTP answer, not usable but real. */
export interface LastAnswer {
  readonly answered: Answered;
  readonly upstream: Upstream;
  /** The upstream is to blame for it. */
  readonly blamed: boolean;
}
