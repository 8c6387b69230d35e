/** Writes the text of every alert. */

import type { EventOf, FailureReason, PoolIdentity } from '../events.ts';
import type { IncidentReport } from './incident.ts';
import type { Alert } from './notifier.ts';

type RequestFinished = EventOf<'request-finished'>;
type Answered = Pick<RequestFinished, 'upstream'>;

/** A duration for people: `45s`, `2m 05s`, `3h 04m`, `2d 05h`. */
export function durationInWords(durationMs: number): string {
  const seconds = Math.floor(durationMs / 1_000);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const two = (value: number) => String(value).padStart(2, '0');
  if (seconds < 1) return 'less than 1s';
  if (minutes < 1) return `${seconds}s`;
  if (hours < 1) return `${minutes}m ${two(seconds % 60)}s`;
  if (hours < 24) return `${hours}h ${two(minutes % 60)}m`;
  return `${Math.floor(hours / 24)}d ${two(hours % 24)}h`;
}

/**
 * For somebody who was asleep: what is broken, what still works, where to look. Nothing from outside but names of
 * upstreams, words from closed sets and numbers: never a URL, never a client's text.
 */
export class Messages {
  readonly #place: string;
  readonly #pool: PoolIdentity;

  /** `hostname` and `env` tell one replica from another; `pool` is what the alerts are about. */
  constructor(hostname: string, env: string | undefined, pool: PoolIdentity) {
    this.#place = `[${env ? `${hostname}, ${env}` : hostname}]`;
    this.#pool = pool;
  }

  allFailed(report: IncidentReport, event: RequestFinished, out: string): Alert {
    const answer = event.code ?? "the last upstream's answer";
    return this.#alert('all-upstreams-failed', 'critical', [
      `no upstream gives a usable answer${duration(report)}: clients get errors.`,
      `${requests(report.occurrences)} failed since ${startTime(report)}, the latest with ${answer} (HTTP ${event.status}, ${count(event.attempts, 'attempt')}).${onAndOff(report)}`,
      `${outOfService(out)}State and reason of each upstream: GET /stats.`,
    ]);
  }

  answeredAgain(report: IncidentReport, event: Answered): Alert {
    const by = event.upstream ? ` by ${event.upstream.name} (${event.upstream.tier})` : '';
    return this.#alert('all-upstreams-failed', 'resolved', [
      `requests are answered again${by}, after ${durationInWords(report.lastedMs)} in which ${requests(report.occurrences)} failed.`,
    ]);
  }

  fallbackInUse(report: IncidentReport, event: Answered, out: string): Alert {
    const by = event.upstream ? `, now ${event.upstream.name}` : '';
    return this.#alert('fallback-in-use', 'warning', [
      `no primary upstream is usable${duration(report)}: the fallback carries the traffic${by}. Clients get their answers.`,
      `${requests(report.occurrences)} answered by the fallback since ${startTime(report)}.${onAndOff(report)}`,
      `${outOfService(out)}State and reason of each upstream: GET /stats.`,
    ]);
  }

  primariesBack(report: IncidentReport, event: Answered): Alert {
    const by = event.upstream ? ` (${event.upstream.name})` : '';
    return this.#alert('fallback-in-use', 'resolved', [
      `a primary upstream${by} answers again, after ${durationInWords(report.lastedMs)} in which the fallback answered ${requests(report.occurrences)}.`,
    ]);
  }

  poolRemoved(report: IncidentReport, kind: Alert['kind']): Alert {
    return this.#alert(kind, 'resolved', [
      `the pool was taken out of the settings, after ${durationInWords(report.lastedMs)} in which this lasted.`,
    ]);
  }

  credentials(
    { upstream, durationMs, method }: EventOf<'upstream-quarantined'>,
    reason: CredentialReason,
  ): Alert {
    const { says, look } = CREDENTIAL_PROBLEMS[reason];
    const scope = method === undefined ? 'It is left out' : 'It is left out for one method';
    return this.#alert('credentials', 'warning', [
      `${upstream.name} (${upstream.tier}) ${says} (${reason}). ${look}.`,
      `${scope}, ${durationInWords(durationMs)} from now on; the other upstreams are asked instead.`,
    ]);
  }

  wrongChain(report: IncidentReport, { upstream, problem }: EventOf<'upstream-down'>): Alert {
    return this.#alert('wrong-chain', 'warning', [
      `${upstream.name} (${upstream.tier}) is on the wrong chain (${problem})${duration(report)}. It was taken out of service; the others serve its requests.`,
      'See whether its URL belongs to the right network.',
    ]);
  }

  chainUndecided({ chains }: EventOf<'chain-undecided'>): Alert {
    return this.#alert('wrong-chain', 'warning', [
      `the upstreams are on different chains: ${chains}. As many are on one as on another, so nobody was taken out, and clients may get the wrong chain's data.`,
      'Set CHAIN_ID to the right one, or take the others out.',
    ]);
  }

  rightChain(report: IncidentReport, { upstream }: EventOf<'upstream-up'>): Alert {
    return this.#alert('wrong-chain', 'resolved', [
      `${upstream.name} (${upstream.tier}) is on the right chain again and back in service, after ${durationInWords(report.lastedMs)}.`,
    ]);
  }

  removed({ upstream }: EventOf<'upstream-removed'>): Alert {
    return this.#alert('upstream-removed', 'warning', [
      `${upstream.name} (${upstream.tier}) was down for REMOVE_UNHEALTHY_AFTER without a break and was removed from its list; the others serve its requests.`,
      'It does not come back by itself: add it when it is well, or start anew.',
    ]);
  }

  #alert(kind: Alert['kind'], severity: Alert['severity'], lines: readonly string[]): Alert {
    const { shown } = this.#pool;
    const about = shown === undefined ? '' : `pool ${shown}: `;
    return { kind, severity, text: `${this.#place} ${about}${lines.join('\n')}` };
  }
}

const CREDENTIAL_PROBLEMS = {
  auth: { says: 'refuses our credentials', look: 'It will not mend by itself: see whether its key is valid' },
  plan: {
    says: 'says that our plan is used up or does not include this',
    look: 'See the quota and the bill at the provider',
  },
} as const satisfies Partial<Record<FailureReason, unknown>>;

type CredentialReason = keyof typeof CREDENTIAL_PROBLEMS;

/** Whether a failure is due to our credentials or our plan: only an operator can fix that. */
export function isAboutCredentials(reason: FailureReason): reason is CredentialReason {
  return Object.hasOwn(CREDENTIAL_PROBLEMS, reason);
}

function duration({ repeated, lastedMs }: IncidentReport): string {
  return repeated ? `, for ${durationInWords(lastedMs)} now` : '';
}

function startTime({ beganWallMs }: IncidentReport): string {
  return `${new Date(beganWallMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

function requests(number: number): string {
  return count(number, 'request');
}

function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? '' : 's'}`;
}

function onAndOff({ unreported }: IncidentReport): string {
  return unreported === 0 ? '' : ` It came and went ${count(unreported, 'time')} more since the last alert.`;
}

function outOfService(out: string): string {
  return out ? `Out of service: ${out}. ` : '';
}
