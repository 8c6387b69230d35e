import { pino } from 'pino';
import { FactTable } from '../../../src/sharing/fact-table.ts';
import {
  type Answer,
  type Command,
  ErrorAnswer,
  type OpenConnection,
  RedisProblem,
} from '../../../src/sharing/redis/connection.ts';
import { connectRedis } from '../../../src/sharing/redis/index.ts';
import type { RedisTarget } from '../../../src/sharing/redis/target.ts';
import { linesInto } from '../../support/app.ts';
import type { LogLine } from '../../support/daemon.ts';
import { ManualClock } from '../../support/manual-clock.ts';

/** Redis in this process, as far as it is used, with its faults and a clock of its own. */
export class FakeRedis {
  readonly clock = new ManualClock();
  readonly hashes = new Map<string, Map<string, string>>();
  readonly texts = new Map<string, { text: string; untilMs: number }>();
  /** All commands so far. */
  readonly asked: Command[] = [];
  readonly published: string[] = [];
  /** Error codes by command. */
  readonly refusals = new Map<string, string>();
  /** Accepts, and never answers. */
  isHung = false;
  isGone = false;
  /** How far its clock is ahead of that of replicas. */
  aheadMs = 3_600_000;
  opened = 0;
  readonly #listeners = new Map<symbol, (message: string) => void>();
  readonly #lost = new Map<symbol, (problem: RedisProblem) => void>();

  get nowMs(): number {
    return this.clock.wallMs() + this.aheadMs;
  }

  readonly open: OpenConnection = async (onLost) => {
    this.opened += 1;
    if (this.isGone) throw new RedisProblem('no connection (ECONNREFUSED)');
    if (this.isHung) await new Promise(() => {});
    const id = Symbol();
    this.#lost.set(id, onLost);
    const destroy = () => {
      this.#listeners.delete(id);
      this.#lost.delete(id);
    };
    return {
      ask: async (commands) => {
        if (this.isHung) return new Promise(() => {});
        return commands.map((command) => this.#answer(command));
      },
      subscribe: async (_, listener) => void this.#listeners.set(id, listener),
      ping: () => (this.isHung ? new Promise(() => {}) : Promise.resolve()),
      destroy,
    };
  };

  /** All connections break. */
  cut(): void {
    for (const [id, onLost] of [...this.#lost]) {
      this.#listeners.delete(id);
      onLost(new RedisProblem('the connection was closed'));
    }
    this.#lost.clear();
  }

  fields(key = 'lb:facts'): Map<string, string> {
    const fields = this.hashes.get(key) ?? new Map();
    this.hashes.set(key, fields);
    return fields;
  }

  #answer(command: Command): Answer {
    this.asked.push(command);
    const [name, key = '', ...args] = command;
    const refusal = this.refusals.get(name);
    if (refusal !== undefined) return new ErrorAnswer(refusal);
    switch (name) {
      case 'TIME':
        return [String(Math.floor(this.nowMs / 1_000)), String((this.nowMs % 1_000) * 1_000)];
      case 'HLEN':
        return this.fields(key).size;
      case 'MEMORY':
        return JSON.stringify([...this.fields(args[0])]).length;
      case 'HSET':
        for (let at = 0; at < args.length; at += 2) this.fields(key).set(args[at] ?? '', args[at + 1] ?? '');
        return args.length / 2;
      case 'HDEL':
        for (const field of args) this.fields(key).delete(field);
        return args.length;
      case 'HGETALL':
        return [...this.fields(key)].flat();
      case 'PUBLISH':
        this.published.push(args[0] ?? '');
        for (const listener of this.#listeners.values()) listener(args[0] ?? '');
        return this.#listeners.size;
      default:
        return this.#answerOfText(name, key, args);
    }
  }

  #answerOfText(name: string, key: string, args: readonly string[]): Answer {
    const held = this.texts.get(key);
    const known = held && held.untilMs > this.nowMs ? held : undefined;
    switch (name) {
      case 'SET':
        if (known) return null;
        this.texts.set(key, { text: args[0] ?? '', untilMs: this.nowMs + Number(args[3]) });
        return 'OK';
      case 'GET':
        return known?.text ?? null;
      case 'PTTL':
        return known ? known.untilMs - this.nowMs : -2;
      case 'PEXPIRE':
        if (known) known.untilMs = this.nowMs + Number(args[0]);
        return known ? 1 : 0;
      case 'DEL':
        return this.texts.delete(key) ? 1 : 0;
      default:
        return new ErrorAnswer('ERR');
    }
  }
}

const TARGET: RedisTarget = {
  place: { form: 'server', at: { host: '127.0.0.1', port: 6_379 }, database: 0 },
  tls: false,
  login: { username: undefined, password: undefined },
  shown: 'redis://127.0.0.1:6379',
};

/** A replica that shares through it. All have its clock, and what they hear takes no time. */
export function replicaOf(redis: FakeRedis, name: string) {
  const { clock } = redis;
  const logs: LogLine[] = [];
  const table = new FactTable({ clock, origin: `${name}.0` });
  const sharing = connectRedis({
    ...{ table, target: TARGET, prefix: 'lb', open: redis.open, clock, random: () => 0.5 },
    logger: pino({ base: null }, linesInto(logs)),
  });
  const lines = () => logs.map(({ msg, problem }) => [msg, ...(problem === undefined ? [] : [problem])]);
  return { table, sharing, lines };
}

/** Moves on by `ms`, with time for what is under way. */
export async function pass(clock: ManualClock, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 50) {
    clock.advance(Math.min(50, left));
    await new Promise(setImmediate);
  }
  await new Promise(setImmediate);
}
