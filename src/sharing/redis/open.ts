/** Opens connections to Redis by its client library, which is loaded only now. */

import type { LookupFunction } from 'node:net';
import { createClient, createCluster, createSentinel, ErrorReply } from '@redis/client';
import type { LookUp } from '../../network/look-up.ts';
import {
  type Answer,
  type Command,
  type Connection,
  codeOf,
  ErrorAnswer,
  type OpenConnection,
  RedisProblem,
  refusalOf,
} from './connection.ts';
import { lookUpForSockets } from './socket-look-up.ts';
import type { RedisHost, RedisLogin, RedisTarget } from './target.ts';

/** How long a TCP or TLS connection may take. */
const CONNECT_TIMEOUT_MS = 2_000;

/**
 * The protocol of Redis before version 6: all that is needed, and understood by all versions and by proxies. Messages come
 * on a connection of their own.
 */
const PROTOCOL = 2;

/** What the three kinds of clients have in common. */
interface Client {
  on(event: 'error' | 'terminated', listener: (error: unknown) => void): unknown;
  connect(): Promise<unknown>;
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>;
  destroy(): unknown;
}

/** What sockets to all servers have in common. */
interface Socket {
  readonly connectTimeout: number;
  readonly lookup: LookupFunction;
  readonly tls?: true;
}

/** A client, and how it sends one command. */
interface Sender {
  readonly client: Client;
  readonly send: (command: Command) => Promise<unknown>;
}

/** How connections to this Redis are opened. */
export function opener(target: RedisTarget, lookUp: LookUp): OpenConnection {
  const { place, tls } = target;
  const socketFor = (signal: AbortSignal) => ({
    connectTimeout: CONNECT_TIMEOUT_MS,
    lookup: lookUpForSockets(lookUp, signal),
    ...(tls && { tls: true as const }),
  });
  switch (place.form) {
    case 'server':
      return openSingle(target.login, place.database, (signal) => ({ ...place.at, ...socketFor(signal) }));
    case 'socket':
      return openSingle(target.login, 0, () => ({ path: place.path, connectTimeout: CONNECT_TIMEOUT_MS }));
    case 'cluster':
      return openMany((signal) => clusterOf(target.login, place.nodes, socketFor(signal)));
    case 'sentinel':
      return openMany((signal) => sentinelOf(target.login, place, socketFor(signal)));
    default:
      return place satisfies never;
  }
}

/** When a connection is opened again is for the Link to say, which does not trust one that hangs. */
function settingsOf(login: RedisLogin) {
  const { username, password } = login;
  return {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    RESP: PROTOCOL,
    disableOfflineQueue: true,
    clientInfoTag: 'rpc-load-balancer',
    maintNotifications: 'disabled',
  } as const;
}

/** One connection for commands, and one for messages. */
function openSingle(
  login: RedisLogin,
  database: number,
  socketFor: (signal: AbortSignal) => (Socket & RedisHost) | { path: string; connectTimeout: number },
): OpenConnection {
  return async (onLost, signal) => {
    const socket = { ...socketFor(signal), reconnectStrategy: false } as const;
    const options = { ...settingsOf(login), socket, database };
    const client = createClient(options);
    const messages = createClient(options);
    const both: readonly Client[] = [client, messages];
    watch(both, onLost, signal);
    await connect(both);
    const send = (command: Command) => client.sendCommand([...command]);
    return connectionOf({ client: messages, send }, both, async () => {
      await messages.ping().catch((error: unknown) => {
        throw problemOf(error);
      });
    });
  };
}

/** A client that keeps its connections itself. What it lacks shows in its answers. */
function openMany(create: (signal: AbortSignal) => Sender): OpenConnection {
  return async (_, signal) => {
    const sender = create(signal);
    const all = [sender.client];
    watch(all, () => {}, signal);
    await connect(all);
    return connectionOf(sender, all, async () => {});
  };
}

function clusterOf(login: RedisLogin, nodes: readonly RedisHost[], socket: Socket): Sender {
  const client = createCluster({
    RESP: PROTOCOL,
    rootNodes: nodes.map((node) => ({ socket: { ...node, ...socket } })),
    defaults: { ...settingsOf(login), socket },
  });
  // The node that has the key. What has none is asked of the one that has the facts: its time is theirs.
  let facts: string | undefined;
  return {
    client,
    send([name, ...args]) {
      if (name === 'HLEN') facts = args[0];
      const key = name === 'MEMORY' ? args[1] : args[0];
      return client.sendCommand(key ?? facts, false, [name, ...args]);
    },
  };
}

function sentinelOf(
  login: RedisLogin,
  place: { sentinels: readonly RedisHost[]; master: string; database: number },
  socket: Socket,
): Sender {
  const client = createSentinel({
    RESP: PROTOCOL,
    name: place.master,
    sentinelRootNodes: [...place.sentinels],
    nodeClientOptions: { ...settingsOf(login), socket, database: place.database },
    sentinelClientOptions: { socket, maintNotifications: 'disabled' },
    maxCommandRediscovers: 1,
  });
  return { client, send: (command) => client.sendCommand(false, [...command]) };
}

async function connect(clients: readonly Client[]): Promise<void> {
  try {
    await Promise.all(clients.map((client) => client.connect()));
  } catch (error) {
    destroyAll(clients);
    throw problemOf(error);
  }
}

/** Each error is heard: one without a listener would end the process. */
function watch(
  clients: readonly Client[],
  onLost: (problem: RedisProblem) => void,
  signal: AbortSignal,
): void {
  for (const client of clients)
    client.on('error', (error) => {
      if (!signal.aborted) onLost(problemOf(error));
    });
  signal.addEventListener('abort', () => destroyAll(clients), { once: true });
}

function destroyAll(clients: readonly Client[]): void {
  for (const client of clients) void (async () => client.destroy())().catch(() => {});
}

function connectionOf(
  { client, send }: Sender,
  all: readonly Client[],
  ping: () => Promise<void>,
): Connection {
  const answerOf = (command: Command): Promise<Answer> =>
    send(command).catch((error: unknown) => {
      if (error instanceof ErrorReply) return new ErrorAnswer(codeOf(error.message));
      throw problemOf(error);
    });
  return {
    ask: (commands) => Promise.all(commands.map(answerOf)),
    async subscribe(channel, listener) {
      await client.subscribe(channel, listener).catch((error: unknown) => {
        throw problemOf(error);
      });
    },
    ping,
    destroy: () => destroyAll(all),
  };
}

/** The code of a system's error, or of an answer of Redis; the rest of a text may hold an address or a password. */
function problemOf(error: unknown): RedisProblem {
  if (error instanceof RedisProblem) return error;
  if (error instanceof ErrorReply) return refusalOf(codeOf(error.message));
  const [first] = error instanceof AggregateError ? error.errors : [error];
  const code: unknown =
    typeof first === 'object' && first !== null && 'code' in first ? first.code : undefined;
  if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{2,60}$/.test(code))
    return new RedisProblem(`no connection (${code})`);
  return new RedisProblem('the connection was closed');
}
