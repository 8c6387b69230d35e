/** Asks which software a node runs. */

import { type Finding, known, notTried, untold } from '../finding.ts';
import type { Inquiry } from '../inquiry.ts';
import { reasonOf } from '../reply.ts';
import { shownText } from '../shown-text.ts';

const MAX_LENGTH = 100;

export async function clientVersion(inquiry: Inquiry): Promise<Finding<string>> {
  const reply = await inquiry.call('web3_clientVersion');
  if (reply.kind === 'not-tried') return notTried(reply.why);
  if (reply.kind !== 'result') return untold(reasonOf(reply));
  const text =
    typeof reply.result === 'string' ? shownText(reply.result, inquiry.upstream.secrets, MAX_LENGTH) : '';
  return text === '' ? untold('no text in the answer') : known(text);
}
