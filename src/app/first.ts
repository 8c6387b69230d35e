/** The first of several processes: it owns the port, admin port, checks and alerts, and workers serve the clients. */

import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { isOfRequest } from '../event-log.ts';
import { Workforce } from '../workers/workforce.ts';
import type { RoleKind } from './role.ts';
import { createFacts, createTable } from './shared-facts.ts';

/** Of a TLS server's keys for session tickets. */
const TICKET_KEYS_BYTES = 48;

/** It is not in the way of clients: how late it is changes nothing for them. */
const NEVER_OVERLOADED = { isOn: false, start() {}, stop() {} };

/** With so many workers. */
export function firstOfSeveral(clock: Clock, workers: number): RoleKind {
  const table = createTable(clock);
  return {
    facts: createFacts({ table, role: 'first', workers }),
    // Workers write the lines of the requests that they serve.
    logged: (listener) => (event) => {
      if (!isOfRequest(event)) listener(event);
    },
    createOverload: () => NEVER_OVERLOADED,
    create({ config, runtime, serving, statistics, certificates, via, secret }) {
      const { logger, announcer } = runtime;
      const stats = (pool: string | undefined) => statistics.stats(pool);
      const ticketKeys = randomBytes(TICKET_KEYS_BYTES);
      const workforce = new Workforce({
        ...{ config, clock, logger, announcer, facts: table, certificates, stats },
        pools: () => serving.service.pools,
        common: { secret, via, ticketKeys },
      });
      return {
        port: workforce,
        apply: (next) => workforce.apply(next),
        async stats(pool) {
          await workforce.collect();
          return stats(pool);
        },
        collect: workforce.collect,
        beginDrain: () => workforce.beginDrain(),
        abort: () => workforce.kill(),
        linesDroppedElsewhere: () => workforce.linesDropped,
      };
    },
  };
}
