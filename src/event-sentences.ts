/** Events in plain words, for people who watch. */

import {
  type CallKind,
  type Event,
  type FailureReason,
  type PoolIdentity,
  poolOf,
  type RemovalCause,
  type SizeLimit,
  type UpstreamIdentity,
} from './events.ts';
import { counted, durationInWords } from './numbers-in-words.ts';

/** Whether somebody who watches is glad of it. */
export type Level = 'good' | 'bad' | 'info';

/** Without an end stop. Names of upstreams, pools and settings, closed sets of words and numbers; no secrets. */
export interface Sentence {
  readonly level: Level;
  readonly text: string;
}

type Carrying<E, Type> = E extends { readonly type: infer Types } ? (Type extends Types ? E : never) : never;
type Sentences = {
  readonly [Type in Event['type']]: ((event: Carrying<Event, Type>) => Sentence) | undefined;
};

/** Longer ones are cut off: problems and names of methods are of any length. */
const MAX_LENGTH = 300;

const good = (text: string): Sentence => ({ level: 'good', text });
const bad = (text: string): Sentence => ({ level: 'bad', text });
const info = (text: string): Sentence => ({ level: 'info', text });

/** What an upstream did that failed so. */
const FAILURES: Readonly<Record<FailureReason, string>> = {
  refused: 'refused the connection',
  dns: 'has a host name that was not found',
  tls: 'could not agree on TLS',
  'connect-timeout': 'did not accept the connection in time',
  timeout: 'timed out',
  reset: 'closed the connection without an answer',
  cut: 'broke off in the middle of its answer',
  'bad-http': 'answered something that is no HTTP',
  status: 'answered with an error status',
  'not-an-answer': 'answered something that is no answer to the question',
  'upstream-broken': 'reported an error of its own',
  'rate-limited': 'was rate-limited',
  plan: 'said that our plan is used up or does not include this',
  auth: 'refuses our key',
  'method-unsupported': 'does not support the method',
};

const RELEASES = {
  trial: 'is usable again: it answered a request',
  probe: 'is usable again: a health check answered',
  question: 'is usable again: it answered our test call',
  operator: 'was released by an operator',
} as const;

const REMOVALS: Readonly<Record<RemovalCause, (name: string) => Sentence>> = {
  operator: (name) => info(`${name} was removed by an operator`),
  unhealthy: (name) => bad(`${name} was removed: it had been down for too long`),
  reload: (name) => info(`${name} was removed: the settings no longer name it`),
};

const KINDS: Readonly<Record<CallKind, string>> = {
  state: 'reads of the state',
  reads: 'reads of blocks and transactions',
  calls: 'simulated calls',
  logs: 'logs',
  traces: 'traces',
  transactions: 'sent transactions',
  other: 'other methods',
  batches: 'batches',
  http: 'plain HTTP',
};

const LIMITS: Readonly<Record<SizeLimit, (size: number) => string>> = {
  logs_range: (size) => `${counted(size, 'block')} in one range of logs`,
  batch: (size) => `${counted(size, 'call')} in one batch`,
};

/** Of less than this, or until a test call is answered: nothing that people need to look at. */
const BRIEF_MS = 5_000;

/** Whether an upstream is left out for so short a time that it is no outage. */
export function isBriefQuarantine({
  durationMs,
  inQuestion,
}: Carrying<Event, 'upstream-quarantined'>): boolean {
  return inQuestion === true || durationMs < BRIEF_MS;
}

/** A row for each event; undefined for those of single requests, of which there are too many to read. */
const SENTENCES: Sentences = {
  'attempt-finished': undefined,
  'request-finished': undefined,
  'tunnel-opened': undefined,
  'hedge-finished': undefined,
  // As many as failures while it lasts; what it tells is in the state.
  'quarantine-extended': undefined,
  'upstream-quarantined': (event) => {
    const { upstream, reason, method, durationMs, inQuestion } = event;
    const { name } = upstream;
    const failure = FAILURES[reason];
    const time = durationInWords(durationMs);
    if (inQuestion)
      return bad(
        `${name} ${failure}: left out until a test call shows whether it or the request was at fault`,
      );
    // A limit that is met for a moment is how rates are found out, and no outage.
    const say = reason === 'rate-limited' && isBriefQuarantine(event) ? info : bad;
    if (method !== undefined) return say(`${name} ${failure}: it gets no ${method} for ${time}`);
    return say(`${name} ${failure}${reason === 'rate-limited' ? '' : ': left out'} for ${time}`);
  },
  'upstream-released': ({ upstream, by }) => good(`${upstream.name} ${RELEASES[by]}`),
  'upstream-down': ({ upstream: { name }, reason, problem }) =>
    bad(
      reason === 'wrong-chain' ? `${name} is on the wrong chain: ${problem}` : `${name} is down: ${problem}`,
    ),
  'upstream-up': ({ upstream, downMs }) =>
    good(`${upstream.name} is up again after ${durationInWords(downMs)}`),
  'upstream-kept': ({ upstream, downMs }) =>
    bad(
      `${upstream.name} has been down for ${durationInWords(downMs)}, and stays: nothing would be left in its place`,
    ),
  'upstream-lagging': ({ upstream, blocks }) =>
    bad(`${upstream.name} is ${counted(blocks, 'block')} behind, and asked after the others`),
  'upstream-caught-up': ({ upstream, laggedMs }) =>
    good(`${upstream.name} has caught up after ${durationInWords(laggedMs)}`),
  'upstream-slow': ({ upstream: { name }, reason, calls }) =>
    bad(
      reason === 'silent'
        ? `${name} does not answer${forCalls(calls)} at the moment, and is asked after the others`
        : `${name} is much slower than the others${forCalls(calls)}, and asked after them`,
    ),
  'upstream-quick': ({ upstream, calls, slowMs }) =>
    good(`${upstream.name} is no longer slow${forCalls(calls)}, after ${durationInWords(slowMs)}`),
  'chain-undecided': ({ pool, chains }) =>
    bad(`the upstreams${ofPool(pool)} are on different chains, ${chains}: set CHAIN_ID`),
  'limit-learnt': ({ upstream, limit, size }) =>
    info(`${upstream.name} takes at most ${LIMITS[limit](size)}`),
  'limit-shared': ({ upstream, other }) =>
    info(`${upstream.name} and ${other.name} are rate-limited together: they may share an account`),
  'upstream-added': ({ upstream: { name, tier } }) =>
    info(tier === 'fallback' ? `${name} was added as a fallback` : `${name} was added`),
  'upstream-removed': ({ upstream, cause }) => REMOVALS[cause](upstream.name),
  'upstream-changed': ({ upstream: { name }, weight, draining, changed }) => {
    if (!changed)
      return info(`${name} was changed by the settings: weight ${weight}${draining ? ', draining' : ''}`);
    const changes = changed.map((what) => {
      if (what === 'weight') return `given the weight ${weight}`;
      return draining ? 'drained' : 'taken back into service';
    });
    return info(`${name} was ${changes.join(' and ')} by an operator`);
  },
  'strategy-changed': ({ pool, strategy }) => info(`the strategy${ofPool(pool)} is now ${strategy}`),
  'settings-reloaded': ({ changed, restart }) => {
    const changes = changed.length > 0 ? `changed: ${changed.join(', ')}` : 'nothing has changed';
    const later = restart.length > 0 ? `; after a restart: ${restart.join(', ')}` : '';
    return info(`the settings were read anew; ${changes}${later}`);
  },
  'reload-refused': ({ problems: [first = '', ...more] }) =>
    bad(
      `the settings were read anew, and nothing has changed: ${first}${more.length > 0 ? ` (and ${counted(more.length, 'more problem')})` : ''}`,
    ),
  'pool-added': ({ name }) => info(`the pool ${name} was added`),
  'pool-removed': ({ name }) => info(`the pool ${name} was removed`),
  'overload-began': () => bad('the load balancer is overloaded, and refuses new requests'),
  'overload-ended': ({ durationMs }) =>
    good(`the load balancer is no longer overloaded, after ${durationInWords(durationMs)}`),
  shortage: ({ what }) => bad(`this machine is out of ${what}`),
  'name-lost': ({ host }) =>
    bad(`the host name ${host} is not found any more: its last known addresses go on serving`),
  'name-found': ({ host }) => good(`the host name ${host} is found again`),
  'alert-sent': ({ notifier, kind, severity }) =>
    info(
      severity === 'resolved'
        ? `the end of ${kind} was told by ${notifier}`
        : `an alert was sent by ${notifier}: ${kind}`,
    ),
  'alert-failed': ({ notifier, kind, severity, problem }) =>
    bad(
      severity === 'resolved'
        ? `the end of ${kind} could not be told by ${notifier}, and is tried again: ${problem}`
        : `an alert could not be sent by ${notifier}, and is tried again: ${kind}, ${problem}`,
    ),
  'alert-lost': ({ notifier, kind, severity, problem }) =>
    bad(
      severity === 'resolved'
        ? `the end of ${kind} was not told by ${notifier}: ${problem}`
        : `an alert was given up by ${notifier}: ${kind}, ${problem}`,
    ),
  'alerts-resumed': ({ notifier, failingMs }) =>
    good(`alerts are sent by ${notifier} again, after ${durationInWords(failingMs)}`),
};

/** The types of the events that are told, in the order of the table. */
export const TOLD_TYPES: readonly Event['type'][] = Object.entries(SENTENCES).flatMap(([type, say]) =>
  // The keys are those of the table.
  say ? [type as Event['type']] : [],
);

/** Whether it is told; events of single requests are not. */
export function isTold({ type }: Event): boolean {
  return SENTENCES[type] !== undefined;
}

/** Undefined for an event that is not told. */
export function sentenceOf(event: Event): Sentence | undefined {
  // The row of its own type; TypeScript can't follow that from one to the other.
  const say = SENTENCES[event.type] as ((event: Event) => Sentence) | undefined;
  if (!say) return undefined;
  const { level, text } = say(event);
  const plain = text.replace(/[.\s]+$/, '');
  return { level, text: plain.length > MAX_LENGTH ? `${plain.slice(0, MAX_LENGTH)}…` : plain };
}

/** Of the one that it is about, where there are several. */
function ofPool({ shown }: PoolIdentity): string {
  return shown === undefined ? '' : ` of ${shown}`;
}

function forCalls(calls: CallKind | undefined): string {
  return calls === undefined ? '' : ` for ${KINDS[calls]}`;
}

/** The pool and the upstream that an event is about, if it is about one. */
export function subjectOf(event: Event): {
  readonly pool: PoolIdentity | undefined;
  readonly upstream: UpstreamIdentity | undefined;
} {
  return { pool: poolOf(event), upstream: 'upstream' in event ? event.upstream : undefined };
}
