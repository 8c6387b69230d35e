/** All that the live page shows, as the texts in which it is sent. */

import type { Clock } from '../../clock.ts';
import { type History, identitiesIn, STEP_MS } from '../../metrics/history.ts';
import { SLOTS } from '../../metrics/seconds.ts';
import type { PoolTable } from '../../pools/pool-table.ts';
import { keepLast, shareUnderWay } from '../sharing.ts';
import type { RecentEvents } from './recent-events.ts';

/** So many rows are read in one go: of 300 upstreams it would take 60 ms in which nobody else is served. */
const ROWS_AT_ONCE = 10;

/** What is true of the whole process, and seldom changes. In the terms of `GET /events?live`. */
export interface About {
  readonly version: string;
  readonly env: string | null;
  readonly host: string;
  /** The names of those that are set up. */
  readonly notifiers: readonly string[];
  /** All that there are. */
  readonly strategies: readonly string[];
  readonly pools: readonly { readonly pool: string; readonly strategy: string; readonly path: string }[];
}

/** In the terms of `GET /events?live`. */
export interface Figures {
  /** In which second they were read: they are of the one before. */
  readonly second: number;
  readonly json: string;
}

export interface OverviewDependencies {
  readonly clock: Clock;
  readonly history: History;
  readonly recent: RecentEvents;
  /** Those that serve at the moment. */
  readonly pools: () => PoolTable;
  /** The rows of `/stats`, each read when it is taken. */
  readonly stats: () => Iterable<unknown>;
  readonly about: () => About;
}

export class Overview {
  readonly #dependencies: OverviewDependencies;
  readonly #rows: () => Promise<Buffer>;
  /** The figures of the last whole second and the present rows of `/stats`. Those who ask at the same time share them. */
  readonly figures: () => Promise<Figures>;

  constructor(dependencies: OverviewDependencies) {
    this.#dependencies = dependencies;
    this.figures = shareUnderWay(() => this.#buildFigures());
    this.#rows = keepLast(
      () => this.#rowsKey(),
      () => this.#buildRows(),
    );
  }

  /** The answer to `GET /history`, as JSON without `<`, in pieces. The large one all share who ask within a second. */
  async history(): Promise<readonly Buffer[]> {
    const rows = await this.#rows();
    const events = JSON.stringify(this.#dependencies.recent.after(0));
    return [piece(`{"now":"${this.#now()}",`), rows, piece(`,"events":${events}}\n`)];
  }

  /** What the page shows before it has asked for anything, as JSON without `<`, in pieces. */
  async initial(): Promise<readonly Buffer[]> {
    const history = await this.history();
    const stats = await textOf(this.#dependencies.stats(), (row) => row);
    return [piece(`{"stats":${stats},"history":`), ...history, piece(`,"about":${this.about()}}`)];
  }

  /** Of which seconds, pools and upstreams the history tells. */
  #rowsKey(): string {
    const { history, pools } = this.#dependencies;
    const names = pools().all.map(({ identity, registry }) => [
      identity.name,
      ...registry.all.map(({ identity: { name } }) => name),
    ]);
    return JSON.stringify([history.frame(), names]);
  }

  async #buildRows(): Promise<Buffer> {
    const { history, pools } = this.#dependencies;
    const { all } = pools();
    const frame = history.frame();
    const poolRows = await textOf(all, ({ identity }) => history.ofPool(identity, frame));
    const upstreamRows = await textOf(identitiesIn(all), (each) => history.ofUpstream(each, frame));
    const head = JSON.stringify({ to: frame.to, step_ms: STEP_MS, slots: SLOTS });
    return piece(`${head.slice(1, -1)},"pools":${poolRows},"upstreams":${upstreamRows}`);
  }

  /** As JSON. It has the time in it: whether something has changed `aboutKey` tells. */
  about(): string {
    return JSON.stringify({ ...this.#dependencies.about(), now: this.#now() });
  }

  /** Is the same as long as nothing has changed. */
  aboutKey(): string {
    return JSON.stringify(this.#dependencies.about());
  }

  async #buildFigures(): Promise<Figures> {
    const { history, pools, stats } = this.#dependencies;
    const { all } = pools();
    const { second } = history;
    const { to, pools: poolFigures, upstreams } = history.readLast(all);
    const figures = all.map(({ usage, queue, onlookers }, index) => ({
      ...poolFigures[index],
      in_flight: usage.underWay,
      waiting: queue.length + onlookers.length,
    }));
    const head = JSON.stringify({ to, pools: figures, upstreams });
    const rows = await textOf(stats(), (row) => row);
    return { second, json: `${head.slice(0, -1)},"stats":${rows}}` };
  }

  #now(): string {
    return new Date(this.#dependencies.clock.wallMs()).toISOString();
  }
}

/** `<` stands only within texts of JSON, where it may be written so. */
function piece(json: string): Buffer {
  return Buffer.from(json.replaceAll('<', '\\u003c'));
}

/** A JSON array with a row for each item; others are served between the rows. */
async function textOf<T>(items: Iterable<T>, rowOf: (item: T) => unknown): Promise<string> {
  const rows: string[] = [];
  for (const item of items) {
    rows.push(JSON.stringify(rowOf(item)));
    if (rows.length % ROWS_AT_ONCE === 0) await new Promise<void>((resolve) => setImmediate(resolve));
  }
  return `[${rows.join(',')}]`;
}
