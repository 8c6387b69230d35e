/** Reads the settings anew while the program runs. */

import type { ServerLists } from '../admin/server-lists.ts';
import { changesBetween, type SettingChanges, type Stated, withoutRestart } from '../config/changes.ts';
import type { PoolConfig } from '../config/config.ts';
import type { SettingsResult } from '../config/load.ts';
import { secretsOfConfig } from '../config/masked-settings.ts';
import { settingName } from '../config/sources/pool-names.ts';
import { LIST_NAMES } from '../config/table/settings.ts';
import type { Runtime } from '../runtime.ts';
import { nameOf } from './pools.ts';
import type { Service } from './service.ts';

/** What the settings have changed, or why they have changed nothing. */
export type ReloadResult =
  | SettingChanges
  | { readonly code: 'INVALID_SETTINGS' | 'SHUTTING_DOWN'; readonly problems: readonly string[] };

export interface ReloaderDependencies {
  /** Reads and checks all sources of settings; the lists as `persistServers` keeps them, if there is such a file. */
  readonly load: (persistServers: string | undefined) => SettingsResult;
  readonly service: Service;
  readonly lists: ServerLists;
  readonly runtime: Runtime;
  /** The process is about to end. */
  readonly isEnding: () => boolean;
  /** Keeps these texts out of the log. */
  readonly hide: (secrets: readonly string[]) => void;
  /** Lets settings take effect that are not the service's. Resolves when they do elsewhere, too, if that takes time. */
  readonly apply: (settings: Stated['config']) => Promise<void> | undefined;
  /** Called in the same step in which settings that were read anew come into force. */
  readonly onReloaded?: (by: ReloadedBy) => void;
}

/** Who wants the settings to be read: an operator here, or another process that has read them. */
export type ReloadedBy = 'operator' | 'others';

/** The line that says why a changed list in the settings changes nothing. */
export function persistedLine({ persistServers, upstreams }: Stated['config']): [object, string] {
  return [
    { file: persistServers, upstreams: upstreams.length },
    'The lists come from PERSIST_SERVERS, not from the settings',
  ];
}

/** Where operators' changes come from, as `GET /config` tells it. */
const ADMIN_PORT = 'admin port';

export class Reloader {
  readonly #dependencies: ReloaderDependencies;
  #applied: Promise<void> | undefined;

  constructor(dependencies: ReloaderDependencies) {
    this.#dependencies = dependencies;
  }

  /** After all earlier changes of the lists; all at once. Never rejects but by a defect. */
  async reload(by: ReloadedBy = 'operator'): Promise<ReloadResult> {
    const { lists, service } = this.#dependencies;
    const answer = await lists.reload(() => {
      const result = this.#reload(by);
      return { lists: 'problems' in result ? undefined : service.config, result };
    });
    await this.#applied;
    return answer;
  }

  #reload(by: ReloadedBy): ReloadResult {
    const { load, service, lists, runtime, isEnding, hide, apply, onReloaded } = this.#dependencies;
    const { announcer, logger } = runtime;
    if (isEnding()) return { code: 'SHUTTING_DOWN', problems: ['the process is about to end'] };
    const loaded = load(service.config.persistServers);
    if (!loaded.ok) {
      const { problems } = loaded;
      announcer.announce({ type: 'reload-refused', problems });
      return { code: 'INVALID_SETTINGS', problems };
    }
    // First, since what follows is logged.
    hide(secretsOfConfig(loaded.config));
    for (const warning of loaded.warnings) logger.warn(warning);
    const before = inForce(service, lists);
    const changes = changesBetween(before, loaded);
    const next = withoutRestart(before, loaded);
    const { config } = next;
    service.apply(next);
    // Before others get the settings: they know then that what operators have changed is void.
    onReloaded?.(by);
    const applied = apply(config);
    if (config.areListsPersisted) logger.info(...persistedLine(config));
    if (before.config.apiKeys && !config.apiKeys)
      logger.warn('API_KEYS is gone: requests need no key any more');
    const replaced = changes.changed.filter((name) => before.sources.get(name) === ADMIN_PORT);
    const announce = () => announcer.announce({ type: 'settings-reloaded', ...changes, replaced });
    if (applied) this.#applied = applied.then(announce);
    else announce();
    return changes;
  }
}

/** The settings with all that operators have changed since they were read. */
export function inForce(service: Service, lists: ServerLists): Stated {
  const { config, sources, pools } = service;
  const changed = new Map(sources);
  const current = config.pools.map((stated) => {
    const pool = pools.find(nameOf(stated));
    if (!pool) return stated;
    const note = (setting: string) => changed.set(settingName(setting, stated.name), ADMIN_PORT);
    const listed = lists.upstreams.filter((spec) => spec.pool === stated.name);
    if (!isEqualList(listed, stated.upstreams)) for (const list of LIST_NAMES) note(list);
    const strategy = pool.strategies.name;
    if (strategy !== stated.strategy) note('STRATEGY');
    const own: PoolConfig['own'] =
      strategy === stated.strategy || stated.name === undefined
        ? stated.own
        : new Set([...stated.own, 'strategy']);
    const upstreams = listed.filter(({ name }) => pool.registry.find(name) !== undefined);
    return { ...stated, own, strategy, upstreams };
  });
  const unnamed = current.find(({ name }) => name === undefined);
  const inUse = { ...config, pools: current, ...(unnamed && { strategy: unnamed.strategy }) };
  return { config: inUse, sources: changed };
}

function isEqualList<T>(one: readonly T[], other: readonly T[]): boolean {
  return one.length === other.length && one.every((each, index) => each === other[index]);
}
