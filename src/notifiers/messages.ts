/** Writes the facts of every alert. */

import type { EventOf, PoolIdentity, UpstreamIdentity } from '../events.ts';
import { counted } from '../numbers-in-words.ts';
import type { GroupReport } from './group.ts';
import type { IncidentReport } from './incident.ts';
import type { Alert, AlertKind } from './notifier.ts';
import type { OutOfService } from './outages.ts';
import { adviceFor } from './reasons.ts';

/** What all alerts have in common; the link may change. */
export interface Origin {
  /** The machine, and `ENV`. */
  readonly place: string;
  readonly link: string | undefined;
}

/** How the latest request failed. */
export interface LatestFailure {
  readonly code: string | undefined;
  readonly status: number;
  readonly attempts: number;
}

export type ChainVotes = EventOf<'chain-undecided'>['votes'];

const AS_EVER = 'answers as ever';

/** What clients get while single upstreams are out, by who serves them. */
const SERVED = {
  others: 'their answers, from the other upstreams',
  fallback: 'their answers, from the fallback',
  nobody: 'errors',
} as const;
export type ServedBy = keyof typeof SERVED;

/**
 * For somebody who was asleep: what is broken, what still works, what to do. Nothing from outside but names of
 * upstreams, words from closed sets and numbers: never a URL, never a client's text.
 */
export class Messages {
  readonly #origin: Origin;
  readonly #pool: PoolIdentity;

  constructor(origin: Origin, pool: PoolIdentity) {
    this.#origin = origin;
    this.#pool = pool;
  }

  allFailed(report: IncidentReport, latest: LatestFailure, out: readonly OutOfService[]): Alert {
    const { code, status, attempts } = latest;
    const answer = code ?? "the last upstream's answer";
    return this.#alert('all-upstreams-failed', 'critical', {
      ...report,
      what: 'no upstream gives a usable answer: clients get errors',
      requests: `${requests(report, 'failed')}${onAndOff(report)}`,
      upstreams: out,
      client: `errors, the latest with ${answer} (HTTP ${status}, after ${counted(attempts, 'attempt')})`,
      advice: adviceFor(out),
    });
  }

  answeredAgain(report: IncidentReport, by: UpstreamIdentity | undefined): Alert {
    return this.#alert('all-upstreams-failed', 'resolved', {
      ...report,
      what: `requests are answered again${by ? ` by ${by.name} (${by.tier})` : ''}`,
      requests: `${requests(report, 'failed')}${onAndOff(report)}`,
      client: AS_EVER,
    });
  }

  fallbackInUse(
    report: IncidentReport,
    by: UpstreamIdentity | undefined,
    out: readonly OutOfService[],
  ): Alert {
    return this.#alert('fallback-in-use', 'warning', {
      ...report,
      what: `no primary upstream is usable: the fallback carries the traffic${by ? `, now ${by.name}` : ''}`,
      requests: `${requests(report, 'answered')} by the fallback${onAndOff(report)}`,
      upstreams: out,
      client: SERVED.fallback,
      advice: adviceFor(out),
    });
  }

  primariesBack(report: IncidentReport, by: UpstreamIdentity | undefined): Alert {
    return this.#alert('fallback-in-use', 'resolved', {
      ...report,
      what: `a primary upstream${by ? ` (${by.name})` : ''} answers again`,
      requests: `${requests(report, 'answered')} by the fallback${onAndOff(report)}`,
      client: AS_EVER,
    });
  }

  credentials(report: GroupReport, servedBy: ServedBy): Alert {
    return this.#alert('credentials', 'warning', {
      ...report,
      what: `${counted(report.upstreams.length, 'upstream')} can not be used because of our key or plan`,
      client: SERVED[servedBy],
      advice: adviceFor(report.upstreams),
    });
  }

  wrongChain(report: GroupReport, servedBy: ServedBy): Alert {
    const number = report.upstreams.length;
    if (report.isOver) {
      return this.#alert('wrong-chain', 'resolved', {
        ...report,
        what: 'no upstream is on the wrong chain any more',
        upstreams: report.upstreams.map((upstream) => ({ ...upstream, why: 'was on the wrong chain' })),
        client: servedBy === 'others' ? AS_EVER : SERVED[servedBy],
      });
    }
    const { recovered } = report;
    return this.#alert('wrong-chain', 'warning', {
      ...report,
      what: `${counted(number, 'upstream')} on the wrong chain, taken out of service${recovered > 0 ? `; no longer: ${recovered}` : ''}`,
      client: SERVED[servedBy],
      advice: adviceFor(report.upstreams),
    });
  }

  chainUndecided(report: IncidentReport, votes: ChainVotes): Alert {
    return this.#alert('wrong-chain', 'warning', {
      ...report,
      what: 'the upstreams are on different chains, as many on one as on another: nobody was taken out',
      upstreams: votes.map(({ name, tier, chainId }) => ({ name, tier, why: `is on chain ${chainId}` })),
      client: "answers, perhaps with the wrong chain's data",
      advice: 'Set CHAIN_ID to the right one, or take the others out.',
    });
  }

  removed(report: GroupReport, servedBy: ServedBy): Alert {
    return this.#alert('upstream-removed', 'warning', {
      ...report,
      what: `${counted(report.upstreams.length, 'upstream')} removed from the lists`,
      client: SERVED[servedBy],
      advice: 'Nothing comes back by itself: add it when it is well (POST /servers), or restart.',
    });
  }

  poolRemoved(report: IncidentReport, kind: AlertKind): Alert {
    return this.#alert(kind, 'resolved', {
      ...report,
      what: 'the pool was taken out of the settings',
      client: 'whatever else serves its path',
    });
  }

  #alert(kind: AlertKind, severity: Alert['severity'], facts: Facts): Alert {
    const { beganWallMs, lastedMs, what, requests, upstreams = [], client, advice } = facts;
    const { place, link } = this.#origin;
    const { name: pool, shown } = this.#pool;
    return {
      kind,
      severity,
      pool,
      isOneOfSeveral: shown !== undefined,
      place,
      what,
      sinceMs: beganWallMs,
      lastedMs,
      requests,
      upstreams: upstreams.map(({ name, tier, why }) => ({ name, tier, why })),
      client,
      advice,
      link,
    };
  }
}

type Facts = Pick<GroupReport, 'beganWallMs' | 'lastedMs'> &
  Pick<Alert, 'what' | 'client'> &
  Partial<Pick<Alert, 'requests' | 'upstreams' | 'advice'>>;

/**
 * The alert with which operators try out whether alerts arrive. A `warning`: it must neither wake anybody nor close what
 * another alert has opened. What clients get is not in it, since it is sent in an outage, too.
 */
export function testAlert({ place, link }: Origin, wallMs: number): Alert {
  return {
    kind: 'test',
    severity: 'warning',
    pool: undefined,
    isOneOfSeveral: false,
    place,
    what: 'alerts of this load balancer arrive here',
    sinceMs: wallMs,
    lastedMs: 0,
    requests: undefined,
    upstreams: [],
    client: undefined,
    advice: undefined,
    link,
  };
}

function requests({ occurrences, requestCount }: IncidentReport, what: string): string {
  return `${occurrences} of ${counted(requestCount, 'request')} ${what}`;
}

function onAndOff({ unreported }: IncidentReport): string {
  return unreported === 0
    ? ''
    : `; it came and went ${counted(unreported, 'time')} more since the last message`;
}
