import type { Fact, Reach } from '../../src/sharing/fact.ts';
import type { FactTable, Transport } from '../../src/sharing/fact-table.ts';

/**
 * Connects two tables: what one tells is at the other at once, and recorded in `sent`. What each knows already is told
 * first.
 */
export function link(one: FactTable, other: FactTable, reach: Reach = 'fleet', sent: Fact[] = []): void {
  const transport = (to: () => [FactTable, Transport]): Transport => ({
    reach,
    send(facts) {
      sent.push(...structuredClone(facts));
      const [table, from] = to();
      table.receive(structuredClone(facts), from);
    },
  });
  const ofOne: Transport = transport(() => [other, ofOther]);
  const ofOther: Transport = transport(() => [one, ofOne]);
  one.connect(ofOne);
  other.connect(ofOther);
  ofOne.send(one.snapshot(reach), true);
  ofOther.send(other.snapshot(reach), true);
}
