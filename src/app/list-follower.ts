/** Does here what operators have changed in other processes, and tells those what they change here. */

import type { OperatorChanges } from '../admin/operator-changes.ts';
import type { Change, ServerLists } from '../admin/server-lists.ts';
import { statementOf } from '../config/upstreams/server-entry.ts';
import { DEFAULT_POOL, type Event } from '../events.ts';
import { warnIfInsecure } from '../pools/pool-state.ts';
import type { Runtime } from '../runtime.ts';
import type { FactTable, News } from '../sharing/fact-table.ts';
import { ageOfReload, RunTimeChanges } from '../sharing/run-time-changes.ts';
import { keyOfSpec, readAdded } from '../sharing/server-facts.ts';
import { upstreamKey } from '../sharing/upstream-key.ts';
import { wantedLists } from '../sharing/wanted-lists.ts';
import { secretsOfSpec, type Upstream, type UpstreamSpec } from '../upstreams/upstream.ts';
import { nameOf } from './pools.ts';
import type { ReloadedBy } from './reload.ts';
import type { Service } from './service.ts';

/** A worker gets the settings that were read anew from the first process, so long after it hears that they were. */
const SETTINGS_WAIT_MS = 2_000;

export interface ListFollowerOptions {
  readonly lists: ServerLists;
  readonly service: Pick<Service, 'config' | 'pools'>;
  readonly runtime: Runtime;
  /** The folder that relative file names are looked up in. */
  readonly folder: string;
  /** Keeps these texts out of the log. */
  readonly hide: (secrets: readonly string[]) => void;
  /** Reads this process's own settings anew, since another replica has read its own. Must not reject. */
  readonly reload: () => Promise<unknown>;
  readonly table: FactTable;
  /** A worker changes nothing by itself, and logs nothing of what the first process logs. */
  readonly isWorker: boolean;
  /** What `run` announces is for this process alone; undefined where all is told. */
  readonly quietly?: ((run: () => void) => void) | undefined;
}

export class ListFollower {
  readonly #options: ListFollowerOptions;
  readonly #changes: RunTimeChanges;
  /** Specs by what was told, so that a file that one names is read once. */
  readonly #read = new Map<string, { readonly told: string; readonly spec: UpstreamSpec | string }>();
  /** What was logged of the present lists. */
  #notes: readonly string[] = [];
  /** When the settings in force were read; monotonic milliseconds. */
  #readMs: number;
  #following: Promise<void> | undefined;
  #isReloading = false;
  /** What the file of PERSIST_SERVERS keeps, where the settings could not be read: in place of the lists that were. */
  #kept: readonly UpstreamSpec[] | undefined;
  /** Ends the wait for settings that the first process has read. */
  #stopWaiting: (() => void) | undefined;

  constructor(options: ListFollowerOptions) {
    const { table, runtime } = options;
    this.#options = options;
    // One that stays only because nobody was left may go now.
    this.#changes = new RunTimeChanges(table, runtime.clock, () => this.#onNews());
    this.#readMs = runtime.clock.monotonicMs();
    if (!options.isWorker) runtime.announcer.listen((event) => this.#noteGone(event));
  }

  /** What operators change here is told by this. */
  get told(): OperatorChanges {
    return this.#changes;
  }

  /**
   * From now on what others change is done here as well. Resolves when all that is known is in force. To be called once,
   * when the table knows what others know, and before clients are served.
   */
  takeOver(): Promise<void> {
    const { table, isWorker } = this.#options;
    table.read('server', ({ subject, value }) => {
      // Wherever it was down before, an operator wants it to be tried.
      if (!isWorker && value && 'state' in value && value.state === 'added') table.end(`gone ${subject}`);
      this.#onNews();
    });
    table.read('strategy', () => this.#onNews());
    table.read('gone', () => this.#onNews());
    table.read('rest', ({ subject, value }) => {
      if (value) this.#find(subject)?.budget?.pacer.endRest();
    });
    table.read('lists', (news) => this.#onReloadElsewhere(news));
    return this.#follow();
  }

  /** To be called in the same step in which settings that were read anew come into force. */
  onReloaded(by: ReloadedBy): void {
    const { runtime, isWorker } = this.#options;
    this.#readMs = runtime.clock.monotonicMs();
    this.#stopWaiting?.();
    this.#stopWaiting = undefined;
    this.#kept = undefined;
    // Files that they name may have changed.
    this.#read.clear();
    if (by === 'operator' && !isWorker) this.#changes.voidAll();
    void this.#follow();
  }

  /** One that starts later has read its files after it, and does nothing. */
  #onReloadElsewhere({ value, leftMs }: News): void {
    if (!value) return;
    const { runtime, isWorker } = this.#options;
    const { clock } = runtime;
    if (ageOfReload(leftMs) >= clock.monotonicMs() - this.#readMs) void this.#follow();
    else if (isWorker)
      this.#stopWaiting ??= clock.after(SETTINGS_WAIT_MS, () => {
        this.#stopWaiting = undefined;
        void this.#follow();
      });
    else void this.#reload();
  }

  async #reload(): Promise<void> {
    if (this.#isReloading) return;
    this.#isReloading = true;
    const { reload, lists, service } = this.#options;
    if (service.config.persistServers !== undefined) this.#kept = lists.upstreams;
    try {
      await reload();
    } finally {
      this.#isReloading = false;
    }
    // Where they could not be read, the changes are void all the same.
    await this.#follow();
  }

  #onNews(): void {
    // Else lists that are about to be replaced would come back for a moment.
    if (!this.#stopWaiting) void this.#follow();
  }

  /** Does what follows from all that is known; once for all that comes before its turn. */
  #follow(): Promise<void> {
    const { lists, runtime } = this.#options;
    this.#following ??= lists
      .follow(() => {
        this.#following = undefined;
        return this.#plan();
      })
      .then((problem) => {
        if (problem !== undefined)
          runtime.logger.error(`A change of the lists from elsewhere was made, but not saved: ${problem}`);
      });
    return this.#following;
  }

  #plan(): Change<void> {
    const { service, lists, isWorker, quietly = (run) => run() } = this.#options;
    const { config } = service;
    const changes = this.#changes.servers;
    for (const key of this.#read.keys()) if (!changes.has(key)) this.#read.delete(key);
    if (!isWorker)
      for (const key of config.upstreams.map(keyOfSpec))
        if (changes.get(key)?.state === 'removed') this.#changes.keepRemoved(key);
    const { upstreams: wanted, notes } = wantedLists({
      stated: this.#kept ?? config.upstreams,
      pools: new Set(config.pools.map(nameOf)),
      changes,
      isLater: (key, than) => this.#changes.isLater(key, than),
      read: (key, server) => this.#specOf(key, server),
    });
    this.#log(notes);
    const before = lists.upstreams;
    const upstreams = unlessSame(before, wanted);
    return { upstreams, apply: () => quietly(() => this.#apply(before, upstreams)) };
  }

  #apply(before: readonly UpstreamSpec[], upstreams: readonly UpstreamSpec[]): void {
    const { service, table, runtime, hide, isWorker } = this.#options;
    const { announcer, logger } = runtime;
    const gone = table.current('gone');
    const strategies = this.#changes.strategies;
    for (const spec of upstreams) if (!before.includes(spec)) hide(secretsOfSpec(spec));
    for (const stated of service.config.pools) {
      const name = nameOf(stated);
      const pool = service.pools.find(name);
      if (!pool) continue;
      const listed = upstreams.filter(({ pool = DEFAULT_POOL }) => pool === name);
      const present = listed.filter((spec) => !gone.has(keyOfSpec(spec)));
      // Who is down for long is better than nobody.
      const next = present.length > 0 ? present : listed;
      const known = new Set(pool.registry.all.map(({ url }) => url));
      if (!isWorker) for (const spec of next) if (!known.has(spec.url.href)) warnIfInsecure(spec, logger);
      if (next.length > 0) pool.membership.replace(next, 'operator');
      const strategy = strategies.get(name) ?? stated.strategy;
      if (strategy !== pool.strategies.name && pool.strategies.choose(strategy))
        announcer.announce({ type: 'strategy-changed', pool: pool.identity, strategy });
    }
  }

  #specOf(key: string, server: object): UpstreamSpec | string {
    const told = JSON.stringify(server);
    const known = this.#read.get(key);
    if (known?.told === told) return known.spec;
    const spec = readAdded(key, server, this.#options.folder);
    this.#read.set(key, { told, spec });
    return spec;
  }

  #log(notes: readonly string[]): void {
    const { runtime, isWorker } = this.#options;
    const before = this.#notes;
    this.#notes = notes;
    if (isWorker) return;
    for (const note of notes)
      if (!before.includes(note)) runtime.logger.warn(`Changes on several replicas: ${note}`);
  }

  /** Tells the workers which upstreams the probes have removed; they are still in the lists. */
  #noteGone(event: Event): void {
    const { table, lists, service } = this.#options;
    if (event.type === 'upstream-removed' && event.cause === 'unhealthy') {
      const { name, pool } = event.upstream;
      const spec = lists.upstreams.find(
        (each) => each.name === name && (each.pool ?? DEFAULT_POOL) === pool.name,
      );
      if (spec) table.put(`gone ${keyOfSpec(spec)}`, {}, null);
    } else if (event.type === 'upstream-added') {
      const { registry } = service.pools.find(event.upstream.pool.name) ?? {};
      const upstream = registry?.all.find(({ identity }) => identity === event.upstream);
      if (upstream) table.end(`gone ${upstreamKey(upstream)}`);
    }
  }

  #find(key: string): Upstream | undefined {
    return this.#options.service.pools.all
      .flatMap(({ registry }) => registry.all)
      .find((upstream) => upstreamKey(upstream) === key);
  }
}

/** The lists with the objects that are there already, for what is said as before; the same lists if all is. */
function unlessSame(
  before: readonly UpstreamSpec[],
  wanted: readonly UpstreamSpec[],
): readonly UpstreamSpec[] {
  const known = new Map(before.map((spec) => [statementOf(spec), spec]));
  const merged = wanted.map((spec) => known.get(statementOf(spec)) ?? spec);
  const isSame = merged.length === before.length && merged.every((spec, index) => spec === before[index]);
  return isSame ? before : merged;
}
