/** A worker: serves clients for the first process, and tells it what happens. */

import type { Socket } from 'node:net';
import { ServerLists } from '../admin/server-lists.ts';
import { createEventLog, isOfRequest } from '../event-log.ts';
import type { Announcer } from '../events.ts';
import type { Log } from '../log.ts';
import { noChecks } from '../pools/checks.ts';
import { createRuntime, type Runtime } from '../runtime.ts';
import type { KeyPair } from '../server/certificate.ts';
import type { Certificates } from '../server/certificates.ts';
import { createClientPort, type ServingPort } from '../server/client-port.ts';
import { HandOverDoor } from '../server/door.ts';
import { FactTable } from '../sharing/fact-table.ts';
import { EventWriter } from '../workers/event-batch.ts';
import { factTransport } from '../workers/fact-transport.ts';
import type { FirstProcess, FirstProcessListener } from '../workers/first-process.ts';
import type { Start, ToWorker } from '../workers/messages.ts';
import { NumberReader } from '../workers/numbers.ts';
import { Reporter } from '../workers/reporter.ts';
import { Roster } from '../workers/roster.ts';
import { configOf, type SettingsCopy } from '../workers/settings-copy.ts';
import { StatsRequests } from '../workers/stats-requests.ts';
import { ownOverload } from './role.ts';
import { limitsOf, Serving } from './serving.ts';
import { type SharedLists, shareLists } from './shared-lists.ts';
import { createSharing, type Sharing } from './sharing.ts';
import { createStatistics } from './statistics.ts';

/** How long requests in flight may finish when the first process is gone. */
const ORPHANED_MS = 4_000;

export interface WorkerParts {
  readonly runtime: Omit<Runtime, 'announcer'>;
  readonly log: Pick<Log, 'hide' | 'setLevel' | 'dropped'>;
  readonly first: Pick<FirstProcess, 'send'>;
  /** Ends the process. */
  readonly end: (status: number) => void;
}

export class WorkerApp implements FirstProcessListener {
  readonly #start: Start;
  readonly #parts: WorkerParts;
  readonly #serving: Serving;
  readonly #port: ServingPort;
  readonly #doors: Readonly<Record<'client' | 'redirect', HandOverDoor>>;
  readonly #reporter: Reporter;
  readonly #stats: StatsRequests;
  readonly #announcer: Announcer;
  readonly #eventLog: ReturnType<typeof createEventLog>;
  readonly #facts: FactTable;
  readonly #lists: ServerLists;
  readonly #sharing: Sharing;
  readonly #shared: SharedLists;
  readonly #fromFirst: ReturnType<typeof factTransport>;
  #onCertificate: (pair: KeyPair) => void = () => {};
  #isEnding = false;

  constructor(start: Start, parts: WorkerParts) {
    this.#start = start;
    this.#parts = parts;
    const { first, log } = parts;
    const config = configOf(start.settings.config);
    const runtime = createRuntime(parts.runtime);
    const { announcer, clock, logger, random } = runtime;
    this.#announcer = announcer;
    this.#eventLog = createEventLog({ logger, random, sample: config.logSample });
    announcer.listen((event) => {
      if (isOfRequest(event)) this.#eventLog.listener(event);
    });
    const pools = () => this.#serving.service.pools;
    this.#facts = new FactTable({ clock, origin: start.origin });
    this.#fromFirst = factTransport((message) => void first.send(message));
    this.#facts.connect(this.#fromFirst);
    this.#facts.receive(start.facts, this.#fromFirst);
    const statistics = createStatistics({
      ...{ pools, clock, announcer, version: '' },
      logLinesDropped: () => log.dropped,
      isSharing: () => undefined,
    });
    this.#stats = new StatsRequests(
      clock,
      (id, pool) => void first.send({ type: 'stats', id, pool }),
      statistics,
    );
    this.#serving = new Serving({
      ...{ config, runtime, via: start.via, secret: Buffer.from(start.secret), lookUp: undefined },
      sources: new Map(),
      overload: ownOverload(runtime),
      stats: (pool) => this.#stats.ask(pool),
      createChecks: noChecks,
    });
    const { client, redirect } = start.addresses;
    this.#doors = { client: new HandOverDoor(client), redirect: new HandOverDoor(redirect) };
    const certificates = this.#certificatesFrom(start.certificate);
    this.#port = createClientPort(
      limitsOf(config),
      { clock, certificates, ticketKeys: Buffer.from(start.ticketKeys), doors: this.#doors },
      this.#serving.service.handle,
    );
    const roster = new Roster(pools);
    const numbers = new NumberReader({
      pools,
      linesDropped: () => log.dropped,
      connections: () => this.#doors.client.connections + this.#doors.redirect.connections,
    });
    const events = new EventWriter((upstream) => roster.keyOf(upstream));
    this.#reporter = new Reporter({ events, numbers, clock }, (report) => {
      void first.send({ type: 'report', ...report });
    });
    announcer.listen((event) => this.#reporter.hear(event));
    const facts = { table: this.#facts, role: 'worker' } as const;
    const { origin } = this.#facts;
    this.#sharing = createSharing(
      { redisUrl: undefined, redisPrefix: '' },
      { runtime, pools, origin, facts },
    );
    this.#lists = new ServerLists(config.upstreams, undefined);
    this.#shared = shareLists(facts, {
      ...{ lists: this.#lists, service: this.#serving.service, runtime, folder: process.cwd() },
      hide: (texts) => log.hide(texts),
      // It gets those that the first process has read.
      reload: async () => {},
      quietly: (run) => this.#reporter.quietly(run),
    });
  }

  /** Resolves when the first process knows that it serves. */
  async serve(): Promise<void> {
    const { first } = this.#parts;
    await this.#sharing.start();
    await this.#shared.takeOver();
    await this.#port.listen();
    if (this.#start.isDraining) this.#beginDrain();
    this.#serving.start();
    this.#reporter.start();
    await first.send({ type: 'ready' });
  }

  hear(message: Exclude<ToWorker, Start>, connection: Socket | undefined): void {
    const { first } = this.#parts;
    switch (message.type) {
      case 'connection':
        void first.send({ type: 'taken' });
        if (connection) this.#doors[message.port].take(connection);
        break;
      case 'settings':
        void this.#apply(message.settings).then(() => first.send({ type: 'done', id: message.id }));
        break;
      case 'certificate':
        this.#onCertificate(message.pair);
        break;
      case 'facts':
        this.#facts.receive(message.facts, this.#fromFirst);
        break;
      case 'collect':
        this.#reporter.report();
        void first.send({ type: 'done', id: message.id });
        break;
      case 'stats':
        this.#stats.onRows(message.id, message.rows);
        break;
      case 'begin-drain':
        this.#beginDrain();
        break;
      case 'drain':
        void this.#drain(message.timeoutMs);
        break;
      default:
        message satisfies never;
    }
  }

  onGone(): void {
    void this.#drain(ORPHANED_MS);
  }

  async #drain(timeoutMs: number): Promise<void> {
    if (this.#isEnding) return;
    this.#isEnding = true;
    const { first, end } = this.#parts;
    this.#serving.beginDrain();
    const cut = await this.#serving.end(this.#port, timeoutMs);
    this.#reporter.report();
    await first.send({ type: 'drained', cut });
    end(cut > 0 ? 1 : 0);
  }

  #beginDrain(): void {
    this.#serving.beginDrain();
    this.#port.letGo();
  }

  /** After all earlier changes of the lists; at once, as in one process. */
  #apply({ config: copy, secrets }: SettingsCopy): Promise<void> {
    const { log } = this.#parts;
    const config = configOf(copy);
    log.hide(secrets);
    return this.#lists.reload(() => {
      log.setLevel(config.logLevel);
      this.#eventLog.setSample(config.logSample);
      this.#reporter.quietly(() => {
        this.#serving.service.apply({ config, sources: new Map() });
        this.#announcer.announce({ type: 'settings-reloaded', changed: [], restart: [], replaced: [] });
      });
      this.#port.setLimits(limitsOf(config));
      this.#shared.onReloaded('others');
      return { lists: config, result: undefined };
    });
  }

  #certificatesFrom(pair: KeyPair | undefined): Certificates | undefined {
    if (!pair) return undefined;
    return {
      pair,
      start: (changed) => {
        this.#onCertificate = changed;
      },
      stop() {},
    };
  }
}
