/** Connects this replica with the others through Redis. */

import type { Clock } from '../../clock.ts';
import type { Logger } from '../../log.ts';
import type { Claims } from '../../notifiers/claims.ts';
import type { Random } from '../../random.ts';
import type { FactTable } from '../fact-table.ts';
import type { OpenConnection } from './connection.ts';
import { Health } from './health.ts';
import { Link } from './link.ts';
import { RedisClaims } from './redis-claims.ts';
import type { RedisTarget } from './target.ts';
import { RedisTransport } from './transport.ts';

/** So long the start waits for what others know; without it, it is known a moment later. */
const FIRST_ROUND_MS = 200;
/** So long an alert waits for the answer whether another replica tells of it: it is sought just when all are busy. */
const CLAIM_MS = 500;
/** The last words take no longer. */
const LAST_ROUND_MS = 200;

export interface RedisOptions {
  readonly table: FactTable;
  readonly target: RedisTarget;
  /** What names of keys begin with. */
  readonly prefix: string;
  /** See `opener`; given, so that its library is loaded only where it is needed. */
  readonly open: OpenConnection;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export interface RedisSharing {
  /** Resolves when all that others know is known here, when Redis is not there, or after 200 ms. Never rejects. */
  readonly ready: Promise<void>;
  /** What is told reaches others, all of it. */
  readonly isUp: boolean;
  readonly claims: Claims;
  /** Tells what is still to be told, and ends. Takes 200 ms at most; never rejects. */
  close(): Promise<void>;
}

/** Never waits for Redis, and never throws. */
export function connectRedis(options: RedisOptions): RedisSharing {
  const { table, target, prefix, open, clock, random, logger } = options;
  const health = new Health(logger, target.shown);
  let haveTried: () => void = () => {};
  const first = new Promise<void>((resolve) => {
    haveTried = resolve;
  });
  const link: Link = new Link({
    ...{ open, clock, random, channel: `${prefix}:facts` },
    onReady: () => void transport.begin().then(() => haveTried()),
    onMessage: (message) => transport.hear(message),
    onProblem(problem) {
      transport.pause();
      health.fails('alone', problem.message, problem.isRefusal);
      // Between two attempts nothing keeps a process alive that does not listen yet.
      haveTried();
    },
  });
  const transport = new RedisTransport({ table, link, health, clock, random, prefix });
  void link.open();
  const claims = new RedisClaims({
    ...{ origin: table.origin, prefix },
    ask: (commands) => link.ask(commands, CLAIM_MS),
  });
  return {
    ready: within(FIRST_ROUND_MS, first, clock),
    get isUp() {
      return health.isUp;
    },
    claims,
    async close() {
      await within(LAST_ROUND_MS, transport.end(), clock);
      link.close();
    },
  };
}

function within(limitMs: number, done: Promise<void>, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(limitMs, resolve);
    void done.then(() => {
      cancel();
      resolve();
    });
  });
}
