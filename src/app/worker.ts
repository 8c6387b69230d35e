/** A worker: serves clients for the first process, and tells it what happens. */

import type { Socket } from 'node:net';
import type { EventLog } from '../event-log.ts';
import type { Announcer } from '../events.ts';
import type { Log } from '../log.ts';
import { createRuntime, type Runtime } from '../runtime.ts';
import type { FirstProcess, FirstProcessListener } from '../workers/first-process.ts';
import type { Start, ToWorker } from '../workers/messages.ts';
import type { Reporter } from '../workers/reporter.ts';
import { configOf, type SettingsCopy } from '../workers/settings-copy.ts';
import type { StatsRequests } from '../workers/stats-requests.ts';
import { limitsOf, type Serving } from './serving.ts';
import {
  createFedPort,
  createReporter,
  createRequestLog,
  createWorkerFacts,
  createWorkerServing,
  type FedPort,
  shareWithOthers,
  type WorkerFacts,
  type WorkerSharing,
} from './worker-parts.ts';

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
  readonly #announcer: Announcer;
  readonly #eventLog: EventLog;
  readonly #facts: WorkerFacts;
  readonly #serving: Serving;
  readonly #stats: StatsRequests;
  readonly #client: FedPort;
  readonly #reporter: Reporter;
  readonly #others: WorkerSharing;
  #isEnding = false;

  constructor(start: Start, parts: WorkerParts) {
    this.#start = start;
    this.#parts = parts;
    const { first, log } = parts;
    const { send } = first;
    const config = configOf(start.settings.config);
    const runtime = createRuntime(parts.runtime);
    const { announcer, clock } = runtime;
    const linesDropped = () => log.dropped;
    this.#announcer = announcer;
    this.#eventLog = createRequestLog(runtime, config.logSample);
    this.#facts = createWorkerFacts(start, config, clock, send);
    const facts = this.#facts.shared;
    const { serving, stats } = createWorkerServing(config, start, {
      ...{ runtime, facts, send, linesDropped },
    });
    this.#serving = serving;
    this.#stats = stats;
    const { service } = serving;
    // As in the first process: see `createConsole`.
    if (service.consoleKey !== undefined) log.hide([service.consoleKey]);
    this.#client = createFedPort(config, start, clock, service.handle);
    const { doors } = this.#client;
    const pools = () => service.pools;
    this.#reporter = createReporter({ runtime, pools, send, linesDropped, doors });
    this.#others = shareWithOthers(config, this.#facts, {
      ...{ runtime, serving, reporter: this.#reporter },
      hide: (texts) => log.hide(texts),
    });
  }

  /** Resolves when the first process knows that it serves. */
  async serve(): Promise<void> {
    const { first } = this.#parts;
    const { sharing, shared } = this.#others;
    await sharing.start();
    await shared.takeOver();
    await this.#client.port.listen();
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
        if (connection) this.#client.doors[message.port].take(connection);
        break;
      case 'settings':
        void this.#apply(message.settings).then(() => first.send({ type: 'done', id: message.id }));
        break;
      case 'certificate':
        this.#client.onCertificate(message.pair);
        break;
      case 'facts':
        this.#facts.shared.table.receive(message.facts, this.#facts.transport);
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
    const cut = await this.#serving.end(this.#client.port, timeoutMs);
    this.#reporter.report();
    await first.send({ type: 'drained', cut });
    end(cut > 0 ? 1 : 0);
  }

  #beginDrain(): void {
    this.#serving.beginDrain();
    this.#client.port.letGo();
  }

  /** After all earlier changes of the lists; at once, as in one process. */
  #apply({ config: copy, secrets }: SettingsCopy): Promise<void> {
    const { log } = this.#parts;
    const config = configOf(copy);
    log.hide(secrets);
    const { lists, shared } = this.#others;
    return lists.reload(() => {
      log.setLevel(config.logLevel);
      this.#eventLog.setSample(config.logSample);
      this.#reporter.quietly(() => {
        this.#serving.service.apply({ config, sources: new Map() });
        this.#announcer.announce({ type: 'settings-reloaded', changed: [], restart: [], replaced: [] });
      });
      this.#client.port.setLimits(limitsOf(config));
      shared.onReloaded('others');
      return { lists: config, result: undefined };
    });
  }
}
