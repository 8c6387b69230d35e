/** Carries facts between replicas by a hash in Redis, which all read every two seconds, and by messages. */

import type { Clock } from '../../clock.ts';
import type { Random } from '../../random.ts';
import type { Fact } from '../fact.ts';
import type { FactTable, Transport } from '../fact-table.ts';
import { type Command, codeInWords, ErrorAnswer, RedisProblem } from './connection.ts';
import { FactsHash } from './facts-hash.ts';
import type { Health, Trouble } from './health.ts';
import type { Link } from './link.ts';
import { inMessages, Publisher } from './publisher.ts';
import { MAX_AHEAD_MS, readMessage, writeMessage } from './stored-fact.ts';

/** Each round up to a tenth longer or shorter by chance. */
const ROUND_MS = 2_000;
const JITTER = 0.1;
/** So many rounds without an answer in time, and the connection is opened anew. */
const LATE_ROUNDS = 2;
/** By messages alone, all of our own facts are told again after so many rounds, for those who have come since. */
const RETELL_ROUNDS = 5;

export interface TransportOptions {
  readonly table: FactTable;
  readonly link: Link;
  readonly health: Health;
  readonly clock: Clock;
  readonly random: Random;
  readonly prefix: string;
}

interface Found {
  readonly trouble: Trouble;
  readonly problem: string;
}

/** Nothing waits for it. */
export class RedisTransport implements Transport {
  readonly reach = 'fleet';
  readonly #options: TransportOptions;
  readonly #hash: FactsHash;
  readonly #publisher: Publisher;
  readonly #channel: string;
  /** What this machine has told since the last round that has written it, by key. */
  #changed = new Set<string>();
  #lateRounds = 0;
  #rounds = 0;
  /** Why the last message was refused. */
  #refusal: string | undefined;
  #running: Promise<void> | undefined;
  #cancel: () => void = () => {};

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#hash = new FactsHash(`${options.prefix}:facts`);
    this.#channel = `${options.prefix}:facts`;
    this.#publisher = new Publisher({
      clock: options.clock,
      from: options.table.origin,
      publish: (messages) => this.#publish(messages),
    });
    options.table.connect(this);
  }

  send(facts: readonly Fact[], areUrgent: boolean): void {
    for (const { key } of facts) this.#changed.add(key);
    if (areUrgent && this.#options.link.isReady) this.#publisher.put(facts);
  }

  /** A message has come. */
  hear(message: string): void {
    this.#receive(readMessage(message, this.#options.table.origin));
  }

  /** There is a connection: a round at once, then one every two seconds. Resolves after the first one. */
  begin(): Promise<void> {
    this.#hash.forget();
    this.#lateRounds = 0;
    return this.#round();
  }

  /** There is none. */
  pause(): void {
    this.#cancel();
    this.#publisher.clear();
  }

  /** A last round, for what this replica says at its end. Never rejects. */
  async end(): Promise<void> {
    const { link, table } = this.#options;
    if (link.isReady && this.#changed.size > 0) {
      await this.#running;
      await this.#round();
    }
    this.pause();
    table.disconnect(this);
  }

  /** Never rejects. */
  #round(): Promise<void> {
    this.#cancel();
    const { link, clock, random } = this.#options;
    this.#running ??= this.#tryRound().finally(() => {
      this.#running = undefined;
      if (!link.isReady) return;
      const pauseMs = ROUND_MS * (1 - JITTER + 2 * JITTER * random());
      this.#cancel = clock.after(pauseMs, () => void this.#round());
    });
    return this.#running;
  }

  async #tryRound(): Promise<void> {
    const { link, health } = this.#options;
    try {
      const found = await this.#exchange();
      this.#lateRounds = 0;
      link.works();
      if (found) health.fails(found.trouble, found.problem);
      else health.works();
    } catch (error) {
      // Once may be chance.
      const isLate = error instanceof RedisProblem && error.isLate;
      this.#lateRounds = isLate ? this.#lateRounds + 1 : LATE_ROUNDS;
      if (this.#lateRounds < LATE_ROUNDS) return;
      link.giveUp(error instanceof RedisProblem ? error : new RedisProblem('it can’t be used'));
    }
  }

  /** Resolves to what is not as it should be; undefined when all is well. Rejects with a RedisProblem. */
  async #exchange(): Promise<Found | undefined> {
    const changed = this.#changed;
    this.#changed = new Set();
    this.#rounds += 1;
    try {
      const { link, table } = this.#options;
      const [answers] = await Promise.all([link.ask(this.#hash.lookCommands()), link.ping()]);
      const { redisMs, problem } = this.#hash.readLook(answers);
      const facts = table.snapshot('fleet');
      const found = problem ?? (await this.#useHash(facts, changed, redisMs));
      if (found !== undefined) this.#tellByMessages(facts, changed);
      return this.#judge(found, redisMs);
    } catch (error) {
      for (const key of changed) this.#changed.add(key);
      throw error;
    }
  }

  /** `problem`: why the hash can't be used. */
  #judge(problem: string | undefined, redisMs: number): Found | undefined {
    const refusal = this.#refusal;
    if (problem !== undefined) return { trouble: refusal === undefined ? 'messages' : 'alone', problem };
    if (refusal !== undefined) return { trouble: 'hash', problem: refusal };
    const aheadMs = this.#options.clock.wallMs() - redisMs;
    if (Math.abs(aheadMs) < MAX_AHEAD_MS) return undefined;
    const hours = Math.round(Math.abs(aheadMs) / 3_600_000);
    return {
      trouble: 'clock',
      problem: `it is ${hours} h ${aheadMs > 0 ? 'ahead of' : 'behind'} that of Redis`,
    };
  }

  async #useHash(
    facts: readonly Fact[],
    changed: ReadonlySet<string>,
    redisMs: number,
  ): Promise<string | undefined> {
    const { link, clock } = this.#options;
    const due = this.#hash.due(facts, (fact) => this.#isOwn(fact) || changed.has(fact.key));
    const answers = await link.ask(this.#hash.commands(due, redisMs));
    const { facts: read, problem } = this.#hash.readAnswers(answers, { redisMs, wallMs: clock.wallMs() });
    this.#receive(read);
    return problem;
  }

  /** Whatever others tell must end neither the process nor the connection. */
  #receive(facts: readonly unknown[]): void {
    const { table, health } = this.#options;
    try {
      table.receive(facts, this);
    } catch (error) {
      health.defect(error);
    }
  }

  /** In place of the hash. */
  #tellByMessages(facts: readonly Fact[], changed: ReadonlySet<string>): void {
    const tellsAll = this.#rounds % RETELL_ROUNDS === 0;
    const told = facts.filter((fact) => changed.has(fact.key) || (tellsAll && this.#isOwn(fact)));
    const { origin } = this.#options.table;
    this.#publish(inMessages(told).map((each) => writeMessage(origin, each)));
  }

  /** Of this replica: its processes have its origin, with a number of their own. */
  #isOwn({ origin }: Fact): boolean {
    return replicaOf(origin) === replicaOf(this.#options.table.origin);
  }

  #publish(messages: readonly string[]): void {
    if (messages.length === 0) return;
    const commands = messages.map((message): Command => ['PUBLISH', this.#channel, message]);
    void this.#options.link
      .ask(commands)
      .then((answers) => {
        const refused = answers.find((answer) => answer instanceof ErrorAnswer);
        this.#refusal = refused && codeInWords(refused.code);
      })
      // What is lost stands in the hash with the next round.
      .catch(() => {});
  }
}

function replicaOf(origin: string): string {
  return origin.replace(/\..*$/s, '');
}
