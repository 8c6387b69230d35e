/** Why an upstream is out of service, in plain words, and what operators can do about it. */

import type { DownReason, FailureReason } from '../events.ts';
import { durationInWords } from '../numbers-in-words.ts';

/** `draining`: an operator has taken it out. */
export type OutReason = FailureReason | DownReason | 'draining';

/** What can be done, the most urgent first: what only an operator can end, then what may pass by itself. */
const ADVICE = {
  takeBack: 'take it back into service (the live page, or PATCH /servers) when it is well',
  key: 'see at the provider whether the key is valid, put a new one into the settings and reload (it will not mend by itself)',
  plan: 'see the quota and the bill at the provider',
  chain: 'see whether its URL belongs to the right network',
  certificate: "see whether the provider's certificate is valid and this machine's clock is right",
  network: 'see whether the provider has trouble and whether this machine can reach it',
  provider: 'see whether the provider has trouble (its status page, its logs)',
  limit: 'add an upstream, or raise the plan whose rate limit is used up',
} as const;
type Advice = keyof typeof ADVICE;

interface Explanation {
  /** Completes "NAME …"; the word of logs and `/stats` follows in brackets. */
  readonly says: string;
  readonly advice: Advice;
}

const EXPLANATIONS: Readonly<Record<OutReason, Explanation>> = {
  draining: { says: 'is drained by an operator', advice: 'takeBack' },
  refused: { says: 'refuses connections', advice: 'network' },
  dns: { says: 'can not be found: its host name has no address', advice: 'network' },
  tls: { says: 'can not be connected to by TLS', advice: 'certificate' },
  'connect-timeout': { says: 'can not be reached in time', advice: 'network' },
  timeout: { says: 'does not answer in time', advice: 'provider' },
  reset: { says: 'closes connections without an answer', advice: 'provider' },
  cut: { says: 'breaks its answers off', advice: 'provider' },
  'bad-http': { says: 'answers with broken HTTP', advice: 'provider' },
  status: { says: 'answers with HTTP errors', advice: 'provider' },
  'not-an-answer': { says: 'answers with something that is no JSON-RPC', advice: 'provider' },
  'upstream-broken': { says: 'says that it is out of order', advice: 'provider' },
  'rate-limited': { says: 'is over its rate limit', advice: 'limit' },
  plan: { says: 'says that our plan is used up or does not include this', advice: 'plan' },
  auth: { says: 'refuses our key', advice: 'key' },
  'method-unsupported': { says: 'does not know a method', advice: 'provider' },
  'probe-failed': { says: 'fails its health check', advice: 'network' },
  'wrong-chain': { says: 'is on the wrong chain', advice: 'chain' },
};

/** As many names as somebody reads before one piece of advice. */
const MAX_NAMED = 8;

/** `does not answer in time (timeout)`; with `problem` in place of the reason's word where that says more. */
export function whyOut(reason: OutReason, problem: string = reason): string {
  const { says } = EXPLANATIONS[reason];
  return reason === 'draining' ? says : `${says} (${problem})`;
}

/** `refuses our key (auth), left out for 15 minutes`; `method`: for that one alone. */
export function whyLeftOut(reason: OutReason, durationMs: number, method: string | undefined): string {
  const scope = method === undefined ? '' : ', for one method';
  return `${whyOut(reason)}, left out for ${durationInWords(durationMs)}${scope}`;
}

/**
 * What to do about these upstreams, the most urgent first. Each piece of advice names those that it is for, unless it is
 * for all. Without any upstream: where to look.
 */
export function adviceFor(out: readonly { readonly name: string; readonly reason: OutReason }[]): string {
  if (out.length === 0) return 'See on the page which upstreams fail, and why.';
  const named = Object.entries(ADVICE).flatMap(([key, text]) => {
    const names = out.flatMap(({ name, reason }) => (EXPLANATIONS[reason].advice === key ? name : []));
    if (names.length === 0) return [];
    return names.length === out.length ? [text] : [`${namesOf(names)}: ${text}`];
  });
  const [first = '', ...more] = named;
  const isForAll = more.length === 0;
  return `${isForAll ? first.slice(0, 1).toUpperCase() + first.slice(1) : named.join('; ')}.`;
}

function namesOf(names: readonly string[]): string {
  const more = names.length - MAX_NAMED;
  return `${names.slice(0, MAX_NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** Whether a failure is due to our credentials or our plan: only an operator can fix that. */
export function isAboutCredentials(reason: FailureReason): reason is 'auth' | 'plan' {
  return reason === 'auth' || reason === 'plan';
}
