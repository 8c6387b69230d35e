/** Why an upstream is out of service, in plain words, and what operators can do about it. */

import type { DownReason, FailureReason } from '../events.ts';

interface Explanation {
  /** Completes "NAME …"; the word of logs and `/stats` follows in brackets. */
  readonly says: string;
  readonly advice: string;
}

const NETWORK = 'See whether the provider has trouble and whether this machine can reach it.';
const PROVIDER = 'See whether the provider has trouble (its status page, its logs).';
const LIMITS = 'Add an upstream, or raise the plan whose rate limit is used up.';

const EXPLANATIONS: Readonly<Record<FailureReason | DownReason, Explanation>> = {
  refused: { says: 'refuses connections', advice: NETWORK },
  dns: { says: 'can not be found: its host name has no address', advice: NETWORK },
  tls: {
    says: 'can not be connected to by TLS',
    advice: "See whether the provider's certificate is valid and this machine's clock is right.",
  },
  'connect-timeout': { says: 'can not be reached in time', advice: NETWORK },
  timeout: { says: 'does not answer in time', advice: PROVIDER },
  reset: { says: 'closes connections without an answer', advice: PROVIDER },
  cut: { says: 'breaks its answers off', advice: PROVIDER },
  'bad-http': { says: 'answers with broken HTTP', advice: PROVIDER },
  status: { says: 'answers with HTTP errors', advice: PROVIDER },
  'not-an-answer': { says: 'answers with something that is no JSON-RPC', advice: PROVIDER },
  'upstream-broken': { says: 'says that it is out of order', advice: PROVIDER },
  'rate-limited': { says: 'is over its rate limit', advice: LIMITS },
  plan: {
    says: 'says that our plan is used up or does not include this',
    advice: 'See the quota and the bill at the provider.',
  },
  auth: {
    says: 'refuses our key',
    advice:
      'See at the provider whether the key is valid, put a new one into the settings and reload: it will not mend by itself.',
  },
  'method-unsupported': { says: 'does not know a method', advice: PROVIDER },
  'probe-failed': { says: 'fails its health check', advice: NETWORK },
  'wrong-chain': {
    says: 'is on the wrong chain',
    advice: 'See whether its URL belongs to the right network.',
  },
};

/** `does not answer in time (timeout)`; with `problem` in place of the reason's word where that says more. */
export function whyOut(reason: FailureReason | DownReason, problem: string = reason): string {
  return `${EXPLANATIONS[reason].says} (${problem})`;
}

/** What to do about these reasons; without any, where to look. */
export function adviceFor(reasons: Iterable<FailureReason | DownReason>): string {
  const advice = new Set([...reasons].map((reason) => EXPLANATIONS[reason].advice));
  return advice.size === 0 ? 'See on the page which upstreams fail, and why.' : [...advice].join(' ');
}

/** Whether a failure is due to our credentials or our plan: only an operator can fix that. */
export function isAboutCredentials(reason: FailureReason): reason is 'auth' | 'plan' {
  return reason === 'auth' || reason === 'plan';
}
