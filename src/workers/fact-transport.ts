/** Carries facts between the first process and a worker. */

import type { Fact } from '../sharing/fact.ts';
import type { Transport } from '../sharing/fact-table.ts';

/** Within a machine all facts may go, and at once. */
export function factTransport(send: (message: { type: 'facts'; facts: readonly Fact[] }) => void): Transport {
  return { reach: 'machine', send: (facts) => send({ type: 'facts', facts }) };
}
