// Replicas that share through one simulated Redis what they find out about upstreams, by the program's own parts.
import { pino } from 'pino';
import { SharedBuckets } from '../../../dist/clients/shared-buckets.js';
import { Pacer } from '../../../dist/pacing/pacer.js';
import { BudgetSharing } from '../../../dist/sharing/budget-sharing.js';
import { FactTable } from '../../../dist/sharing/fact-table.js';
import { connectRedis } from '../../../dist/sharing/redis/index.js';
import { seededRandom } from '../../lib/seeded-random.mjs';
import { SimulatedClock } from './clock.mjs';
import { SimulatedRedis } from './simulated-redis.mjs';

const QUARANTINE = { reason: 'connect-timeout', mayTry: true, doublings: 0 };
const QUARANTINE_MS = 60_000;
const TARGET = { shown: 'redis' };
const STEP_MS = 5;
/** Each replica asks each upstream so often, by so many calls a second on average. */
const CALLS_EACH_MS = 200;
const CALLS_PER_SECOND = 5;
const LONGEST_MS = 30_000;

const keyOf = (upstream) => upstream.toString(16).padStart(32, '0');

export class Fleet {
  #clock = new SimulatedClock();
  #random;
  #upstreams;
  #replicas = [];

  constructor({ replicas, upstreams, seed, loss }) {
    this.#random = seededRandom(seed);
    this.#upstreams = upstreams;
    this.redis = new SimulatedRedis({ clock: this.#clock, random: this.#random, loss });
    for (let number = 0; number < replicas; number += 1)
      this.#clock.after(2_000 * this.#random(), () => this.#start());
  }

  pass(ms) {
    return this.#clock.pass(ms);
  }

  failAt(upstream, found) {
    for (const replica of found)
      this.#replicas[replica].table.put(`out ${keyOf(upstream)}`, QUARANTINE, QUARANTINE_MS);
  }

  /** Each replica finds out by itself about this part of the upstreams, within a second, unless it has heard of it. */
  async outage(part) {
    for (let upstream = 0; upstream < part * this.#upstreams; upstream += 1) {
      const key = `out ${keyOf(upstream)}`;
      for (const { table } of this.#replicas)
        this.#clock.after(1_000 * this.#random(), () => {
          if (table.get(key) === undefined) table.put(key, QUARANTINE, QUARANTINE_MS);
        });
    }
    await this.pass(1_000);
  }

  async recovery(part) {
    await this.outage(part);
    await this.pass(5_000);
    for (let upstream = 0; upstream < part * this.#upstreams; upstream += 1)
      for (const { table } of this.#replicas)
        this.#clock.after(1_000 * this.#random(), () => table.end(`out ${keyOf(upstream)}`));
    await this.pass(1_000);
  }

  /** From now on each replica sends calls to each upstream; some more, some less. */
  useBudgets() {
    const perTurn = (CALLS_PER_SECOND * CALLS_EACH_MS) / 1_000;
    for (const { pacers } of this.#replicas) {
      const call = () => {
        const nowMs = this.#clock.monotonicMs();
        for (const pacer of pacers)
          for (let calls = 2 * perTurn * this.#random(); calls >= 0.5; calls -= 1) {
            pacer.sent(1, nowMs);
            pacer.answered(1, nowMs, nowMs);
          }
        this.#clock.after(CALLS_EACH_MS, call);
      };
      this.#clock.after(CALLS_EACH_MS * this.#random(), call);
    }
  }

  /** So many upstreams are found out of order every second by somebody, and back a second later. */
  flap(count) {
    const { table } = this.#replicas[Math.floor(this.#random() * this.#replicas.length)];
    const key = `out ${keyOf(Math.floor(this.#random() * count))}`;
    if (table.get(key) === undefined) table.put(key, QUARANTINE, QUARANTINE_MS);
    else table.end(key);
    this.#clock.after((1_000 * this.#random()) / count, () => this.flap(count));
  }

  async restartRedis() {
    await this.outage(1);
    await this.pass(10_000);
    this.redis.empty();
  }

  async join() {
    await this.outage(1);
    await this.pass(10_000);
    this.#start();
  }

  /** How long it takes until all replicas know what all know together, and until Redis has it; undefined: too long. */
  async timeToAgree(happen) {
    await happen(this);
    const began = this.#clock.monotonicMs();
    let allMs;
    while (this.#clock.monotonicMs() - began < LONGEST_MS) {
      await this.pass(STEP_MS);
      const share = this.#agreeing();
      const ms = this.#clock.monotonicMs() - began;
      if (share === 1) allMs ??= ms;
      if (allMs !== undefined && this.#isStored()) return { allMs, storedMs: ms };
    }
    return { allMs };
  }

  /** The share of replicas that have the newest version of each fact. */
  #agreeing() {
    const known = this.#replicas.map(({ table }) => outsOf(table));
    const newest = new Map();
    for (const facts of known)
      for (const [key, version] of facts) if (!(newest.get(key) >= version)) newest.set(key, version);
    const agree = known.filter((facts) => [...newest].every(([key, version]) => facts.get(key) === version));
    return newest.size === 0 ? 0 : agree.length / known.length;
  }

  /** Whether Redis has them all for those who come. */
  #isStored() {
    const [{ table }] = this.#replicas;
    return [...table.current('out').keys()].every((subject) => this.redis.hash.has(`out ${subject}`));
  }

  #start() {
    const clock = this.#clock;
    const origin = `${Math.floor(this.#random() * 2 ** 48)
      .toString(16)
      .padStart(16, '0')}.0`;
    const table = new FactTable({ clock, origin });
    const sharing = connectRedis({
      ...{ table, target: TARGET, prefix: 'rpc-lb', open: this.redis.open, clock, random: this.#random },
      logger: pino({ level: 'silent' }),
    });
    this.#replicas.push({ table, sharing, pacers: this.#shareBudgets(table) });
  }

  /** Of each upstream, whose limit is known. */
  #shareBudgets(table) {
    const pacers = Array.from({ length: this.#upstreams }, () => new Pacer({ ceilingRps: 1_000 }));
    const budgets = pacers.map((pacer, upstream) => ({
      ...{ key: keyOf(upstream), pacer, learns: true, waiting: () => 0 },
    }));
    new BudgetSharing({
      ...{ table, clock: this.#clock, role: 'alone', workers: 1, budgets: () => budgets },
      ...{ buckets: new SharedBuckets(), inFlight: () => new Map(), setInFlightElsewhere() {} },
    }).start();
    return pacers;
  }
}

function outsOf(table) {
  const facts = table.snapshot('fleet').filter(({ key }) => key.startsWith('out '));
  return new Map(facts.map(({ key, version, origin }) => [key, `${version} ${origin}`]));
}
