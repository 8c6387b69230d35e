/** The contract of a connection to Redis, and what can go wrong with it. */

/** A command and its arguments. The first argument is its key or channel, if it has one. */
export type Command = readonly [name: string, ...args: string[]];

/** An answer of Redis: text, a number, a list of them, null, or an ErrorAnswer in its place. */
export type Answer = unknown;

/** Redis has refused a command. */
export class ErrorAnswer {
  /** The first word of the error, in capitals: OOM, WRONGTYPE. The rest may hold anything, and is not kept. */
  readonly code: string;

  constructor(code: string) {
    this.code = code;
  }
}

export interface Connection {
  /** Sends them in one go. Rejects when the connection is lost. No time limit. */
  ask(commands: readonly Command[]): Promise<readonly Answer[]>;
  /** Messages on the channel go to `listener` from now on. */
  subscribe(channel: string, listener: (message: string) => void): Promise<void>;
  /** Asks whether the connection for messages is alive; may resolve at once where that is seen to elsewhere. */
  ping(): Promise<void>;
  /** Ends at once. Never throws. */
  destroy(): void;
}

/**
 * Opens a connection; no time limit. Rejects with a RedisProblem or any other error. `onLost` is called at most once, when
 * it ends without `destroy`. `signal` ends the attempt.
 */
export type OpenConnection = (
  onLost: (problem: RedisProblem) => void,
  signal: AbortSignal,
) => Promise<Connection>;

/** Why Redis does not work, in plain words and without secrets; what Redis itself says is never a part of it. */
export class RedisProblem extends Error {
  override readonly name = 'RedisProblem';
  /** It was too slow: it may only have been late once. */
  readonly isLate: boolean;
  /** Redis is there and refuses, which does not end by itself. */
  readonly isRefusal: boolean;

  constructor(problem: string, { isLate = false, isRefusal = false } = {}) {
    super(problem);
    this.isLate = isLate;
    this.isRefusal = isRefusal;
  }
}

/** Error codes of Redis in plain words. */
const CODES: ReadonlyMap<string, string> = new Map([
  ['AUTH', 'it has no password, or another one than REDIS_URL'],
  ['BUSY', 'a script holds it up'],
  ['CLUSTERDOWN', 'the cluster is down'],
  ['DB', 'it has no database of the number in REDIS_URL'],
  ['LOADING', 'it is loading its data'],
  ['MASTERDOWN', 'it is a replica that has lost its master'],
  ['MISCONF', 'it refuses to write, since it can’t save its data'],
  ['MOVED', 'it is a node of a cluster, for which REDIS_URL is redis+cluster://HOST:PORT'],
  ['NOAUTH', 'it wants a password'],
  ['NOPERM', 'the user of REDIS_URL is not permitted to'],
  ['OOM', 'it is full (maxmemory)'],
  ['READONLY', 'it is a read-only replica'],
  ['WRONGPASS', 'it refuses the user and password'],
  ['WRONGTYPE', 'a key of ours holds data of another type'],
]);

/** What an error code says; one that is not known stands for itself. */
export function codeInWords(code: string): string {
  const words = CODES.get(code);
  return words === undefined ? `it answers with an error (${code})` : `${words} (${code})`;
}

/** They pass by themselves, mostly while a server or a cluster comes back. */
const PASSING: ReadonlySet<string> = new Set([
  ...['BUSY', 'CLUSTERDOWN', 'LOADING', 'MASTERDOWN', 'READONLY', 'TRYAGAIN', 'UNKILLABLE'],
]);

/** Redis has answered with this error code, so that the connection is of no use. */
export function refusalOf(code: string): RedisProblem {
  return new RedisProblem(codeInWords(code), { isRefusal: !PASSING.has(code) });
}

/** What errors without a code of their own speak of, in the order in which it is looked for. */
const TOPICS: readonly (readonly [RegExp, string])[] = [
  [/\bAUTH\b|invalid password/, 'AUTH'],
  [/\bDB index\b/, 'DB'],
];

/** The code of an error of Redis, which begins with it. */
export function codeOf(message: string): string {
  const topic = message.startsWith('ERR ') ? TOPICS.find(([text]) => text.test(message)) : undefined;
  if (topic) return topic[1];
  return /^[A-Z]{2,24}\b/.exec(message)?.[0] ?? 'ERR';
}
