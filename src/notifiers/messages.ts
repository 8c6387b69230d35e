import type { EventOf, FailureReason } from '../events.ts';
import type { Report } from './incident.ts';
import type { Alert } from './notifier.ts';

type RequestFinished = EventOf<'request-finished'>;
type Answered = Pick<RequestFinished, 'upstream'>;

/** Says how long: `45s`, `2m 05s`, `3h 04m`, `2d 05h`. */
export function inWords(durationMs: number): string {
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
 * The words of every alert, for somebody who was asleep: what is broken, what still works, where to look.
 * Only upstream names, closed words and numbers come from outside: never a URL, never a client's words.
 */
export class Messages {
  readonly #place: string;

  /** `hostname` and `env` tell one replica from another. */
  constructor(hostname: string, env: string | undefined) {
    this.#place = `[${env ? `${hostname}, ${env}` : hostname}]`;
  }

  allFailed(report: Report, event: RequestFinished, out: string): Alert {
    const answer = event.code ?? "the last upstream's answer";
    return this.#alert('all-upstreams-failed', 'critical', [
      `no upstream gives a usable answer${still(report)}: clients get errors.`,
      `${requests(report.sightings)} failed since ${time(report)}, the latest with ${answer} (HTTP ${event.status}, ${count(event.attempts, 'attempt')}).${onAndOff(report)}`,
      `${outLine(out)}State and reason of each upstream: GET /stats.`,
    ]);
  }

  answeredAgain(report: Report, event: Answered): Alert {
    const by = event.upstream ? ` by ${event.upstream.name} (${event.upstream.tier})` : '';
    return this.#alert('all-upstreams-failed', 'resolved', [
      `requests are answered again${by}, after ${inWords(report.lastedMs)} in which ${requests(report.sightings)} failed.`,
    ]);
  }

  fallbackInUse(report: Report, event: Answered, out: string): Alert {
    const by = event.upstream ? `, now ${event.upstream.name}` : '';
    return this.#alert('fallback-in-use', 'warning', [
      `no primary upstream is usable${still(report)}: the fallback carries the traffic${by}. Clients get their answers.`,
      `${requests(report.sightings)} answered by the fallback since ${time(report)}.${onAndOff(report)}`,
      `${outLine(out)}State and reason of each upstream: GET /stats.`,
    ]);
  }

  primariesBack(report: Report, event: Answered): Alert {
    const by = event.upstream ? ` (${event.upstream.name})` : '';
    return this.#alert('fallback-in-use', 'resolved', [
      `a primary upstream${by} answers again, after ${inWords(report.lastedMs)} in which the fallback answered ${requests(report.sightings)}.`,
    ]);
  }

  credentials(
    { upstream, durationMs, method }: EventOf<'upstream-quarantined'>,
    reason: CredentialReason,
  ): Alert {
    const { says, look } = CREDENTIAL_TROUBLE[reason];
    const scope = method === undefined ? 'It is left out' : 'It is left out for one method';
    return this.#alert('credentials', 'warning', [
      `${upstream.name} (${upstream.tier}) ${says} (${reason}). ${look}.`,
      `${scope}, ${inWords(durationMs)} from now on; the other upstreams are asked instead.`,
    ]);
  }

  wrongChain(report: Report, { upstream, problem }: EventOf<'upstream-down'>): Alert {
    return this.#alert('wrong-chain', 'warning', [
      `${upstream.name} (${upstream.tier}) is on the wrong chain (${problem})${still(report)}. It was taken out of service; the others serve its requests.`,
      'See whether its URL belongs to the right network.',
    ]);
  }

  chainUndecided({ chains }: EventOf<'chain-undecided'>): Alert {
    return this.#alert('wrong-chain', 'warning', [
      `the upstreams are on different chains: ${chains}. As many are on one as on another, so nobody was taken out, and clients may get the wrong chain's data.`,
      'Set CHAIN_ID to the right one, or take the others out.',
    ]);
  }

  rightChain(report: Report, { upstream }: EventOf<'upstream-up'>): Alert {
    return this.#alert('wrong-chain', 'resolved', [
      `${upstream.name} (${upstream.tier}) is on the right chain again and back in service, after ${inWords(report.lastedMs)}.`,
    ]);
  }

  removed({ upstream }: EventOf<'upstream-removed'>): Alert {
    return this.#alert('upstream-removed', 'warning', [
      `${upstream.name} (${upstream.tier}) was down for REMOVE_UNHEALTHY_AFTER without a break and was removed from its list; the others serve its requests.`,
      'It does not come back by itself: add it when it is well, or start anew.',
    ]);
  }

  #alert(kind: Alert['kind'], severity: Alert['severity'], lines: readonly string[]): Alert {
    return { kind, severity, text: `${this.#place} ${lines.join('\n')}` };
  }
}

const CREDENTIAL_TROUBLE = {
  auth: { says: 'refuses our credentials', look: 'It will not mend by itself: see whether its key is valid' },
  plan: {
    says: 'says that our plan is used up or does not include this',
    look: 'See the quota and the bill at the provider',
  },
} as const satisfies Partial<Record<FailureReason, unknown>>;

type CredentialReason = keyof typeof CREDENTIAL_TROUBLE;

/** Whether a failure tells of our credentials or our plan: only an operator can mend that. */
export function isAboutCredentials(reason: FailureReason): reason is CredentialReason {
  return Object.hasOwn(CREDENTIAL_TROUBLE, reason);
}

function still({ repeated, lastedMs }: Report): string {
  return repeated ? `, for ${inWords(lastedMs)} now` : '';
}

function time({ beganWallMs }: Report): string {
  return `${new Date(beganWallMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

function requests(number: number): string {
  return count(number, 'request');
}

function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? '' : 's'}`;
}

function onAndOff({ unreported }: Report): string {
  return unreported === 0 ? '' : ` It came and went ${count(unreported, 'time')} more since the last alert.`;
}

function outLine(out: string): string {
  return out ? `Out of service: ${out}. ` : '';
}
