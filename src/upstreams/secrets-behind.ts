/** Finds the secrets of an upstream by what is announced in its place, in a list or not any more. */

import type { UpstreamIdentity } from '../events.ts';
import type { SecretTexts } from '../secret-texts.ts';

interface Owner {
  readonly identity: UpstreamIdentity;
  readonly secrets: SecretTexts;
}

/** No identity has them as its own: it is shown. */
const OWNERS = new WeakMap<UpstreamIdentity, Owner>();

/** To be called with every new upstream. */
export function keepSecretsOf(owner: Owner): void {
  OWNERS.set(owner.identity, owner);
}

/** The texts that no client may see. */
export function secretsBehind(identity: UpstreamIdentity): SecretTexts | undefined {
  return OWNERS.get(identity)?.secrets;
}
