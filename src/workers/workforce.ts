/** What the first of several processes has in place of a client port of its own: workers that serve the clients. */

import type { AddressInfo } from 'node:net';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import { secretsOfConfig } from '../config/masked-settings.ts';
import type { Announcer } from '../events.ts';
import type { Logger } from '../log.ts';
import type { PoolTable } from '../pools/pool-table.ts';
import type { Certificates } from '../server/certificates.ts';
import type { ClientAddresses, ClientPort } from '../server/client-port.ts';
import type { FactTable, Transport } from '../sharing/fact-table.ts';
import { Conditions } from './conditions.ts';
import { Crew, type Worker } from './crew.ts';
import { replay } from './event-replay.ts';
import { factTransport } from './fact-transport.ts';
import { HandOver } from './hand-over.ts';
import type { FromWorker, Report, Start } from './messages.ts';
import { Replies, shareNext } from './replies.ts';
import { Roster } from './roster.ts';
import { copyOf, type SettingsCopy, shareOf } from './settings-copy.ts';
import { Sums } from './sums.ts';
import { forkWorker } from './worker-process.ts';

/** Nobody waits longer for figures of a worker that is busy. */
const COLLECT_MS = 250;
/** Nor for new settings to be in force in it. */
const APPLY_MS = 1_000;
/** So much longer than it was told a worker may take to drain. */
const GRACE_MS = 2_000;

export interface WorkforceOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly announcer: Announcer;
  /** Those of this process, in which all is summed up. */
  readonly pools: () => PoolTable;
  /** The rows of `/stats`. */
  readonly stats: (pool: string | undefined) => readonly unknown[];
  readonly facts: FactTable;
  readonly certificates: Certificates | undefined;
  /** What all workers have in common: see `Start`. */
  readonly common: Pick<Start, 'secret' | 'via' | 'ticketKeys'>;
}

export class Workforce implements ClientPort {
  readonly #options: WorkforceOptions;
  readonly #crew: Crew;
  readonly #handOver: HandOver;
  readonly #roster: Roster;
  readonly #sums: Sums;
  readonly #conditions: Conditions;
  readonly #replies: Replies;
  readonly #transports = new Map<Worker, Transport>();
  /** How many connections those that have drained had to cut. */
  readonly #cut = new Map<Worker, number>();
  readonly #onEnd = new Map<Worker, () => void>();
  #addresses: ClientAddresses | undefined;
  #settings: SettingsCopy;
  #onAllReady: () => void = () => {};
  #isDraining = false;
  /** Resolves when all that has happened in workers until now is known here, or one is too busy. */
  readonly collect = shareNext(() =>
    this.#replies.ask(this.#crew.serving, COLLECT_MS, ({ process }, id) =>
      process.send({ type: 'collect', id }),
    ),
  );

  constructor(options: WorkforceOptions) {
    const { clock, logger, announcer, pools, config } = options;
    this.#options = options;
    this.#settings = this.#copied(config);
    this.#roster = new Roster(pools);
    this.#sums = new Sums(pools, this.#roster);
    this.#conditions = new Conditions(clock, (event) => announcer.announce(event));
    announcer.listen((event) => this.#conditions.hear(event));
    this.#replies = new Replies(clock);
    this.#crew = new Crew({
      ...{ count: config.workers, fork: forkWorker, clock, logger },
      greet: (worker) => this.#greet(worker),
      hear: (worker, message) => this.#hear(worker, message),
      onReady: () => {
        this.#handOver.resume();
        if (this.#crew.serving.length === config.workers) this.#onAllReady();
      },
      onEnd: (worker) => this.#onGone(worker),
    });
    this.#handOver = new HandOver(() => this.#crew.serving, config.maxConnections, clock);
  }

  /** Log lines that workers have lost since the start. */
  get linesDropped(): number {
    return this.#sums.linesDropped;
  }

  /** Resolves when all workers serve. */
  async listen(): Promise<ClientAddresses> {
    const { config, certificates } = this.#options;
    const { host, port, httpRedirectPort } = config;
    const client = await this.#handOver.listen('client', { port, host });
    const redirect =
      certificates && httpRedirectPort !== undefined
        ? await this.#handOver.listen('redirect', { port: httpRedirectPort, host })
        : undefined;
    this.#addresses = { client, redirect };
    certificates?.start((pair) => this.#crew.tell({ type: 'certificate', pair }));
    const ready = new Promise<void>((resolve) => {
      this.#onAllReady = resolve;
    });
    this.#crew.start();
    await ready;
    return this.#addresses;
  }

  /** Resolves when these settings are in force in all workers, or one is too busy. */
  apply(config: Config): Promise<void> {
    const settings = this.#copied(config);
    this.#settings = settings;
    return this.#replies.ask(this.#crew.all, APPLY_MS, ({ process }, id) =>
      process.send({ type: 'settings', id, settings }),
    );
  }

  /** The process is about to end: `/readyz` says so. */
  beginDrain(): void {
    this.#isDraining = true;
    this.#crew.tell({ type: 'begin-drain' });
  }

  async drain(timeoutMs: number): Promise<number> {
    await this.#handOver.close();
    this.#options.certificates?.stop();
    this.#crew.replaceNoMore();
    const cut = await Promise.all(this.#crew.all.map((worker) => this.#drainOne(worker, timeoutMs)));
    this.#handOver.dropWaiting();
    return cut.reduce((sum, each) => sum + each, 0);
  }

  /** Ends all workers at once. */
  kill(): void {
    this.#crew.kill();
  }

  /** Resolves to the number of connections that it had to cut; it has ended then. */
  #drainOne(worker: Worker, timeoutMs: number): Promise<number> {
    const { clock, logger } = this.#options;
    worker.isLeaving = true;
    return new Promise((resolve) => {
      const stopTimer = clock.after(timeoutMs + GRACE_MS, () => worker.process.kill());
      this.#onEnd.set(worker, () => {
        stopTimer();
        const cut = this.#cut.get(worker);
        if (cut === undefined)
          logger.warn({ worker: worker.number }, 'A worker has ended before it was drained');
        resolve(cut ?? Math.max(1, worker.connections));
      });
      worker.process.send({ type: 'drain', timeoutMs });
    });
  }

  #copied(config: Config): SettingsCopy {
    const { workers } = this.#options.config;
    return { config: copyOf(shareOf(config, workers)), secrets: secretsOfConfig(config) };
  }

  #greet(worker: Worker): Start {
    const { facts, certificates, common } = this.#options;
    const transport = factTransport((message) => worker.process.send(message));
    this.#transports.set(worker, transport);
    facts.connect(transport);
    const nowhere: AddressInfo = { address: '', family: '', port: 0 };
    const { client = nowhere, redirect = nowhere } = this.#addresses ?? {};
    return {
      type: 'start',
      ...common,
      worker: worker.number,
      place: worker.place,
      settings: this.#settings,
      origin: this.#originOf(worker),
      facts: facts.snapshot('machine'),
      addresses: { client, redirect },
      certificate: certificates?.pair,
      isDraining: this.#isDraining,
    };
  }

  #originOf({ number }: Worker): string {
    return `${this.#options.facts.origin}.${number}`;
  }

  #hear(worker: Worker, message: Exclude<FromWorker, { type: 'ready' }>): void {
    switch (message.type) {
      case 'taken':
        this.#handOver.onTaken(worker);
        break;
      case 'report':
        this.#read(worker, message);
        break;
      case 'facts': {
        const transport = this.#transports.get(worker);
        if (transport) this.#options.facts.receive(message.facts, transport);
        break;
      }
      case 'done':
        this.#replies.onReply(worker, message.id);
        break;
      case 'stats':
        void this.#tellStats(worker, message);
        break;
      case 'drained':
        this.#cut.set(worker, message.cut);
        break;
      default:
        message satisfies never;
    }
  }

  #read(worker: Worker, { events, numbers }: Report): void {
    const { number } = worker;
    if (numbers) {
      this.#sums.add(number, numbers);
      worker.connections = numbers.connections;
    }
    if (events) replay(events, this.#roster, (event) => this.#conditions.pass(number, event));
  }

  async #tellStats(worker: Worker, { id, pool }: { readonly id: number; readonly pool: string | undefined }) {
    await this.collect();
    worker.process.send({ type: 'stats', id, rows: this.#options.stats(pool) });
  }

  #onGone(worker: Worker): void {
    const transport = this.#transports.get(worker);
    this.#transports.delete(worker);
    const { facts } = this.#options;
    if (transport) facts.disconnect(transport);
    // What it held is free at once.
    facts.endForGone(`worker-use ${this.#originOf(worker)}`);
    this.#sums.drop(worker.number);
    this.#conditions.drop(worker.number);
    this.#replies.onEnd(worker);
    this.#handOver.onEnd(worker);
    this.#onEnd.get(worker)?.();
    this.#onEnd.delete(worker);
  }
}
