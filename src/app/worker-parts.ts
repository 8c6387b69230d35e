/** Builds the parts of a worker. */

import { ServerLists } from '../admin/server-lists.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import { createEventLog, type EventLog, isOfRequest } from '../event-log.ts';
import { noChecks } from '../pools/checks.ts';
import type { PoolTable } from '../pools/pool-table.ts';
import type { Runtime } from '../runtime.ts';
import type { KeyPair } from '../server/certificate.ts';
import { createClientPort, type ServingPort } from '../server/client-port.ts';
import type { Handler } from '../server/client-request.ts';
import { HandOverDoor } from '../server/door.ts';
import { FactTable, type Transport } from '../sharing/fact-table.ts';
import { EventWriter } from '../workers/event-batch.ts';
import { factTransport } from '../workers/fact-transport.ts';
import type { FirstProcess } from '../workers/first-process.ts';
import type { PortName, Start } from '../workers/messages.ts';
import { NumberReader } from '../workers/numbers.ts';
import { Reporter } from '../workers/reporter.ts';
import { Roster } from '../workers/roster.ts';
import { StatsRequests } from '../workers/stats-requests.ts';
import { ownOverload } from './role.ts';
import { limitsOf, Serving } from './serving.ts';
import { createFacts, type SharedFacts } from './shared-facts.ts';
import { type SharedLists, shareLists } from './shared-lists.ts';
import { createSharing, type Sharing } from './sharing.ts';
import { createStatistics } from './statistics.ts';

type Send = FirstProcess['send'];

/** A client port that gets its connections and its certificate from the first process. */
export interface FedPort {
  readonly port: ServingPort;
  readonly doors: Readonly<Record<PortName, HandOverDoor>>;
  readonly onCertificate: (pair: KeyPair) => void;
}

export function createFedPort(config: Config, start: Start, clock: Clock, handle: Handler): FedPort {
  const { addresses, certificate: pair, ticketKeys } = start;
  const doors = {
    client: new HandOverDoor(addresses.client),
    redirect: new HandOverDoor(addresses.redirect),
  };
  let changed = (_pair: KeyPair): void => {};
  const certificates = pair && {
    pair,
    start(onChange: typeof changed) {
      changed = onChange;
    },
    stop() {},
  };
  const port = createClientPort(
    limitsOf(config),
    { clock, certificates, ticketKeys: Buffer.from(ticketKeys), doors },
    handle,
  );
  return { port, doors, onCertificate: (next) => changed(next) };
}

/** Writes the lines of the requests that are served here. */
export function createRequestLog({ logger, random, announcer }: Runtime, sample: number): EventLog {
  const eventLog = createEventLog({ logger, random, sample });
  announcer.listen((event) => {
    if (isOfRequest(event)) eventLog.listener(event);
  });
  return eventLog;
}

/** What is known in all processes, and the way to the first one. */
export interface WorkerFacts {
  readonly shared: SharedFacts;
  readonly transport: Transport;
}

export function createWorkerFacts(
  { origin, place, facts }: Start,
  { workers }: Config,
  clock: Clock,
  send: Send,
): WorkerFacts {
  const table = new FactTable({ clock, origin });
  const transport = factTransport((message) => void send(message));
  table.connect(transport);
  table.receive(facts, transport);
  return { shared: createFacts({ table, role: 'worker', workers }, place), transport };
}

export interface WorkerServingParts {
  readonly runtime: Runtime;
  readonly facts: SharedFacts;
  readonly send: Send;
  readonly linesDropped: () => number;
}

/** Serves without checks, and answers `/stats` by what the first process knows. */
export function createWorkerServing(
  config: Config,
  { via, secret }: Start,
  { runtime, facts, send, linesDropped }: WorkerServingParts,
): { readonly serving: Serving; readonly stats: StatsRequests } {
  const { clock, announcer } = runtime;
  const statistics = createStatistics({
    ...{ pools: () => serving.service.pools, clock, announcer, version: '' },
    ...{ logLinesDropped: linesDropped, isSharing: () => undefined },
  });
  const stats = new StatsRequests(clock, (id, pool) => void send({ type: 'stats', id, pool }), statistics);
  const serving = new Serving({
    ...{ config, runtime, via, secret: Buffer.from(secret), lookUp: undefined, sources: new Map() },
    clientBuckets: facts.clients,
    overload: ownOverload(runtime),
    stats: (pool) => stats.ask(pool),
    createChecks: noChecks,
  });
  return { serving, stats };
}

export interface ReporterParts {
  readonly runtime: Runtime;
  readonly pools: () => PoolTable;
  readonly send: Send;
  readonly linesDropped: () => number;
  readonly doors: FedPort['doors'];
}

/** Hears all that is announced from now on. */
export function createReporter({ runtime, pools, send, linesDropped, doors }: ReporterParts): Reporter {
  const { announcer, clock } = runtime;
  const roster = new Roster(pools);
  const connections = () => doors.client.connections + doors.redirect.connections;
  const numbers = new NumberReader({ pools, linesDropped, connections });
  const events = new EventWriter((upstream) => roster.keyOf(upstream));
  const reporter = new Reporter({ events, numbers, clock }, (report) => send({ type: 'report', ...report }));
  announcer.listen((event) => reporter.hear(event));
  return reporter;
}

interface SharingParts {
  readonly runtime: Runtime;
  readonly serving: Serving;
  readonly reporter: Reporter;
  /** Keeps these texts out of the log. */
  readonly hide: (texts: readonly string[]) => void;
}

export interface WorkerSharing {
  readonly sharing: Sharing;
  readonly lists: ServerLists;
  readonly shared: SharedLists;
}

/** Learns from the other processes, and follows the lists as operators change them. */
export function shareWithOthers(
  config: Config,
  { shared: facts }: WorkerFacts,
  { runtime, serving, reporter, hide }: SharingParts,
): WorkerSharing {
  const { service } = serving;
  const pools = () => service.pools;
  const sharing = createSharing({ redisUrl: undefined, redisPrefix: '' }, { runtime, pools, facts });
  const lists = new ServerLists(config.upstreams, undefined);
  const shared = shareLists(facts, {
    ...{ lists, service, runtime, hide, folder: process.cwd() },
    // It gets those that the first process has read.
    reload: async () => {},
    quietly: (run) => reporter.quietly(run),
  });
  return { sharing, lists, shared };
}
